import { go } from '../../runtime/index.js'
import { checkCount, checkFlag, checkTime } from '../../runtime/internal.js'
import { checkName, nameIn, type Change, type Plan } from '../broker/internal.js'
import { checkOptionsOf, checkPool, checkSchema, Database, type PostgresOptions, type PostgresPool } from './client.js'
import { PostgresSetupError } from './errors.js'
import { problemOf, VERSION, versionIn } from './schema.js'
import { tablesIn } from './tables.js'

/** What a source needs of the database. */
export interface PlanOptions extends PostgresOptions {
  /** The topic as a queue. */
  readonly queue?: string
  /** The topic as a log. */
  readonly log?: string
  /** No topic, but the store of `postgresOnce`. */
  readonly once?: boolean
  /** The partitions of a new log; default 1. */
  readonly partitions?: number
}

/**
 * The tables and the topic that `fromPostgres` with the same options needs, or with `once` alone the tables. `check()`
 * compares them with the database; `apply()` creates what is missing, and brings tables and functions of an older version
 * up to date, in one transaction; it never changes or deletes a topic. Several processes may do so at once. A pipeline
 * itself creates nothing.
 *
 * Both fail with PostgresSetupError for tables of a newer version, and with PostgresVersionError, PostgresAwayError and
 * PostgresRefusedError as `fromPostgres`. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const users = plan(pool, { log: 'users', partitions: 8 })
 * go(function* () {
 *   for (const { kind, what } of yield* users.apply()) console.log(kind, what)
 * })
 * ```
 */
export function plan(pool: PostgresPool, options: PlanOptions): Plan {
  checkPool('plan(pool)', pool)
  const names = ['queue', 'log', 'partitions', 'once', 'schema', 'patience']
  checkOptionsOf('plan(pool, options)', options, '{ queue }, { log } or { once: true }, and more', names)
  const { log, partitions = 1, once = false, schema = 'millrace', patience = 30_000 } = options
  checkFlag('plan(pool, { once })', once)
  const hasTopic = options.queue !== undefined || log !== undefined
  if (!hasTopic && !once) throw new TypeError('plan(pool, options): expected { queue }, { log } or { once: true }, got none of them')
  const topic = hasTopic ? nameIn('plan(pool, ', options, checkName) : null
  checkCount('plan(pool, { partitions })', 1, partitions)
  checkSchema('plan(pool, { schema })', schema)
  checkTime('plan(pool, { patience })', patience)
  const work = new Work(new Database('plan()', pool, schema, patience), topic, log === undefined ? 0 : partitions)
  return { check: () => go(() => work.check()).join(), apply: () => go(() => work.apply()).join() }
}

class Work {
  constructor(
    private readonly _db: Database,
    /** Null where only the tables are wanted. */
    private readonly _topic: string | null,
    /** Of the topic; 0 for a queue. */
    private readonly _partitions: number,
  ) {}

  *check(): Generator<never, readonly Change[]> {
    const { _db: db, _topic: topic } = this
    const { channel: schema } = db
    yield* db.check()
    const version = yield* versionIn(db)
    if (version > VERSION) throw new PostgresSetupError(db.where, problemOf(schema, version))
    const what = `schema "${schema}"`
    const tables: readonly Change[] =
      version === 0
        ? [{ kind: 'create', what, differences: [] }]
        : version < VERSION
          ? [{ kind: 'differs', what, differences: [`version ${version}, and not ${VERSION}`] }]
          : []
    return topic === null ? tables : [...tables, ...(yield* this._topicIn(topic, version === 0))]
  }

  private *_topicIn(topic: string, isNew: boolean): Generator<never, readonly Change[]> {
    const { _db: db, _partitions: wanted } = this
    const missing = { kind: 'create', what: `topic ${JSON.stringify(topic)}`, differences: [] } as const
    if (isNew) return [missing]
    const rows = yield* db.query('select partitions from $.topic where name = $1', [topic])
    if (rows.length === 0) return [missing]
    const is = Number(rows[0].partitions)
    return is === wanted ? [] : [{ ...missing, kind: 'differs', differences: [`${kindOf(is)}, and not ${kindOf(wanted)}`] }]
  }

  *apply(): Generator<never, readonly Change[]> {
    const changes = yield* this.check()
    const creates = changes.filter(({ kind }) => kind === 'create')
    if (changes.some(({ what }) => what.startsWith('schema'))) yield* this._db.query(tablesIn(this._db.channel))
    if (creates.length > 0 && this._topic !== null)
      yield* this._db.query(
        `with t as (insert into $.topic (name, partitions) values ($1, $2) on conflict do nothing)
         insert into $.partition (topic, partition) select $1, n from generate_series(0, $2 - 1) n on conflict do nothing`,
        [this._topic, this._partitions],
      )
    return changes
  }
}

function kindOf(partitions: number): string {
  return partitions === 0 ? 'a queue' : `a log of ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}`
}
