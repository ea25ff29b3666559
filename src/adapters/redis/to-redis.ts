import type { OperatorFunction } from 'rxjs'
import type { Op } from '../../runtime/index.js'
import { checkCount, checkFunction, checkTime, mistyped } from '../../runtime/internal.js'
import type { DeadDelivery, Delivery } from '../broker/index.js'
import { checkName, envelopeOf, givenUp, jsonOf, letterHeaders, publishStage, textOf } from '../broker/internal.js'
import { checkClient, checkOptionsOf, Server, type RedisClient, type RedisOptions } from './client.js'
import { RedisTooLargeError } from './errors.js'
import { partitionOf, streamOf } from './partition.js'
import { Publisher, type Publishing, type Storing } from './publisher.js'

/** How a stream is stored that is published to. */
export interface RedisStreamOptions extends RedisOptions {
  /** The stream. The server makes it with the first message. */
  readonly stream: string
  /** The most messages in the stream: at the limit further ones are refused, with RedisFullError. Default: no limit. */
  readonly limit?: number
  /** The server drops the oldest messages beyond about this number (`MAXLEN ~`), also those that nobody has settled. Default: none. */
  readonly maxLength?: number
  /**
   * The server drops messages that are older than about this number of ms (`MINID ~`), also those that nobody has settled.
   * Default: none.
   */
  readonly maxAge?: number
  /** The most bytes of a value, as JSON in UTF-8; default 16 MiB. */
  readonly maxBytes?: number
}

/** Options of `toRedis`. */
export interface ToRedis<T> extends RedisStreamOptions {
  /**
   * The partitions of a log: the streams `stream:0`, `stream:1` …, by FNV-1a of the key in UTF-8. Messages without a key are dealt in turn.
   * Default: `stream` is a queue.
   */
  readonly partitions?: number
  /** A message whose id the stream has had is not stored again, for `within` ms; default: no id. */
  readonly id?: (delivery: Delivery<T>) => string
  /** ms for which ids are known; default an hour. */
  readonly within?: number
  /** The value, which is stored as JSON; default: that of the delivery. */
  readonly value?: (delivery: Delivery<T>) => unknown
  /** The key; default: that of the delivery. */
  readonly key?: (delivery: Delivery<T>) => string | null
  /** Messages that are published and not stored; default 256. */
  readonly window?: number
}

const OF_STREAM = ['stream', 'limit', 'maxLength', 'maxAge', 'maxBytes', 'patience']
const NAMES = [...OF_STREAM, 'partitions', 'id', 'within', 'value', 'key', 'window']

/**
 * Stores a message for each delivery, with its value, key and headers, and passes the delivery on, in order, when the server has confirmed.
 * Messages that wait are stored together. While the server is away they are tried again, for `patience` ms; without an id a message
 * may be stored twice then.
 *
 * After a message was refused, later ones of its key wait until it is stored or given up.
 *
 * Shape: one to one, in order. Holds `window` deliveries. A message fails as work of a worker does, so that `settle` tries
 * again: RedisFullError, RedisSetupError where the key has another type, RedisAwayError, RedisClosedError, RedisRefusedError.
 * A value without JSON is given up at once, with TypeError, and one of more than `maxBytes` with RedisTooLargeError. Throws
 * TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const names = toRedis<string>(redis, { stream: 'names', id: ({ position }) => String(position) })
 * const settled = fromRedis<User>(redis, { queue: 'users' }).pipe(workerPool(8, through(({ name }) => name)), names, settle())
 * ```
 */
export function toRedis<T>(client: RedisClient, options: ToRedis<T>): OperatorFunction<Delivery<T>, Delivery<T>> {
  checkClient('toRedis(client)', client)
  checkOptionsOf('toRedis(client, options)', options, '{ stream, and more }', NAMES)
  const { partitions = 0, id, within = 3_600_000, value = valueOf, key = keyOf, window = 256 } = options
  const { stream, storing, maxBytes, patience } = settingsOf('toRedis(client', options)
  if (options.partitions !== undefined) checkCount('toRedis(client, { partitions })', 1, partitions)
  if (id !== undefined) checkFunction('toRedis(client, { id })', id)
  checkTime('toRedis(client, { within })', within)
  checkFunction('toRedis(client, { value })', value)
  checkFunction('toRedis(client, { key })', key)
  checkCount('toRedis(client, { window })', 1, window)
  const server = new Server('toRedis()', client, patience)
  const streams = partitions === 0 ? [stream] : Array.from({ length: partitions }, (_, i) => streamOf(stream, i))
  const publishers = streams.map((each) => new Publisher(server, each, { ...storing, within: Math.min(within, 1e14) }))
  let turn = 0
  const publisherOf = (of: string | null): Publisher => publishers[of === null ? turn++ % streams.length : partitionOf(of, streams.length)]
  return publishStage<T, Publishing>({
    name: `to ${stream}`,
    window,
    keys: 'together',
    publication(delivery, made) {
      const envelope = envelopeOf('toRedis(): an item', delivery)
      const ofKey = textOf('toRedis(client, { key })', key(delivery))
      const ofId = textOf('toRedis(client, { id })', id?.(delivery))
      const given = value(delivery)
      let json: string
      try {
        json = limited('toRedis()', jsonOf('toRedis(): the value', given), maxBytes)
      } catch (cause) {
        return givenUp(envelope, cause)
      }
      return made(envelope, ofKey, { key: ofKey, id: ofId, value: json, headers: headersIn(delivery.headers) })
    },
    send: (publication) => publisherOf(publication.key).add(publication),
  })
}

const valueOf = <T>({ value }: Delivery<T>): unknown => value
const keyOf = <T>({ key }: Delivery<T>): string | null => key

function headersIn(headers: ReadonlyMap<string, string>): string {
  return headers.size === 0 ? '' : JSON.stringify(Object.fromEntries(headers))
}

/** The settings of the stream. `where` is the function and its first parameter. */
function settingsOf(where: string, { stream, limit, maxLength, maxAge, maxBytes = 16 << 20, patience = 30_000 }: RedisStreamOptions) {
  checkName(`${where}, { stream })`, stream)
  if (limit !== undefined) checkCount(`${where}, { limit })`, 1, limit)
  if (maxLength !== undefined) checkCount(`${where}, { maxLength })`, 1, maxLength)
  if (maxAge !== undefined) checkTime(`${where}, { maxAge })`, maxAge)
  if (maxLength !== undefined && maxAge !== undefined)
    throw mistyped(`${where}, { maxLength, maxAge })`, 'one of both', { maxLength, maxAge })
  checkCount(`${where}, { maxBytes })`, 1, maxBytes)
  checkTime(`${where}, { patience })`, patience)
  const trim: Storing['trim'] =
    maxLength !== undefined ? ['MAXLEN', maxLength] : maxAge !== undefined ? ['MINID', Math.min(maxAge, 1e14)] : ['', 0]
  return { stream, storing: { limit: limit ?? 0, trim }, maxBytes, patience }
}

/** The text, where it has no more bytes than may be. */
function limited(where: string, text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text // no character has more
  const bytes = new TextEncoder().encode(text).length
  if (bytes > maxBytes) throw new RedisTooLargeError(where, bytes, maxBytes)
  return text
}

/**
 * Dead letters for `settle`, as messages of a stream: the payload as it came, the headers that it had, and four more:
 * `millrace-cause`, `millrace-stage`, `millrace-attempts` and `millrace-position`. A message is done with its source after its
 * dead letter is stored. A dead letter that cannot be stored fails the pipeline, so that its message stays. Throws
 * TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const dead = redisDeadLetters(redis, { stream: 'users.dead' })
 * const users = fromRedis<User>(redis, { queue: 'users' })
 * const settled = users.pipe(workerPool(8, through(({ name }) => name)), settle({ deadLetters: dead }))
 * ```
 */
export function redisDeadLetters(client: RedisClient, options: RedisStreamOptions): (letter: DeadDelivery) => Op<void> {
  checkClient('redisDeadLetters(client)', client)
  checkOptionsOf('redisDeadLetters(client, options)', options, '{ stream, and more }', OF_STREAM)
  const { stream, storing, maxBytes, patience } = settingsOf('redisDeadLetters(client', options)
  const publisher = new Publisher(new Server('redisDeadLetters()', client, patience), stream, { ...storing, within: 0 })
  return ({ key, ...letter }) => {
    const json = limited('redisDeadLetters()', jsonOf('redisDeadLetters(): the payload', letter.payload), maxBytes)
    const message: Publishing = { value: json, key, headers: headersIn(letterHeaders({ key, ...letter })), id: null }
    return publisher.publish(message)
  }
}
