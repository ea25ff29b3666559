/** The store of `once` in PostgreSQL. */
import { fromPostgres, outbox, plan, postgresOnce } from 'millrace/postgres'
import { expect, it } from 'vitest'
import { holdsForStores } from '../once-stores.js'
import { serverForTests } from './harness.js'

const { pool } = serverForTests()

it('names the cure where its table is missing', async () => {
  await expect(Promise.resolve(postgresOnce(pool).claim('a', 'me', { lease: 1, within: 1 }))).rejects.toMatchObject({
    name: 'PostgresSetupError',
    message: 'postgresOnce(pool): the schema millrace has not the tables of millrace: plan(pool, …).apply() creates them',
  })
  expect(await plan(pool, { once: true }).apply()).toEqual([{ kind: 'create', what: 'schema "millrace"', differences: [] }])
  expect(await plan(pool, { once: true }).apply()).toEqual([])
})

holdsForStores(async () => {
  await plan(pool, { once: true }).apply()
  await plan(pool, { queue: 'greetings' }).apply()
  return {
    store: () => postgresOnce(pool),
    clear: () => pool.query('truncate millrace.once'),
    async publish(values) {
      for (const value of values) await outbox(pool, { topic: 'greetings', value })
    },
    source: () => fromPostgres<string>(pool, { queue: 'greetings', prefetch: 4 }),
  }
})
