/** Clients that `millrace/postgres` borrows go back to the pool of the user. */
import { expect, it } from 'vitest'
import { background, withCancel } from 'millrace'
import { settle } from 'millrace/broker'
import { run } from 'millrace/operators'
import { fromPostgres, type PostgresListener, type PostgresPool } from 'millrace/postgres'
import { postgresStub } from '../support/postgres-stub.js'
import { hostTurn } from '../support/settle.js'

it('a source that begins while the client of one that has ended is on its way keeps one client', async () => {
  const asked: ((client: PostgresListener) => void)[] = []
  let lent = 0
  const client = (): PostgresListener => {
    lent++
    return { query: () => Promise.resolve({ rows: [] }), on() {}, release: () => void lent-- }
  }
  const pool: PostgresPool = { ...postgresStub(), connect: () => new Promise((resolve) => asked.push(resolve)) }
  const begun = async () => {
    const ctx = withCancel(background)
    const running = run(ctx, fromPostgres(pool, { queue: 'in' }).pipe(settle()))
    const before = asked.length
    while (asked.length === before) await hostTurn()
    return async () => {
      ctx.cancel()
      await running.join().attempt()
    }
  }
  const endFirst = await begun()
  await endFirst()
  const endSecond = await begun()
  for (const give of asked) give(client())
  while (lent > 1) await hostTurn()
  await endSecond()
  expect([asked.length, lent]).toEqual([2, 0])
})
