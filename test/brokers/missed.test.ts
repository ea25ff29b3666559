/** Messages that the server has deleted before they were read, by age or size: the source says how many. */
import { connect } from '@nats-io/transport-node'
import { deleteRecordsV2 } from '@platformatic/kafka'
import { background } from 'millrace'
import { settle, through } from 'millrace/broker'
import { fromKafka, plan as planOfKafka, toKafka } from 'millrace/kafka'
import { doctor, fromNats, plan } from 'millrace/nats'
import { onUnpaced, run, workerPool } from 'millrace/operators'
import { take, type Observable } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import { outgoing, publishing } from '../../src/adapters/broker/outgoing.js'
import { Cluster } from '../../src/adapters/kafka/cluster.js'
import { clientAt } from './kafka/harness.js'
import { KafkaServer } from './kafka/server.js'
import { startServer } from './server.js'

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

/** The warnings of a source, of which some messages are read. */
async function warningsOf(source: Observable<never>, count: number): Promise<{ read: readonly unknown[]; warnings: readonly string[] }> {
  const warnings: string[] = []
  const off = onUnpaced(({ message }) => void warnings.push(message))
  const read: unknown[] = []
  try {
    const taken = source.pipe(take(count), workerPool(1, through((n) => void read.push(n))), settle()) // prettier-ignore
    await run(background, taken).join()
  } finally {
    off()
  }
  return { read, warnings }
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
