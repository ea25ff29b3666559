import { go, type Op } from '../../runtime/index.js'
import { checkTime } from '../../runtime/internal.js'
import type { OnceClaim, OnceStore } from '../broker/index.js'
import { checkOptionsOf, checkPool, checkSchema, Database, type PostgresOptions, type PostgresPool } from './client.js'
import { checkReady } from './schema.js'

/**
 * A store of `once` in PostgreSQL: the workers of all processes share it. `plan(pool, { once: true }).apply()` creates its table.
 *
 * The effect itself is elsewhere: a process that is killed between the effect and the end of `once` leaves an id that is unsure.
 * An effect in the same database is exact with `inbox`, in its transaction. Calls wait for a server that is away, for
 * `patience` ms. They fail with PostgresSetupError where the table is missing, PostgresAwayError and PostgresRefusedError. Throws
 * TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const greet = once<User>(postgresOnce(pool), { within: 86_400_000 }, ({ name }) => visit(name))
 * const settled = fromPostgres<User>(pool, { queue: 'users' }).pipe(workerPool(8, greet), settle())
 * ```
 */
export function postgresOnce(pool: PostgresPool, options: PostgresOptions = {}): OnceStore {
  checkPool('postgresOnce(pool)', pool)
  checkOptionsOf('postgresOnce(pool, options)', options, '{ schema?, patience? }', ['schema', 'patience'])
  const { schema = 'millrace', patience = 30_000 } = options
  checkSchema('postgresOnce(pool, { schema })', schema)
  checkTime('postgresOnce(pool, { patience })', patience)
  const db = new Database('postgresOnce(pool)', pool, schema, patience)
  const stated = (text: string, values: unknown[]): Op<void> =>
    go(function* stated() {
      yield* db.query(text, values)
    }).join()
  return {
    claim: (id, owner, { lease, within }): Op<OnceClaim> =>
      go(function* claimed() {
        yield* checkReady(db)
        const row = yield* db.row('select state, is_unsure, wait from $.once_claim($1, $2, $3, $4)', [id, owner, lease, within])
        return claimOf(row)
      }).join(),
    finish: (id, _owner, within) =>
      stated(
        `insert into $.once values ($1, null, clock_timestamp(), clock_timestamp() + least($2::float8, 1e14) * interval '1 ms')
         on conflict (id) do update set owner = null, lease_until = excluded.lease_until, until = excluded.until`,
        [id, within],
      ),
    release: (id, owner) => stated('delete from $.once where id = $1 and owner = $2', [id, owner]),
  }
}

function claimOf({ state, is_unsure: isUnsure, wait }: Readonly<Record<string, unknown>>): OnceClaim {
  if (state === 'busy') return { state, wait: Number(wait) }
  if (state === 'done') return { state }
  return { state: 'claimed', isUnsure: isUnsure === true }
}
