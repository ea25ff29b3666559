import type { Observable } from 'rxjs'
import { go, type Op } from '../../runtime/index.js'
import { checkCount, checkInterval, checkTime } from '../../runtime/internal.js'
import { fromPull, type Delivery, type Lag, type Lease, type PullDriver, type PullOptions } from '../broker/index.js'
import { checkName, checkLease, LogPartition, logOf, nameIn, withLag } from '../broker/internal.js'
import { checkOptionsOf, checkPool, checkSchema, Database, translated, type PostgresOptions, type PostgresPool } from './client.js'
import { listenerOf, type Watcher } from './listener.js'
import { LogWay } from './log-way.js'
import { QueueDriver } from './queue-driver.js'
import { topicOf } from './topic.js'

/** Options of `fromPostgres`. */
export interface FromPostgres extends PullOptions, PostgresOptions {
  /** The topic as a log: in order within a partition, and so within a key; settled up to a mark. */
  readonly log?: string
  /** The partitions of the log, as `plan` has created them; default 1. */
  readonly partitions?: number
  /** The topic as a queue: workers compete, in any order; each message is settled by itself. */
  readonly queue?: string
  /** ms without a sign of life after which messages and partitions go to another worker; default 5000. */
  readonly lease?: number
  /** The most messages, of each partition, that are delivered and not settled; default 256. */
  readonly window?: number
  /** ms between two looks at the tables where no notification comes; default 1000. */
  readonly poll?: number
}

const NAMES = ['log', 'partitions', 'queue', 'lease', 'window', 'poll', 'schema', 'patience', 'name', 'prefetch', 'deadline', 'beat']

/**
 * The messages of a topic in PostgreSQL, as deliveries. The pool is the user's, and is not ended. The tables and the topic
 * must be there: `plan(pool, …).apply()` creates them.
 *
 * `queue`: workers take rows with `skip locked`, and delete those that are settled. `log`: each partition has one owner, by a
 * lease in its row; the partitions are dealt to the sources that are subscribed, and handed over when a source joins or is
 * drained. Both are renewed by beats; messages and partitions of a worker that was killed go to another after the lease. One
 * client of the pool listens for notifications; a pool of one client lends none, and the source looks every `poll` ms.
 *
 * Shape: as `fromPull`. While the server is away, the source waits, for `patience` ms. Fails with PostgresSetupError where the
 * tables or the topic are missing or the topic is of the other kind, PostgresVersionError for a server before 12,
 * PostgresAwayError, and PostgresRefusedError where the server refuses. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const users = fromPostgres<User>(pool, { queue: 'users', lease: 10_000 })
 * const settled = users.pipe(workerPool(8, through(({ name }) => name)), toPostgres(pool, { topic: 'names' }), settle())
 * ```
 */
export function fromPostgres<T = unknown>(pool: PostgresPool, options: FromPostgres): Observable<Delivery<T>> {
  checkPool('fromPostgres(pool)', pool)
  checkOptionsOf('fromPostgres(pool, options)', options, '{ queue } or { log }, and more', NAMES)
  const { topic, use, partitions, lease, window, poll, schema, patience, pull } = settingsOf(options)
  const where = `fromPostgres(pool, { ${use}: ${JSON.stringify(topic)} })`
  const db = new Database(where, pool, schema, patience)
  const { beat = lease / 3, prefetch = 256, name: stage = `from ${topic}` } = pull
  const ofPull = { ...pull, name: stage, beat }
  const ofAll = {
    db,
    topic,
    lease,
    window,
    poll: Math.min(poll, beat),
    watch: (watcher: Omit<Watcher, 'topic'>) =>
      listenerOf(pool, schema).watch({ topic, ...watcher, fail: (cause) => watcher.fail(translated(where, schema, cause)) }),
  }
  const member = nameOf('member')

  const ofQueue = (opened: Lease<T>): PullDriver => new QueueDriver<T>({ ...ofAll, holder: nameOf('holder') }, opened)
  const ofPartition =
    (partition: number) =>
    (opened: Lease<T>): PullDriver => {
      const parts = {
        ...ofAll,
        partition,
        partitions,
        member,
        owner: `${member}, ${nameOf('owner')}`,
        fail: (cause: unknown) => opened.fail(cause),
      }
      const way = new LogWay(parts)
      const driver = new LogPartition<T>(opened, way, { source: topic, partition, beat, window })
      way.driver = driver // the caller says which values the topic has
      return driver
    }
  const parts = use === 'queue' ? [ofQueue] : Array.from({ length: partitions }, (_, i) => ofPartition(i))
  const sources = parts.map((open) => fromPull<T>(open, ofPull))
  return withLag(logOf(ofPull.name, prefetch * parts.length, sources), () => lagOf(db, topic, use))
}

function settingsOf(options: FromPostgres) {
  const {
    log,
    queue: _queue,
    partitions = 1,
    lease = 5000,
    window = 256,
    poll = 1000,
    schema = 'millrace',
    patience = 30_000,
    ...pull
  } = options
  const topic = nameIn('fromPostgres(pool, ', options, checkName)
  checkCount('fromPostgres(pool, { partitions })', 1, partitions)
  checkLease('fromPostgres(pool, { lease })', lease)
  checkCount('fromPostgres(pool, { window })', 1, window)
  checkInterval('fromPostgres(pool, { poll })', poll)
  if (pull.beat !== undefined) checkInterval('fromPostgres(pool, { beat })', pull.beat)
  checkTime('fromPostgres(pool, { patience })', patience)
  checkSchema('fromPostgres(pool, { schema })', schema)
  const use: 'log' | 'queue' = log === undefined ? 'queue' : 'log'
  return { topic, use, partitions, lease, window, poll, schema, patience, pull }
}

function nameOf(what: string): string {
  return `${what} ${globalThis.crypto.randomUUID()}`
}

function lagOf(db: Database, topic: string, use: 'log' | 'queue'): Op<Lag> {
  return go(function* lag() {
    const partitions = yield* topicOf(db, topic, use)
    const rows = yield* db.query(
      partitions === 0
        ? `select 0 as partition, count(*)::int as all_of_them, count(*) filter (where holder is not null and visible_at > clock_timestamp())::int as under_way,
             extract(epoch from clock_timestamp() - min(stored_at))::float8 * 1000 as oldest from $.message where topic = $1`
        : `select p.partition, (p.next - p.floor - 1)::int as all_of_them, (p.sent - p.floor)::int as under_way,
             (select extract(epoch from clock_timestamp() - m.stored_at)::float8 * 1000 from $.message m
              where m.topic = p.topic and m.partition = p.partition and m."offset" > p.floor order by m."offset" limit 1) as oldest
           from $.partition p where p.topic = $1 order by p.partition`,
      [topic],
    )
    const sum = (column: string): number => rows.reduce((total, row) => total + Number(row[column]), 0)
    const byPartition = rows.map(({ all_of_them: all }) => Number(all))
    const underWay = sum('under_way')
    const oldestMs = Math.max(0, ...rows.map(({ oldest }) => Number(oldest)))
    return { waiting: sum('all_of_them') - underWay, underWay, oldestMs, byPartition, missed: 0 }
  }).join()
}
