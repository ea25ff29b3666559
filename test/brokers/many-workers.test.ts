/** Queues with so many workers that a source has two calls under way: each message is done once, also where many go back. */
import { background, withCancel } from 'millrace'
import { settle, type Delivery } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { fromPostgres, outbox, plan as planPostgres } from 'millrace/postgres'
import { fromRedis, plan as planRedis } from 'millrace/redis'
import type { Observable } from 'rxjs'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { poolAt } from './postgres/harness.js'
import { PostgresServer } from './postgres/server.js'
import { clientAt } from './redis/harness.js'
import { RedisServer } from './redis/server.js'

const N = 6000
const WINDOW = 100
const numbers = Array.from({ length: N }, (_, i) => i)
/** So long a lease that a message which is forgotten fails the test. */
const LONG = { lease: 600_000, poll: 200, window: WINDOW }

interface Queue {
  publish(values: readonly number[]): Promise<unknown>
  source(): Observable<Delivery<number>>
  close(): Promise<unknown>
}

async function redis(): Promise<Queue> {
  const server = new RedisServer()
  await server.start()
  const client = clientAt(server.port)
  await planRedis(client, { queue: 'in' }).apply()
  const published = async (values: readonly number[]) => {
    const many = client.pipeline()
    for (const n of values) many.xadd('in', '*', 'value', String(n))
    await many.exec()
  }
  const close = () => (client.disconnect(), server.close())
  return { publish: published, source: () => fromRedis<number>(client, { queue: 'in', ...LONG }), close }
}

async function postgres(): Promise<Queue> {
  const server = new PostgresServer()
  await server.start()
  const pool = poolAt(server.port)
  await planPostgres(pool, { queue: 'in' }).apply()
  const published = (values: readonly number[]) => Promise.all(values.map((value) => outbox(pool, { topic: 'in', value })))
  const close = async () => (await pool.end(), await server.close())
  return { publish: published, source: () => fromPostgres<number>(pool, { queue: 'in', ...LONG }), close }
}

it.each([
  ['Redis', redis],
  ['PostgreSQL', postgres],
] as const)('%s: two sources of 128 workers each', { timeout: 60_000 }, async (_, open) => {
  const queue = await open()
  const stop = withCancel(background)
  try {
    const done: number[] = []
    const bySource = [0, 0]
    let [held, most] = [0, 0]
    const work = (source: number) => async (delivery: Delivery<number>) => {
      most = Math.max(most, ++held)
      for (let n = delivery.value % 7; n > 0; n--) await turn() // some end during each call
      held--
      if (delivery.value % 5 === 0 && delivery.attempt === 1) throw new Error('at first')
      done.push(delivery.value)
      bySource[source]++
      if (done.length === N) setTimeout(() => stop.cancel(), 50) // time for a message that is done twice
      return delivery
    }
    const running = [0, 1].map((i) => run(stop, queue.source().pipe(workerPool(128, work(i)), settle({ attempts: 3, retry: 'later' }))))
    for (let i = 0; i < N; i += 500) await queue.publish(numbers.slice(i, i + 500))
    for (const each of running) await each.join().attempt()
    expect([...done].sort((a, b) => a - b)).toEqual(numbers)
    expect(most).toBeLessThanOrEqual(2 * WINDOW)
    expect(Math.min(...bySource)).toBeGreaterThan(0)
  } finally {
    stop.cancel()
    await queue.close()
  }
})
