/** The store of `once` in PostgreSQL: it answers as the one in memory, and an effect happens once for all processes. */
import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { background, withCancel, type Op } from 'millrace'
import { memoryOnce, once, settle, type OnceClaim, type OnceStore } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { fromPostgres, outbox, plan, postgresOnce } from 'millrace/postgres'
import { merge, take } from 'rxjs'
import { poolAt } from './harness.js'
import { PostgresServer } from './server.js'

const server = new PostgresServer()
let pool: pg.Pool
beforeAll(async () => {
  await server.start()
  pool = poolAt(server.port)
})
afterAll(async () => {
  await pool.end()
  await server.close()
})

it('names the cure where its table is missing', async () => {
  await expect(Promise.resolve(postgresOnce(pool).claim('a', 'me', { lease: 1, within: 1 }))).rejects.toMatchObject({
    name: 'PostgresSetupError',
    message: 'postgresOnce(pool): the schema millrace has not the tables of millrace: plan(pool, …).apply() creates them',
  })
  expect(await plan(pool, { once: true }).apply()).toEqual([{ kind: 'create', what: 'schema "millrace"', differences: [] }])
  expect(await plan(pool, { once: true }).apply()).toEqual([])
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
      const [there, here] = [postgresOnce(pool), memoryOnce()]
      await pool.query('truncate millrace.once')
      for (const one of steps) expect(await answer(there, one)).toEqual(await answer(here, one))
    }),
    { numRuns: 150 },
  )
})

it('an effect happens once where a message is stored several times, in several sources at the same time', async () => {
  await plan(pool, { queue: 'greetings' }).apply()
  const ids = Array.from({ length: 40 }, (_, n) => `id ${n % 10}`)
  for (const value of ids) await outbox(pool, { topic: 'greetings', value })
  const effects: string[] = []
  const greet = once<string>(postgresOnce(pool), { within: 60_000, id: ({ value }) => value }, (value) => void effects.push(value))
  const stop = withCancel(background)
  const worker = () => fromPostgres<string>(pool, { queue: 'greetings', prefetch: 4 }).pipe(workerPool(4, greet))
  await run(stop, merge(worker(), worker(), worker()).pipe(take(ids.length), settle())).join()
  expect(effects.sort()).toEqual([...new Set(ids)].sort())
})

it('two at the same moment: one has the claim', async () => {
  const stores = Array.from({ length: 8 }, () => postgresOnce(pool))
  const claims = stores.map((store, n) => store.claim('race', `owner ${n}`, { lease: 60_000, within: 60_000 }) as Op<OnceClaim>)
  const states = (await Promise.all(claims)).map(({ state }) => state)
  expect(states.sort()).toEqual([...Array.from({ length: 7 }, () => 'busy'), 'claimed'])
})
