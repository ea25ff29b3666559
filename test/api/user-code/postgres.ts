/** The places of `millrace/postgres` that call code of users: functions, and the client that they give. */
import { settle } from 'millrace/broker'
import {
  doctor,
  fromPostgres,
  inbox,
  outbox,
  plan,
  postgresDeadLetters,
  postgresOnce,
  toPostgres,
  type PostgresPool,
  type ToPostgres,
} from 'millrace/postgres'
import { run } from 'millrace/operators'
import { take } from 'rxjs'
import { postgresStub } from '../../support/postgres-stub.js'
import { letter, twoThrough } from '../../support/two-messages.js'
import { junk, type Rows } from './kinds.js'
import { soon } from './soon.js'

const passed = async (operator: Parameters<typeof twoThrough>[0]): Promise<unknown> => {
  using ctx = soon()
  return await run(ctx, twoThrough(operator)).join()
}
const to = (options: Partial<ToPostgres<number>>) => passed(toPostgres(postgresStub(), { topic: 'out', ...options }))
const asking = (query: unknown): PostgresPool => ({ ...postgresStub(), query: junk(query) })

const from = async (pool: PostgresPool): Promise<unknown> => {
  using ctx = soon()
  return await run(ctx, fromPostgres(pool, { queue: 'in' }).pipe(take(2), settle({ attempts: 1 }))).join()
}

export const postgres: Rows = {
  'doctor(pool): query': async (f) => await doctor(asking(f), { patience: 50 }),
  'fromPostgres(pool): connect': (f) => from({ ...postgresStub(2), connect: junk(f) }),
  'fromPostgres(pool): query': (f) => from(asking(f)),
  'inbox(client): query': async (f) => await inbox(asking(f), 'id'),
  'outbox(client): query': async (f) => await outbox(asking(f), { topic: 'out', value: 1 }),
  'plan(pool): query': async (f) => await plan(asking(f), { queue: 'in' }).check(),
  'postgresDeadLetters(pool): query': async (f) => await postgresDeadLetters(asking(f), { topic: 'dead' })(letter),
  'postgresOnce(pool): query': async (f) => await postgresOnce(asking(f)).claim('id', 'me', { lease: 1, within: 1 }),
  'toPostgres({ id })': (f) => to({ id: junk(f) }),
  'toPostgres({ key })': (f) => to({ key: junk(f) }),
  'toPostgres({ value })': (f) => to({ value: junk(f) }),
  'toPostgres(pool): query': (f) => passed(toPostgres(asking(f), { topic: 'out' })),
}
