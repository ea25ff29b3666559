/**
 * The version of the tables and functions, which the comment on the table `topic` says. Tables without a comment are of version 1, from
 * before versions were said.
 */
import type { Database } from './client.js'
import { PostgresSetupError } from './errors.js'

/** The version that `tablesIn` makes. */
export const VERSION = 4

/** The version of the schema; 0 where it is not there. */
export function* versionIn(db: Database): Generator<never, number> {
  const { is_there: isThere, said } = yield* db.row(
    `select to_regclass($1) is not null as is_there, obj_description(to_regclass($1), 'pg_class') as said`,
    [`"${db.channel}".topic`],
  )
  return isThere === true ? versionOf(said) : 0
}

function versionOf(said: unknown): number {
  return Number(/^millrace (\d+)$/.exec(String(said))?.[1] ?? 1)
}

/** Throws where the server is too old, or the schema is missing, or of another version. Asks once. */
export function* checkReady(db: Database): Generator<never, void> {
  if (db.hasSchema) return
  yield* db.check()
  const version = yield* versionIn(db)
  if (version !== VERSION) throw new PostgresSetupError(db.where, problemOf(db.channel, version))
  db.hasSchema = true
}

export function problemOf(schema: string, version: number): string {
  if (version === 0) return `the schema ${schema} has not the tables of millrace: plan(pool, …).apply() creates them`
  const both = `the schema ${schema} is of version ${version}, and this millrace needs version ${VERSION}`
  return version < VERSION ? `${both}: plan(pool, …).apply() brings it up to date` : `${both}: update millrace`
}
