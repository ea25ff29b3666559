/** The store of `once` in Redis: it answers as the one in memory, and an effect happens once for all processes. */
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { background, withCancel, type Op } from 'millrace'
import { memoryOnce, once, settle, type OnceClaim, type OnceStore } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { fromRedis, plan, redisOnce, toRedis } from 'millrace/redis'
import { merge, take } from 'rxjs'
import { outgoing, publishing } from '../../../src/adapters/broker/outgoing.js'
import { clientAt } from './harness.js'
import { RedisServer } from './server.js'

const server = new RedisServer()
let client: Redis
beforeAll(async () => {
  await server.start()
  client = clientAt(server.port)
})
afterAll(async () => {
  client.disconnect()
  await server.close()
})

/** Over at once, or not in this test. */
const ms = fc.constantFrom(0, 3_600_000, Infinity)
const id = fc.constantFrom('a', 'b')
const owner = fc.constantFrom('me', 'you')
const step = fc.oneof(
  fc.record({ call: fc.constant('claim' as const), id, owner, lease: ms, within: ms }),
  fc.record({ call: fc.constant('finish' as const), id, owner, within: ms }),
  fc.record({ call: fc.constant('release' as const), id, owner }),
)

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** The answer to a step; the time to wait depends on clocks. */
async function answer(store: OnceStore, one: Step): Promise<unknown> {
  if (one.call === 'finish') return void (await store.finish(one.id, one.owner, one.within))
  if (one.call === 'release') return void (await store.release(one.id, one.owner))
  const { id, owner, lease, within } = one
  const claim = (await store.claim(id, owner, { lease, within })) as OnceClaim
  return claim.state === 'busy' ? [claim.state, claim.wait > 0] : claim
}

it('answers as the store in memory, whatever is claimed, finished and released', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps: readonly Step[]) => {
      const [there, here] = [redisOnce(client), memoryOnce()]
      await client.del('millrace:once:a', 'millrace:once:b')
      for (const one of steps) expect(await answer(there, one)).toEqual(await answer(here, one))
    }),
    { numRuns: 150 },
  )
})

it('an effect happens once where a message is stored several times, in several sources at the same time', async () => {
  await plan(client, { queue: 'greetings' }).apply()
  const ids = Array.from({ length: 40 }, (_, n) => `id ${n % 10}`)
  const to = toRedis(client, { stream: 'greetings' })
  for (const value of ids) await publishing(background, outgoing(value), to).join()
  const effects: string[] = []
  const greet = once<string>(redisOnce(client), { within: 60_000, id: ({ value }) => value }, (value) => void effects.push(value))
  const stop = withCancel(background)
  const worker = () => fromRedis<string>(client, { queue: 'greetings', prefetch: 4 }).pipe(workerPool(4, greet))
  await run(stop, merge(worker(), worker(), worker()).pipe(take(ids.length), settle())).join()
  expect(effects.sort()).toEqual([...new Set(ids)].sort())
})

it('two at the same moment: one has the claim', async () => {
  const stores = Array.from({ length: 8 }, () => redisOnce(client))
  const claims = stores.map((store, n) => store.claim('race', `owner ${n}`, { lease: 60_000, within: 60_000 }) as Op<OnceClaim>)
  const states = (await Promise.all(claims)).map(({ state }) => state)
  expect(states.sort()).toEqual([...Array.from({ length: 7 }, () => 'busy'), 'claimed'])
})

it('an id expires', async () => {
  const store = redisOnce(client, { prefix: 'mine:' })
  await store.finish('a', 'me', 60_000)
  expect(await client.pttl('mine:a')).toBeGreaterThan(50_000)
  await store.finish('a', 'me', 0)
  expect(await client.exists('mine:a')).toBe(0)
})
