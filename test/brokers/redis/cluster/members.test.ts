/** A cluster that serves the slots of the primaries that run while another is away. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { background, withCancel } from 'millrace'
import { byKey, drain, settle } from 'millrace/broker'
import { fromRedis, plan } from 'millrace/redis'
import { RedisCluster } from './cluster.js'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await RedisCluster.start(['--cluster-require-full-coverage', 'no'])
})
afterAll(() => cluster.close())

const PARTITIONS = 6

it('a log goes on at the primaries that run while the server of its members is away', async () => {
  const client = cluster.connect()
  const direct = cluster.connect()
  await plan(client, { log: 'log', partitions: PARTITIONS }).apply()
  const away = await cluster.primaryOf('log') // its members are in the slot of its name
  const streams = Array.from({ length: PARTITIONS }, (_, i) => `log:${i}`)
  const primaries = await Promise.all(streams.map((stream) => cluster.primaryOf(stream)))
  const others = streams.filter((_, i) => primaries[i] !== away)
  expect(others.length).toBeGreaterThan(0)

  const ctx = withCancel(background)
  const seen = new Set<number>()
  const log = fromRedis<number>(client, { log: 'log', partitions: PARTITIONS, lease: 3000 })
  const draining = drain(ctx, log.pipe(byKey((delivery) => delivery.key, 8, (n) => void seen.add(n)), settle())).join() // prettier-ignore
  const stored = async (to: readonly string[], n: number): Promise<void> => {
    for (const stream of to) await direct.xadd(stream, '*', 'value', String(n++), 'key', stream)
  }
  /** A later end of the lease of a partition than there was: the owner has beaten. */
  const ends = async (): Promise<number> => Number(await direct.hget(`{${others[0]}}:millrace:millrace:owner`, 'until'))
  const beaten = async (): Promise<void> => {
    const before = await ends()
    await expect.poll(ends, { timeout: 5000 }).toBeGreaterThan(before)
  }
  await stored(streams, 0)
  await expect.poll(() => seen.size, { timeout: 10_000 }).toBe(PARTITIONS)
  await cluster.kill(away)
  for (let round = 1; round < 4; round++) {
    await stored(others, 100 * round)
    await expect.poll(() => seen.size, { timeout: 5000 }).toBe(PARTITIONS + round * others.length)
    await beaten()
  }
  await cluster.heal()
  await stored(streams, 1000)
  await expect.poll(() => seen.size, { timeout: 10_000 }).toBe(2 * PARTITIONS + 3 * others.length)
  ctx.cancel()
  await draining
  client.disconnect()
  direct.disconnect()
})
