import type { Msg, NatsConnection } from '@nats-io/nats-core'
import type { Observable } from 'rxjs'
import { fromPromise } from '../../runtime/index.js'
import { checkCount, checkFunction, checkInterval, checkRecord, checkTime, mistyped } from '../../runtime/internal.js'
import { fromPull, type Delivery, type Lag, type PullOptions } from '../broker/index.js'
import { checkText, logOf, nameIn, withLag } from '../broker/internal.js'
import { connectionOf, type Connection } from './connection.js'
import { consumerInfo, missedAfter, oldestAfter, type Target } from './consumer.js'
import { keyOfLog, lagOfLog, partsOfLog } from './log-source.js'
import { fromJson, keyIn, type Decode } from './message.js'
import { QueueDriver } from './queue-driver.js'

/** Options of `fromNats`. */
export interface FromNats<T> extends PullOptions {
  /** The stream as a queue: workers compete, in any order; each message is settled by itself. */
  readonly queue?: string
  /** The stream as a log: in order within a partition, and so within a key; settled up to a mark. */
  readonly log?: string
  /** The number of partitions of the log, as `plan` was given. */
  readonly partitions?: number
  /** The most messages of a partition that are delivered and not settled, as `plan` was given; default 256. */
  readonly window?: number
  /** Workers of one group share the messages: the name of the durable consumer, in a log with the partition. Default `millrace`. */
  readonly group?: string
  /** Reads the bytes of a message; default: JSON. A message that cannot be read is given up at once. */
  readonly decode?: Decode<T>
  /** The key of a message; default: the header that `toNats` sets, else in a log the token of the subject, else null. */
  readonly key?: (message: Msg) => string | null
  /** ms that a server which is connected may leave a request without an answer; default 30,000. */
  readonly patience?: number
}

/**
 * The messages of a stream of JetStream, as deliveries. The connection is the user's, and is not closed. The stream and
 * its consumer must be there: `plan(nc, …).apply()` creates them, and the source checks them.
 *
 * `queue`: the workers of a group share the messages through one durable consumer with explicit acknowledgement. The source
 * pulls only what has a place below. A message that is held keeps its lease (`ack_wait`) by beats; `retry` is a
 * negative acknowledgement with a delay; `attempt` is the delivery count of the server.
 *
 * `log`: each partition has one owner among the sources of the group, by a consumer that the server pins to one client.
 * Partitions are dealt to the members in turn; a member that joins gets a part of them, when the messages under way there are
 * settled. A new owner begins at the mark, in order. Needs nats-server 2.14.
 *
 * Shape: as `fromPull`. While the connection is lost, the source waits, and settlements are sent after the reconnect.
 * Fails with NatsSetupError where the stream or the consumer is missing or of another kind, NatsVersionError for a
 * server that is too old, NatsTimeoutError where the server is there and JetStream does not answer, NatsRefusedError
 * where it refuses, NatsClosedError where the connection is closed. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const users = fromNats<User>(nc, { queue: 'users', prefetch: 64 })
 * const settled = users.pipe(workerPool(8, through(({ name }) => name)), toNats(nc, { subject: 'names' }), settle())
 * ```
 */
export function fromNats<T = unknown>(nc: NatsConnection, options: FromNats<T>): Observable<Delivery<T>> {
  const link = connectionOf('fromNats(nc)', nc)
  checkRecord('fromNats(nc, options)', '{ queue } or { log, partitions }, with group?, decode?, key?, …', options, NAMES)
  const { queue: _queue, log, partitions, window = 256, group = 'millrace', patience = 30_000, ...rest } = options
  const { decode = fromJson as Decode<T>, key = log === undefined ? keyOfQueue : keyOfLog, ...pull } = rest // as T says
  const stream = nameIn('fromNats(nc, ', options, checkName)
  if (log !== undefined) checkCount('fromNats(nc, { log, partitions })', 1, partitions as number) // must be given
  checkCount('fromNats(nc, { window })', 1, window)
  checkName('fromNats(nc, { group })', group)
  checkFunction('fromNats(nc, { decode })', decode)
  checkFunction('fromNats(nc, { key })', key)
  checkTime('fromNats(nc, { patience })', patience)
  const { beat = 1000 } = pull
  checkInterval('fromNats(nc, { beat })', beat)
  const where = `fromNats(nc, { ${log === undefined ? 'queue' : 'log'}: ${JSON.stringify(stream)} })`
  const target: Target = { where, stream, group, patience }
  const reading = { decode, key }
  const { prefetch = 256, name = `from ${stream}` } = pull
  const ofPull = { ...pull, name }
  if (log !== undefined) {
    const parts = { link, target, partitions: partitions as number, window, beat, reading } // checked
    return withLag(logOf(name, prefetch * parts.partitions, partsOfLog<T>(parts, ofPull)), () => fromPromise(lagOfLog(parts)))
  }
  const parts = { ...target, link, beat, reading }
  const source = fromPull<T>((lease) => new QueueDriver<T>(parts, lease), ofPull)
  return withLag(logOf(name, prefetch, [source]), () => fromPromise(lagOfQueue(link, target)))
}

const NAMES = ['queue', 'log', 'partitions', 'window', 'group', 'decode', 'key', 'patience', 'name', 'prefetch', 'deadline', 'beat']

const keyOfQueue = ({ headers }: Msg): string | null => keyIn(headers)

/** Names of streams and consumers are tokens of subjects. */
export function checkName(where: string, name: unknown): void {
  checkText(where, 'a name', name)
  if (!/^[^\s.*>/\\]+$/.test(name as string)) throw mistyped(where, 'a name without spaces, dots, slashes, * and >', name) // checked
}

async function lagOfQueue(link: Connection, target: Target): Promise<Lag> {
  const info = await consumerInfo(link, target.group, target)
  const { num_pending: waiting, num_ack_pending: underWay, ack_floor: floor, config } = info
  const all = waiting + underWay
  const missed = config.filter_subject === undefined ? await missedAfter(link, info.delivered.stream_seq, target) : 0
  const oldest = all === 0 ? null : await oldestAfter(link, floor.stream_seq, config.filter_subject ?? '>', target)
  return { waiting, underWay, oldestMs: oldest === null ? 0 : Math.max(0, Date.now() - oldest), byPartition: [all], missed }
}
