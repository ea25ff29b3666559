import { go, type Op } from '../../runtime/index.js'
import { checkTime } from '../../runtime/internal.js'
import type { DoctorReport, DoctorSetting } from '../broker/index.js'
import { NOTHING_LOST, reportOf } from '../broker/internal.js'
import { checkClient, checkOptionsOf, Database, OLDEST, type PostgresClient, type Row } from './client.js'

/** Options of `doctor`. */
export interface DoctorOptions {
  /** ms that the server may be away; default 5000. */
  readonly patience?: number
}

/**
 * Looks at a server: its version, its features, and the losses by a kill or a power cut under its settings.
 * `warnings` of the report is empty where all is well. Changes nothing, and needs no tables.
 *
 * `fsync`, `full_page_writes` and `synchronous_commit` are those of the session: a role or a database may have its own. Fails with
 * PostgresAwayError and PostgresRefusedError; a server that is too old is a warning. Throws TypeError or RangeError for bad
 * arguments.
 *
 * @example
 * ```ts
 * go(function* () {
 *   const { version, warnings } = yield* doctor(pool)
 *   console.log(version, ...warnings)
 * })
 * ```
 */
export function doctor(pool: PostgresClient, options: DoctorOptions = {}): Op<DoctorReport> {
  checkClient('doctor(pool)', pool)
  checkOptionsOf('doctor(pool, options)', options, '{ patience? }', ['patience'])
  const { patience = 5000 } = options
  checkTime('doctor(pool, { patience })', patience)
  const db = new Database('doctor(pool)', pool, 'millrace', patience)
  return go(() => examined(db)).join()
}

const needs = `PostgreSQL ${OLDEST / 10_000}`

function* examined(db: Database): Generator<never, DoctorReport> {
  const { number, name: version } = yield* db.version()
  const row = yield* db.row(
    `select current_setting('fsync') as fsync, current_setting('full_page_writes') as full_page_writes,
       current_setting('synchronous_commit') as synchronous_commit, pg_is_in_recovery() as is_standby`,
  )
  const features = ['queues', 'logs', 'stores of once', 'inbox and outbox'].map((name) => ({ name, needs, isThere: number >= OLDEST }))
  const standby = row.is_standby === true ? ['this server is a standby, which stores nothing: connect to the primary'] : []
  return reportOf({ server: 'PostgreSQL', version, features, settings: settingsIn(row) }, standby)
}

function settingsIn(row: Row): readonly DoctorSetting[] {
  const of = (name: string, off: { readonly kill: string; readonly powerCut: string }): DoctorSetting => {
    const value = String(row[name])
    return { name, value, ...(value === 'off' ? off : { kill: NOTHING_LOST, powerCut: NOTHING_LOST }) }
  }
  const last = 'the commits of the last 0.6 s (three times wal_writer_delay)'
  return [
    of('fsync', { kill: NOTHING_LOST, powerCut: 'what the host had not written, and perhaps the whole database' }),
    of('full_page_writes', { kill: NOTHING_LOST, powerCut: 'pages that were half written, unless the disk writes them as a whole' }),
    of('synchronous_commit', { kill: last, powerCut: last }),
  ]
}
