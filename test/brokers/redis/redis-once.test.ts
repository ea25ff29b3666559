/** The store of `once` in Redis. */
import { background } from 'millrace'
import { fromRedis, plan, redisOnce, toRedis } from 'millrace/redis'
import { expect, it } from 'vitest'
import { outgoing, publishing } from '../../../src/adapters/broker/outgoing.js'
import { holdsForStores } from '../once-stores.js'
import { serverForTests } from './harness.js'

const { client } = serverForTests()

holdsForStores(async () => {
  await plan(client, { queue: 'greetings' }).apply()
  const to = toRedis(client, { stream: 'greetings' })
  return {
    store: () => redisOnce(client),
    clear: () => client.flushdb(),
    async publish(values) {
      for (const value of values) await publishing(background, outgoing(value), to).join()
    },
    source: () => fromRedis<string>(client, { queue: 'greetings', prefetch: 4 }),
  }
})

it('an id expires', async () => {
  const store = redisOnce(client, { prefix: 'mine:' })
  await store.finish('a', 'me', 60_000)
  expect(await client.pttl('mine:a')).toBeGreaterThan(50_000)
  await store.finish('a', 'me', 0)
  expect(await client.exists('mine:a')).toBe(0)
})
