import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { background } from 'millrace'
import { byKey, drain, settle } from 'millrace/broker'
import { laws } from 'millrace/testing'
import { openKafka } from './harness.js'
import { KafkaServer } from './server.js'

const LEASE = 900
const server = new KafkaServer({ session: LEASE, slots: 8 })
beforeAll(() => server.start())
afterAll(() => server.close())

describe('Kafka, a log', () => {
  const open = openKafka(server)
  const all = laws.broker(open, { realTime: true, lease: LEASE })
  for (const law of all.filter(({ name }) => name.endsWith('log'))) it(law.name, () => law.check())

  it.each(['drained', 'killed'] as const)('a worker that is %s leaves no connection behind', async (how) => {
    const broker = await open({ partitions: 2, lease: LEASE, window: 4 })
    for (let n = 0; n < 8; n++) await broker.publish('in', n, { key: `k${n % 2}` })
    const link = await broker.connect()
    const connections = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    const sockets = connections()
    let isBegun = (): void => undefined
    const begun = new Promise<void>((resolve) => (isBegun = resolve))
    const work = (n: number): number => {
      isBegun()
      return n
    }
    const worker = drain(
      background,
      link.from<number>({ log: 'in' }).pipe(
        byKey((d) => d.key, 3, work),
        link.to({ topic: 'out' }),
        settle(),
      ),
    )
    await begun
    if (how === 'killed') await link.cut()
    worker.cancel()
    await worker.join().attempt()
    await link.cut() // the client of the link
    await expect.poll(connections, { timeout: 30_000 }).toBeLessThanOrEqual(sockets)
    await broker.close?.()
  })
})
