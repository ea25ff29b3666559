import type { Observable } from 'rxjs'
import { go, type Op } from '../../runtime/index.js'
import { checkCount, checkFlag, checkInterval, checkTime } from '../../runtime/internal.js'
import { fromPull, type Delivery, type Lag, type Lease, type PullDriver, type PullOptions } from '../broker/index.js'
import { checkName, checkLease, LogPartition, logOf, nameIn, withLag } from '../broker/internal.js'
import { checkOptionsOf, checkSourceClient, Server, type RedisClient, type RedisOptions } from './client.js'
import { LogWay, stateKeyOf } from './log-way.js'
import { Members } from './members.js'
import { streamOf } from './partition.js'
import { QueueDriver } from './queue-driver.js'
import { countAfter, stateOf } from './state.js'

/** Options of `fromRedis`. */
export interface FromRedis extends PullOptions, RedisOptions {
  /** The stream as a queue: workers compete, in any order; each message is settled by itself. */
  readonly queue?: string
  /** A log: in order within a partition, and so within a key; settled up to a mark. Its partitions are the streams `log:0`, `log:1` … */
  readonly log?: string
  /** The partitions of the log; default 1. */
  readonly partitions?: number
  /** The consumer group, as `plan` has created it; default `millrace`. */
  readonly group?: string
  /** ms without a sign of life after which messages and partitions go to another worker; default 5000. */
  readonly lease?: number
  /** The most messages, of each partition, that are delivered and not settled; default 256. */
  readonly window?: number
  /** ms between two looks for messages whose lease has ended, and the longest wait of a read; default 1000. */
  readonly poll?: number
  /** Settled messages are deleted from the stream, when all of its groups have settled them; default false. */
  readonly remove?: boolean
}

const NAMES = [
  'queue',
  'log',
  'partitions',
  'group',
  'lease',
  'window',
  'poll',
  'remove',
  'patience',
  'name',
  'prefetch',
  'deadline',
  'beat',
]

/**
 * The messages of a stream in Redis or Valkey, as deliveries. The client is the user's, and is not closed; the source makes a
 * second one with
 * `duplicate()`, since a read that waits holds its connection up. The stream and the group must be there: `plan(client, …).apply()`
 * creates them.
 *
 * `queue`: workers are consumers of the group. Their leases are the idle times that the server keeps, which beats set back; messages of a
 * worker that was killed go to another after the lease. A message that is to come again waits for the end of its pause in a
 * sorted set beside the stream. `log`: each partition is a stream with one owner, by a lease beside the stream; the partitions
 * are dealt to the sources that are subscribed, and handed over when a source joins or is drained. The group is at the mark.
 *
 * `value` of an entry is JSON, `key` a text, `headers` a JSON object of texts; an entry without `value` has the record of its fields as
 * its value. A value that is no JSON is given up at once.
 *
 * Shape: as `fromPull`. While the server is away, the source waits, for `patience` ms. Fails with RedisSetupError where the stream or
 * the group is missing or the key has another type, RedisVersionError for a server before 6.2, RedisAwayError, RedisClosedError, and
 * RedisRefusedError where the server refuses. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const users = fromRedis<User>(redis, { queue: 'users', lease: 10_000, remove: true })
 * const settled = users.pipe(workerPool(8, through(({ name }) => name)), toRedis(redis, { stream: 'names' }), settle())
 * ```
 */
export function fromRedis<T = unknown>(client: RedisClient, options: FromRedis): Observable<Delivery<T>> {
  checkSourceClient('fromRedis(client)', client)
  checkOptionsOf('fromRedis(client, options)', options, '{ queue } or { log }, and more', NAMES)
  const { name, use, partitions, group, lease, window, poll, removes, patience, pull } = settingsOf(options)
  const server = new Server(`fromRedis(client, { ${use}: ${JSON.stringify(name)} })`, client, patience)
  const { beat = lease / 3, prefetch = 256, name: stage = `from ${name}` } = pull
  const ofPull = { ...pull, name: stage, beat }
  const ofAll = { server, group, lease, window, poll: Math.min(poll, beat), removes }
  const members = new Members(server, name, group, { member: uniqueName(), lease })

  const ofQueue = (opened: Lease<T>): PullDriver => new QueueDriver<T>({ ...ofAll, stream: name, consumer: uniqueName() }, opened)
  const ofPartition =
    (partition: number) =>
    (opened: Lease<T>): PullDriver => {
      const place = { log: name, stream: streamOf(name, partition), partition }
      const way = new LogWay({ ...ofAll, ...place, members, owner: uniqueName(), fail: (cause) => opened.fail(cause) })
      const driver = new LogPartition<T>(opened, way, { source: name, partition, beat, window })
      way.driver = driver // the caller says which values the stream has
      return driver
    }
  const parts = use === 'queue' ? [ofQueue] : Array.from({ length: partitions }, (_, i) => ofPartition(i))
  const sources = parts.map((open) => fromPull<T>(open, ofPull))
  const streams = use === 'queue' ? [name] : parts.map((_, i) => streamOf(name, i))
  return withLag(logOf(ofPull.name, prefetch * parts.length, sources), () => lagOf(server, streams, group))
}

function uniqueName(): string {
  return `millrace:${globalThis.crypto.randomUUID()}`
}

function settingsOf(options: FromRedis) {
  const {
    log,
    queue: _queue,
    partitions = 1,
    group = 'millrace',
    lease = 5000,
    window = 256,
    poll = 1000,
    remove: removes = false,
    patience = 30_000,
    ...pull
  } = options
  const name = nameIn('fromRedis(client, ', options, checkName)
  checkCount('fromRedis(client, { partitions })', 1, partitions)
  checkName('fromRedis(client, { group })', group)
  checkLease('fromRedis(client, { lease })', lease)
  checkCount('fromRedis(client, { window })', 1, window)
  checkInterval('fromRedis(client, { poll })', poll)
  checkFlag('fromRedis(client, { remove })', removes)
  if (pull.beat !== undefined) checkInterval('fromRedis(client, { beat })', pull.beat)
  checkTime('fromRedis(client, { patience })', patience)
  const use: 'log' | 'queue' = log === undefined ? 'queue' : 'log'
  return { name, use, partitions, group, lease, window, poll, removes, patience, pull }
}

function lagOf(server: Server, streams: readonly string[], group: string): Op<Lag> {
  return go(function* lag() {
    let [all, underWay, oldestMs, missed] = [0, 0, 0, 0]
    const byPartition: number[] = []
    for (const stream of streams) {
      const state = yield* stateOf(server, stream, group)
      underWay += state.pending + (yield* sentOf(server, stream, { group, floor: state.last })) // the first of a queue, the second of a log
      byPartition.push(state.waiting + state.pending)
      all += state.waiting + state.pending
      oldestMs = Math.max(oldestMs, state.oldestMs)
      missed += state.missed
    }
    return { waiting: Math.max(0, all - underWay), underWay, oldestMs, byPartition, missed }
  }).join()
}

/** The messages of a log that its owner was sent, and has not settled: those up to `from`, and the first `most` after it, up to `sent`. */
function* sentOf(
  server: Server,
  stream: string,
  { group, floor }: { readonly group: string; readonly floor: string },
): Generator<never, number> {
  const [sent, from, most] = server.rows(yield* server.call('hmget', stateKeyOf(stream, group), 'sent', 'from', 'most'))
  if (typeof sent !== 'string' || sent === '') return 0
  const read = yield* countAfter(server, stream, floor, String(from))
  return read + Math.min(Number(most), yield* countAfter(server, stream, String(from), sent))
}
