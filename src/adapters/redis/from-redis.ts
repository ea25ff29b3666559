import type { Observable } from 'rxjs'
import { go, type Op } from '../../runtime/index.js'
import { checkCount, checkFlag, checkTime } from '../../runtime/internal.js'
import { fromPull, type Delivery, type Lag, type Lease, type PullDriver, type PullOptions } from '../broker/index.js'
import { logOf, withLag } from '../broker/internal.js'
import { checkName, checkOptionsOf, checkSourceClient, Server, type RedisClient, type RedisOptions } from './client.js'
import { QueueDriver } from './queue-driver.js'
import { stateOf } from './state.js'

/** Options of `fromRedis`. */
export interface FromRedis extends PullOptions, RedisOptions {
  /** The stream as a queue: workers compete, in any order; each message is settled by itself. */
  readonly queue: string
  /** The consumer group, as `plan` has created it; default `millrace`. */
  readonly group?: string
  /** ms without a sign of life after which messages go to another worker; default 5000. */
  readonly lease?: number
  /** The most messages that are delivered and not settled; default 256. */
  readonly window?: number
  /** ms between two looks for messages whose lease has ended, and the longest wait of a read; default 1000. */
  readonly poll?: number
  /** Settled messages are deleted from the stream, when all of its groups have settled them; default false. */
  readonly remove?: boolean
}

const NAMES = ['queue', 'group', 'lease', 'window', 'poll', 'remove', 'patience', 'name', 'prefetch', 'deadline', 'beat']

/**
 * The messages of a stream in Redis or Valkey, as deliveries. The client is the user's, and is not closed; the source makes a
 * second one with
 * `duplicate()`, since a read that waits holds its connection up. The stream and the group must be there: `plan(client, …).apply()`
 * creates them.
 *
 * Workers are consumers of the group. Their leases are the idle times that the server keeps, which beats set back; messages of
 * a worker that was killed go to another after the lease. A message that is to come again waits for the end of its pause in a
 * sorted set beside the stream. `value` of an entry is JSON, `key` a text, `headers` a JSON object of texts; an entry without
 * `value` has the record of its fields as its value. A value that is no JSON is given up at once.
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
  checkOptionsOf('fromRedis(client, options)', options, '{ queue }, and more', NAMES)
  const { stream, group, lease, window, poll, removes, patience, pull } = settingsOf(options)
  const where = `fromRedis(client, { queue: ${JSON.stringify(stream)} })`
  const server = new Server(where, client, patience)
  const { beat = lease / 3, prefetch = 256 } = pull
  const ofPull = { name: `from ${stream}`, ...pull, beat }
  const parts = { server, stream, group, lease, window, poll: Math.min(poll, beat), removes }
  const open = (opened: Lease<T>): PullDriver =>
    new QueueDriver<T>({ ...parts, consumer: `millrace:${globalThis.crypto.randomUUID()}` }, opened)
  return withLag(logOf(ofPull.name, prefetch, [fromPull<T>(open, ofPull)]), () => lagOf(server, stream, group))
}

function settingsOf(options: FromRedis) {
  const {
    queue: stream,
    group = 'millrace',
    lease = 5000,
    window = 256,
    poll = 1000,
    remove: removes = false,
    patience = 30_000,
    ...pull
  } = options
  checkName('fromRedis(client, { queue })', stream)
  checkName('fromRedis(client, { group })', group)
  checkTime('fromRedis(client, { lease })', lease)
  checkCount('fromRedis(client, { window })', 1, window)
  checkTime('fromRedis(client, { poll })', poll)
  checkFlag('fromRedis(client, { remove })', removes)
  if (pull.beat !== undefined) checkTime('fromRedis(client, { beat })', pull.beat)
  checkTime('fromRedis(client, { patience })', patience)
  return { stream, group, lease, window, poll, removes, patience, pull }
}

function lagOf(server: Server, stream: string, group: string): Op<Lag> {
  return go(function* lag() {
    const { pending, waiting, oldestMs } = yield* stateOf(server, stream, group)
    return { waiting, underWay: pending, oldestMs, byPartition: [waiting + pending] }
  }).join()
}
