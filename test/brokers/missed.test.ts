/** Messages that the server has deleted before they were read, by age or size: the source says how many. */
import { connect } from '@nats-io/transport-node'
import { deleteRecordsV2 } from '@platformatic/kafka'
import { background, sleep, withCancel } from 'millrace'
import { lag, settle, through, type Delivery } from 'millrace/broker'
import { fromKafka, plan as planOfKafka, toKafka } from 'millrace/kafka'
import { doctor, fromNats, plan } from 'millrace/nats'
import { onUnpaced, run, workerPool } from 'millrace/operators'
import type { Observable } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import { outgoing, publishing } from '../../src/adapters/broker/outgoing.js'
import { Cluster } from '../../src/adapters/kafka/cluster.js'
import { clientAt } from './kafka/harness.js'
import { KafkaServer } from './kafka/server.js'
import { startServer } from './server.js'
import { warningsOf } from './warnings.js'

const opened: (() => unknown)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

async function natsWith(more: object) {
  const server = await startServer()
  opened.push(() => server.close())
  const nc = await connect({ port: server.port })
  opened.push(() => nc.close())
  const ask = (subject: string, body: object) => nc.request(`$JS.API.STREAM.${subject}`, JSON.stringify(body), { timeout: 10_000 })
  await ask('CREATE.in', { name: 'in', subjects: ['in', 'in.>'], max_msgs: 10, discard: 'old', ...more })
  return nc
}

describe.each(['queue', 'log'] as const)('a %s of NATS', (use) => {
  const shape = use === 'log' ? { log: 'in', partitions: 1 } : { queue: 'in' }
  const more = use === 'log' ? { subjects: ['in.*'], subject_transform: { src: 'in.*', dest: 'in.0.{{wildcard(1)}}' } } : {}

  it('says how many messages were deleted while no worker was there, once', async () => {
    const nc = await natsWith(more)
    await plan(nc, shape).apply()
    const publish = async (from: number, to: number) => {
      for (let n = from; n < to; n++) await nc.request('in.k', String(n), { timeout: 10_000 })
    }
    const source = () => fromNats(nc, { ...shape, key: () => null }) as Observable<never>
    await publish(0, 3)
    expect(await warningsOf(source(), 3)).toEqual({ read: [0, 1, 2], warnings: [] })
    await publish(3, 40)
    const { read, warnings } = await warningsOf(source(), 10)
    expect(read).toEqual([30, 31, 32, 33, 34, 35, 36, 37, 38, 39])
    const place = use === 'log' ? 'in/0' : 'in'
    expect(warnings).toEqual([
      `millrace: the server has deleted messages that were not read (27): of ${place}, of "from in". They are lost: raise the limits of age and size, or the number of workers.`,
    ])
    await publish(40, 42)
    expect(await warningsOf(source(), 2)).toEqual({ read: [40, 41], warnings: [] })
  })
})

describe('a log of NATS of several partitions', () => {
  const log = { log: 'in', partitions: 4 }
  const transform = { src: 'in.*', dest: 'in.{{partition(4,1)}}.{{wildcard(1)}}' }
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

  /** `publish`: with other keys after each, so that the partitions have shares. */
  async function opened(more: object = {}) {
    const nc = await natsWith({ subjects: ['in.*'], subject_transform: transform, ...more })
    await plan(nc, log).apply()
    const source = () => fromNats(nc, { ...log, key: () => null, beat: 100 }) as Observable<never>
    return {
      source,
      missed: async () => (await lag(source())).missed,
      publish: async (from: number, to: number) => {
        for (let n = from; n < to; n++) await nc.request(`in.${keys[n % keys.length]}`, String(n), { timeout: 10_000 })
      },
      /** Reads until nothing is left, and for some beats more. Returns what was read, in order of the numbers, and the warnings. */
      read: async () => {
        using stop = withCancel(background)
        const warnings: string[] = []
        const off = onUnpaced(({ message }) => void warnings.push(message))
        const read: unknown[] = []
        const running = run(
          stop,
          source().pipe(
            workerPool(
              4,
              through((n) => void read.push(n)),
            ),
            settle(),
          ),
        )
        await expect.poll(async () => (({ waiting, underWay }) => waiting + underWay)(await lag(source())), { timeout: 10_000 }).toBe(0)
        await sleep(400)
        stop.cancel()
        await running.join().attempt()
        off()
        return { read: read.sort((a, b) => Number(a) - Number(b)), warnings }
      },
    }
  }
  const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
  const lost = (n: number) =>
    `millrace: the server has deleted messages that were not read (${n}): of in, of "from in". They are lost: raise the limits of age and size, or the number of workers.`

  it('says how many messages of all partitions were deleted while no worker was there, once', async () => {
    const { publish, read, missed } = await opened()
    await publish(0, 8)
    expect(await read()).toEqual({ read: numbers(0, 8), warnings: [] })
    expect(await missed()).toBe(0)
    await publish(8, 50)
    expect(await missed()).toBe(32)
    expect(await read()).toEqual({ read: numbers(40, 50), warnings: [lost(32)] })
    expect(await missed()).toBe(0)
    await publish(50, 55)
    expect(await read()).toEqual({ read: numbers(50, 55), warnings: [] })
    await publish(55, 70)
    expect(await read()).toEqual({ read: numbers(60, 70), warnings: [lost(5)] })
  })

  it('says how many were deleted before the first worker came', async () => {
    const { publish, read } = await opened()
    await publish(0, 25)
    expect(await read()).toEqual({ read: numbers(15, 25), warnings: [lost(15)] })
  })

  it('says nothing of messages that were read, by workers that come, are given up in mid-run and read some again', async () => {
    const { publish, source, read, missed } = await opened({ max_msgs: 1000 })
    const warnings: string[] = []
    const off = onUnpaced(({ message }) => void warnings.push(message))
    const seen = new Set<unknown>()
    for (let round = 0; round < 4; round++) {
      await publish(50 * round, 50 * round + 50)
      const stops = [withCancel(background), withCancel(background)]
      const working = workerPool(4, async (delivery: Delivery<unknown>) => {
        seen.add(delivery.value)
        await sleep(Number(delivery.value) % 4)
        return delivery
      })
      const runs = stops.map((stop) => run(stop, source().pipe(working, settle())))
      await expect.poll(() => seen.size, { timeout: 20_000 }).toBeGreaterThan(50 * round + 25)
      for (const stop of stops) stop.cancel() // what is under way comes again
      for (const running of runs) await running.join().attempt()
    }
    off()
    expect(warnings).toEqual([])
    expect((await read()).warnings).toEqual([])
    expect(seen.size).toBeGreaterThan(150)
    expect(await missed()).toBe(0)
  })

  it('is told by one of two workers', async () => {
    const { publish, read, source } = await opened()
    await publish(0, 30)
    const stop = withCancel(background)
    const other = run(stop, source().pipe(settle()))
    const { warnings } = await read()
    stop.cancel()
    await other.join().attempt()
    expect(warnings).toEqual([lost(20)])
  })
})

it('a new consumer of NATS begins with the first message that there is, and misses none', async () => {
  const nc = await natsWith({})
  for (let n = 0; n < 20; n++) await nc.request('in', String(n), { timeout: 10_000 })
  await plan(nc, { queue: 'in' }).apply()
  expect(await warningsOf(fromNats(nc, { queue: 'in' }) as Observable<never>, 10)).toMatchObject({ warnings: [] })
})

it('doctor of NATS warns of a stream that deletes messages', async () => {
  const nc = await natsWith({ max_age: 3600e9 })
  const { warnings } = await doctor(nc)
  expect(warnings).toContain('stream "in" deletes messages, read or not: older than 3600 s, beyond 10 messages')
})

it('a log of Kafka says how many messages were deleted while no worker was there', async () => {
  const server = new KafkaServer({ session: 2000 })
  opened.push(() => server.close())
  await server.start()
  const client = clientAt(server.address)
  opened.push(() => client.close())
  await planOfKafka(client, { log: 'in' }).apply()
  const to = toKafka(client, { topic: 'in' })
  const publish = async (from: number, end: number) => {
    for (let n = from; n < end; n++) await publishing(background, outgoing(n), to).join()
  }
  const source = (group: string) => fromKafka(client, { log: 'in', group }) as Observable<never>
  await publish(0, 3)
  expect(await warningsOf(source('old'), 3)).toEqual({ read: [0, 1, 2], warnings: [] })
  await publish(3, 12)
  const cluster = new Cluster('test', client, 10_000)
  const partitions = [{ partitionIndex: 0, offset: 10n }]
  await deleteRecordsV2.api.async(await cluster.connection(), [{ name: 'in', partitions }], 10_000)
  const { read, warnings } = await warningsOf(source('old'), 2)
  expect(read).toEqual([10, 11])
  expect(warnings).toEqual([expect.stringContaining('messages that were not read (7): of in/0, of "from in"') as string])
  expect(await warningsOf(source('new'), 2)).toEqual({ read: [10, 11], warnings: [] })
})
