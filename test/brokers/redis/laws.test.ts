import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { background, numGoroutine } from 'millrace'
import { byKey, drain, settle } from 'millrace/broker'
import { laws } from 'millrace/testing'
import { time } from '../../../src/runtime/internal.js'
import { openRedis } from './harness.js'
import { RedisServer } from './server.js'

const server = new RedisServer()
beforeAll(() => server.start())
afterAll(() => server.close())

const except = { closing: 'the law waits for turns of goroutines, and the client ends by promises: the test below waits for these too' }

describe.each(['log', 'queue'] as const)('Redis, a %s', (use) => {
  const all = laws.broker(openRedis(server, use), { realTime: true, lease: 900, except })
  for (const law of all.filter(({ name }) => name.endsWith(use))) it(law.name, () => law.check())

  it.each(['drained', 'killed'] as const)('a worker that is %s leaves no goroutine and no timer behind', async (how) => {
    const broker = await openRedis(server, use)({ partitions: 2, lease: 900, window: 4 })
    for (let n = 0; n < 8; n++) await broker.publish('in', n, { key: `k${n % 2}` })
    const [goroutines, timers] = [numGoroutine(), time.timers.size]
    const link = await broker.connect()
    let isBegun = (): void => undefined
    const begun = new Promise<void>((resolve) => (isBegun = resolve))
    const work = (n: number): number => {
      isBegun()
      return n
    }
    const source = link.from<number>(use === 'log' ? { log: 'in' } : { queue: 'in' })
    const worker = drain(
      background,
      source.pipe(
        byKey((d) => d.key, 3, work),
        link.to({ topic: 'out' }),
        settle(),
      ),
    )
    await begun
    if (how === 'killed') await link.cut()
    worker.cancel()
    await worker.join().attempt()
    await expect.poll(numGoroutine, { timeout: 30_000 }).toBe(goroutines)
    await expect.poll(() => time.timers.size, { timeout: 30_000 }).toBe(timers)
    await broker.close?.()
  })
})
