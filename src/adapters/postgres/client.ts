/**
 * The way to PostgreSQL: the queries of the adapter over a pool or a client of the user, which `pg` has and others copy.
 *
 * A query is repeated while the server is away, for `patience` ms at most: each query of the adapter may be repeated, since it names
 * the ownership or the holder that it goes by, or carries a message id. A publish without an id may then be stored twice.
 */
import { fromPromise, sleep } from '../../runtime/index.js'
import { checkMethod, checkRecord, mistyped, time } from '../../runtime/internal.js'
import { isUnreached, textIn } from '../broker/internal.js'
import { PostgresAwayError, PostgresRefusedError, PostgresSetupError, PostgresVersionError, reasonOf } from './errors.js'

/** A client of PostgreSQL in a transaction or outside: `Client`, `PoolClient` and `Pool` of `pg` are. */
export interface PostgresClient {
  /** The rows of a statement, in which `$1`, `$2` … stand for the values. */
  query(text: string, values?: unknown[]): PromiseLike<{ readonly rows: unknown[] }>
}

/** A pool of clients: `Pool` of `pg` is. */
export interface PostgresPool extends PostgresClient {
  /** Lends a client, which is released after use. */
  connect(): PromiseLike<PostgresListener>
}

/** A client that a pool has lent. */
export interface PostgresListener extends PostgresClient {
  /** Adds a listener to the notifications of a channel. */
  on(event: 'notification', listener: (message: { readonly channel: string; readonly payload?: string | undefined }) => void): unknown
  /** Adds a listener to errors of the connection. */
  on(event: 'error', listener: (error: Error) => void): unknown
  /** Gives the client back to the pool; with true the connection is closed. */
  release(destroy?: boolean): void
}

/** Options of everything that speaks to PostgreSQL. */
export interface PostgresOptions {
  /** The schema of the tables; default `millrace`. */
  readonly schema?: string
  /** ms that the server may be away; default 30,000. */
  readonly patience?: number
}

export function checkPool(where: string, pool: unknown): void {
  checkClient(where, pool)
  checkMethod(where, 'a pool with query and connect', pool, 'connect')
}

export function checkClient(where: string, client: unknown): void {
  if (typeof client !== 'object' || client === null) throw mistyped(where, 'a client with query', client)
  checkMethod(where, 'a client with query', client, 'query')
}

export function checkOptionsOf(where: string, options: unknown, expected: string, names: readonly string[]): void {
  checkRecord(where, expected, options, names)
}

/** Names of schemas are written into statements. */
export function checkSchema(where: string, schema: unknown): void {
  if (typeof schema !== 'string' || !/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw mistyped(where, 'a name of small letters, digits and underscores', schema)
}

/** The oldest server that the statements run on, as `server_version_num` has it. */
export const OLDEST = 120_000

/** ms between two attempts. */
const PAUSE = 100

export type Row = Readonly<Record<string, unknown>>

export class Database {
  private _isChecked = false
  /** The schema was looked at, and is of this version: see `checkReady`. */
  hasSchema = false

  constructor(
    /** The function of the user, for errors. */
    readonly where: string,
    private readonly _client: PostgresClient,
    /** The name of the schema, and of the channel of its notifications. */
    readonly channel: string,
    private readonly _patience: number,
  ) {}

  /** The rows of a statement in which `$.` stands for the schema. */
  *query(text: string, values: unknown[] = []): Generator<never, readonly Row[]> {
    const statement = text.replaceAll('$.', `"${this.channel}".`)
    for (const since = time.timers.now(); ;) {
      const result = yield* fromPromise(this._ask(statement, values)).attempt()
      if (result._tag === 'Right') return result.right
      const [isLost, isOver] = [isAway(result.left), time.timers.now() - since >= this._patience]
      if (isLost && isOver) throw new PostgresAwayError(this.where, this._patience, result.left)
      if (isOver || !(isLost || mayBeRepeated(result.left))) throw translated(this.where, this.channel, result.left)
      yield* sleep(PAUSE)
    }
  }

  /** The row of a statement that always has one. */
  *row(text: string, values?: unknown[]): Generator<never, Row> {
    const rows = yield* this.query(text, values)
    if (rows.length === 0) throw mistyped(`${this.where}: client.query(): the result`, 'a result with a row', rows)
    return rows[0]
  }

  private async _ask(statement: string, values: unknown[]): Promise<readonly Row[]> {
    const answer: unknown = await this._client.query(statement, values) // of the user
    if (Array.isArray(answer)) return [] // of several statements
    const rows = (answer as { readonly rows?: unknown } | null | undefined)?.rows
    if (!Array.isArray(rows)) throw mistyped(`${this.where}: client.query(): the result`, 'a result with rows', answer)
    return rows as Row[] // the statement says which columns
  }

  /** Throws where the server is too old. */
  *check(): Generator<never, void> {
    if (this._isChecked) return
    const { number, name } = yield* this.version()
    if (number < OLDEST) throw new PostgresVersionError(this.where, name)
    this._isChecked = true
  }

  *version(): Generator<never, { readonly number: number; readonly name: string }> {
    const row = yield* this.row(`select current_setting('server_version_num')::int as number, current_setting('server_version') as name`)
    return { number: Number(row.number), name: String(row.name) }
  }
}

/**
 * Codes of SQLSTATE that pass by: the server restarts, lacks a resource, such as space on its disk or a connection, or is a standby
 * that takes over.
 */
const away = /^(?:57P0[123]|08\w{3}|53\w{3}|25006)$/
/** Texts of a client without a connection, or whose query had no answer for its `query_timeout`. */
const lost =
  /^(?:Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Query read timeout)/

export function isAway(error: unknown): boolean {
  const code = textIn(error, 'code')
  return code === '' ? lost.test(textIn(error, 'message')) : away.test(code) || isUnreached(code)
}

/** The server has broken a deadlock, or two transactions cannot be in order: the next attempt may succeed. */
function mayBeRepeated(error: unknown): boolean {
  return ['40001', '40P01'].includes(textIn(error, 'code'))
}

/** Codes of a schema, a table, a function or a column that is missing, and of a topic that was not declared. */
const missing = ['3F000', '42P01', '42883', '42703']

/** An error without a code is that of the client, and stays as it is. */
export function translated(where: string, schema: string, error: unknown): unknown {
  const code = textIn(error, 'code')
  if (code === 'MR001') return new PostgresSetupError(where, reasonOf(error), error)
  if (missing.includes(code)) {
    const problem = `the schema ${schema} has not the tables of millrace, or those of another version: plan(pool, …).apply() makes them`
    return new PostgresSetupError(where, problem, error)
  }
  return /^[A-Z0-9_]+$/.test(code) ? new PostgresRefusedError(where, code, error) : error
}
