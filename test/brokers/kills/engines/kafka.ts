import { setTimeout as pause } from 'node:timers/promises'
import { listOffsetsV9, offsetFetchV9, type Broker, type Connection, type Producer } from '@platformatic/kafka'
import { background } from 'millrace'
import { plan, toKafka } from 'millrace/kafka'
import { fromIterable, run } from 'millrace/operators'
import { outgoing } from '../../../../src/adapters/broker/outgoing.js'
import { clientAt, storedIn } from '../../kafka/harness.js'
import { KafkaServer } from '../../kafka/server.js'
import type { ServerPlace } from '../../server-process.js'
import type { KillBroker, KillEngine, KillSizes } from '../engine.js'

const GROUP = 'millrace'
/** The epoch of a process that is no member of the group. */
const OUTSIDE = -1

class KafkaBroker implements KillBroker {
  private readonly _to

  constructor(
    private readonly _server: KafkaServer,
    private readonly _client: Producer,
    private readonly _partitions: number,
  ) {
    this._to = toKafka<number>(_client, { topic: 'in' })
  }

  get host(): string {
    return this._server.host
  }
  get port(): number {
    return this._server.port
  }
  kill(): Promise<void> {
    return this._server.kill()
  }
  start(): Promise<void> {
    return this._server.start()
  }
  async publish(first: number, end: number, keys: number): Promise<void> {
    const messages = Array.from({ length: end - first }, (_, i) => outgoing(first + i, { key: String((first + i) % keys) }))
    await run(background, fromIterable(messages).pipe(this._to)).join()
  }
  private _connection(): Promise<Connection> {
    const { host, port } = this._server
    return this._client.connections.get({ host, port } satisfies Broker)
  }
  /** The offsets after the last messages. */
  private async _ends(topic: string, partitions: number): Promise<readonly number[]> {
    const all = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp: -1n }))
    const { topics } = await listOffsetsV9.api.async(await this._connection(), -1, 0, [{ name: topic, partitions: all }])
    return [...topics[0].partitions].sort((a, b) => a.partitionIndex - b.partitionIndex).map(({ offset }) => Number(offset))
  }
  async count(): Promise<number> {
    return (await this._ends('out', 1))[0]
  }
  async left(): Promise<number> {
    const ends = await this._ends('in', this._partitions)
    const topics = [{ name: 'in', partitionIndexes: [...ends.keys()] }]
    const asked = { groupId: GROUP, memberId: null, memberEpoch: OUTSIDE, topics }
    const { groups } = await offsetFetchV9.api.async(await this._connection(), [asked], true)
    const { partitions } = groups[0].topics[0]
    return partitions.reduce((left, { partitionIndex: i, committedOffset: at }) => left + ends[i] - Math.max(0, Number(at)), 0) // -1: none yet
  }
  async values(): Promise<readonly number[]> {
    return (await storedIn(this._client, 'out')).map(({ value }) => value as number) // as the workers publish them
  }
  async stores(): Promise<boolean> {
    const probe = toKafka<number>(this._client, { topic: 'out', patience: 1000 })
    const stored = await run(background, fromIterable([outgoing(-1)]).pipe(probe))
      .join()
      .attempt()
    return stored._tag === 'Right'
  }
  async close(): Promise<void> {
    try {
      const late = pause(5000, 'late', { ref: false })
      if ((await Promise.race([this._client.close(), late])) === 'late') throw new Error('the client of the test did not close within 5 s')
    } finally {
      await this._server.close()
    }
  }
}

async function open({ partitions, lease }: KillSizes, place: ServerPlace): Promise<KillBroker> {
  const server = new KafkaServer({
    ...place,
    session: lease,
    beat: Math.min(300, lease / 5),
    config: ['group.consumer.assignment.interval.ms=100'],
  })
  await server.start()
  const client = clientAt(server.address)
  await plan(client, { log: 'in', partitions }).apply()
  await plan(client, { log: 'out' }).apply()
  return new KafkaBroker(server, client, partitions)
}

/** A log alone, without ids; the server knows a publish that is sent again by its number. */
export const kafka: KillEngine = { name: 'Kafka', id: 'kafka', uses: ['log'], hasIds: false, unconfirmed: 0, points: 1, disk: 96, open }
