/**
 * A member that the group has gone on without, and that hears of it by a commit while a beat is on its way. The coordinator stands in for
 * that of a server.
 */
import { ConnectionPool, Reader, ResponseError, type Connection, type Writer } from '@platformatic/kafka'
import { go } from 'millrace'
import { bubble } from 'millrace/testing'
import { afterEach, expect, it } from 'vitest'
import { Cluster } from '../../../src/adapters/kafka/cluster.js'
import { LostError } from '../../../src/adapters/kafka/commits.js'
import { Membership } from '../../../src/adapters/kafka/membership.js'
import { time } from '../../../src/runtime/internal.js'
import { kafkaStub } from '../../support/kafka-stub.js'

const METADATA = 3
const COMMIT = 8
const COORDINATOR = 10
const VERSIONS = 18
const BEAT = 68
const NOT_COORDINATOR = 16
const UNKNOWN_MEMBER = 25
const INVALID_REQUEST = 42

const TOPIC = '00000000-0000-0000-0000-000000000001'

interface Beat {
  readonly epoch: number
  readonly partitions: readonly number[]
}

/** The coordinator of a group of one partition. As a server, it refuses a member that joins and says that it has partitions. */
class Coordinator extends ConnectionPool {
  readonly beats: Beat[] = []
  /** Errors for the next commits. */
  readonly refusals: number[] = []
  /** Looks for the coordinator that have no answer yet. */
  readonly held: (() => void)[] = []
  holdsLooks = false
  /** Its connections do not close. */
  isStuck = false
  private _epoch = 0

  constructor() {
    super('coordinator')
  }

  override get(): void
  override get(): Promise<Connection>
  override get(): Promise<Connection> {
    const send = (request: number, version: number, payload: () => Writer, ...rest: unknown[]): void => {
      const answered = rest.at(-1) as (error: Error | null, answer?: object) => void // of the client
      const { code, answer } = this._answerTo(request, payload)
      const answering = (): void => answered(code === 0 ? null : new ResponseError(request, version, { '/': [code, null] }, answer), answer)
      if (request === COORDINATOR && this.holdsLooks) this.held.push(answering)
      else queueMicrotask(answering)
    }
    return Promise.resolve({ send } as unknown as Connection) // the part that requests use
  }

  override close(): void
  override close(): Promise<void>
  override close(): Promise<void> {
    return this.isStuck ? new Promise(() => undefined) : Promise.resolve()
  }

  private _answerTo(request: number, payload: () => Writer): { readonly code: number; readonly answer: object } {
    if (request === BEAT) return this._beaten(beatIn(Reader.from(payload().buffer)))
    if (request === COMMIT) return { code: this.refusals.shift() ?? 0, answer: { topics: [] } }
    const place = { nodeId: 1, host: 'stub', port: 1 }
    const apiKeys = ['ConsumerGroupHeartbeat', 'Fetch', 'OffsetCommit', 'OffsetFetch', 'Produce'].map((name) => ({ name, maxVersion: 99 }))
    const partitions = [{ partitionIndex: 0, leaderId: 1, errorCode: 0 }]
    const answers: Readonly<Record<number, object>> = {
      [METADATA]: { brokers: [place], topics: [{ name: 'topic', topicId: TOPIC, partitions }] },
      [COORDINATOR]: { coordinators: [place] },
      [VERSIONS]: { apiKeys },
    }
    return { code: 0, answer: answers[request] }
  }

  private _beaten(beat: Beat): { readonly code: number; readonly answer: object } {
    this.beats.push(beat)
    if (beat.epoch === 0 && beat.partitions.length > 0) return { code: INVALID_REQUEST, answer: {} }
    const joins = beat.epoch === 0
    if (joins) this._epoch++
    const assignment = joins ? { topicPartitions: [{ topicId: TOPIC, partitions: [0] }] } : null
    return { code: 0, answer: { memberEpoch: this._epoch, heartbeatIntervalMs: 20, assignment } }
  }
}

function beatIn(request: Reader): Beat {
  for (const _of of ['group', 'member']) request.readString()
  const epoch = request.readInt32()
  for (const _of of ['instance', 'rack']) request.readNullableString()
  request.readInt32()
  request.readArray((names) => names.readString(), true, false)
  for (const _of of ['regex', 'assignor']) request.readNullableString()
  const partitions = request.readArray((topics) => {
    topics.readUUID()
    return topics.readArray((numbers) => numbers.readInt32(), true, false)
  })
  return { epoch, partitions: partitions.flat() }
}

class StoodIn extends Cluster {
  constructor(private readonly _coordinator: Coordinator) {
    super('test', kafkaStub(), 5000, _coordinator)
  }
  override apart() {
    return { cluster: this, pool: this._coordinator }
  }
}

const opened: Membership[] = []
afterEach(async () => {
  for (const member of opened.splice(0)) await go(() => member.remove(0)).join()
})

it('joins anew without partitions, where a commit finds that its era is over while a beat looks for the coordinator', async () => {
  const coordinator = new Coordinator()
  const cluster = new StoodIn(coordinator)
  const member = new Membership({ cluster, topic: 'topic', partitions: 1, group: 'group', handOver: 1000, wait: 20, bytes: 1000 })
  opened.push(member)
  const failures: unknown[] = []
  member.add({ partition: 0, changed: () => undefined, fail: (cause) => void failures.push(cause) })
  await go(() => member.prepare()).join()
  await expect.poll(() => member.isAssigned(0)).toBe(true)
  member.hold(0)

  coordinator.holdsLooks = true
  coordinator.refusals.push(NOT_COORDINATOR, UNKNOWN_MEMBER) // the commit looks for another coordinator, which does not know the member
  const commit = Promise.resolve(member.commits.publish({ partition: 0, offset: 1, text: '', era: member.era }))
  const lost = expect(commit).rejects.toBeInstanceOf(LostError)
  await expect.poll(() => coordinator.held.length).toBe(2) // first the beat, and after a pause the commit
  const before = coordinator.beats.length
  coordinator.holdsLooks = false
  const [beat, another] = coordinator.held
  another()
  await lost
  expect(member.era).toBe(1)
  beat()

  await expect.poll(() => member.isAssigned(0)).toBe(true)
  expect(coordinator.beats[before]).toEqual({ epoch: 0, partitions: [] })
  expect(member.holds(0, member.era)).toBe(false)
  expect(failures).toEqual([])
})

it('leaves where the connections of the client do not close', async () => {
  const took = await bubble(async () => {
    const coordinator = new Coordinator()
    coordinator.isStuck = true
    const cluster = new StoodIn(coordinator)
    const member = new Membership({ cluster, topic: 'topic', partitions: 1, group: 'group', handOver: 1000, wait: 20, bytes: 1000 })
    member.add({ partition: 0, changed: () => undefined, fail: () => undefined })
    await go(() => member.prepare()).join()
    const began = time.timers.now()
    await go(() => member.remove(0)).join()
    return time.timers.now() - began
  })
  expect(took).toBeLessThan(10_000)
})
