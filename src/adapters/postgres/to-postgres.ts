import type { OperatorFunction } from 'rxjs'
import type { Op } from '../../runtime/index.js'
import { checkCount, checkFunction, checkTime } from '../../runtime/internal.js'
import type { DeadDelivery, Delivery } from '../broker/index.js'
import { checkName, envelopeOf, givenUp, jsonOf, letterHeaders, publishStage, textOf } from '../broker/internal.js'
import { checkOptionsOf, checkPool, checkSchema, type PostgresOptions, type PostgresPool } from './client.js'
import { publisherOf, type Publishing } from './publisher.js'

/** Options of `toPostgres`. */
export interface ToPostgres<T> extends PostgresOptions {
  /** The topic of the messages. */
  readonly topic: string
  /** A message whose id the topic has had is not stored again, for a day at least; default: no id. */
  readonly id?: (delivery: Delivery<T>) => string
  /** The value, which is stored as JSON; default: that of the delivery. */
  readonly value?: (delivery: Delivery<T>) => unknown
  /** The key; default: that of the delivery. */
  readonly key?: (delivery: Delivery<T>) => string | null
  /** Messages that are published and not stored; default 256. */
  readonly window?: number
}

/**
 * Stores a message for each delivery, with its value, key and headers, and passes the delivery on, in order, when it is
 * committed. Messages that wait are stored together. While the server is away they are tried again, for `patience` ms.
 *
 * After a message was refused, later ones of its key wait until it is stored or given up.
 *
 * Shape: one to one, in order. Holds `window` deliveries. A message fails as work of a worker does, so that `settle` tries
 * again: PostgresSetupError, PostgresAwayError, PostgresRefusedError as of `fromPostgres`. A value without JSON is given
 * up at once, with TypeError. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const names = toPostgres<string>(pool, { topic: 'names', id: ({ position }) => String(position) })
 * const settled = fromPostgres<User>(pool, { queue: 'users' }).pipe(workerPool(8, through(({ name }) => name)), names, settle())
 * ```
 */
export function toPostgres<T>(pool: PostgresPool, options: ToPostgres<T>): OperatorFunction<Delivery<T>, Delivery<T>> {
  checkPool('toPostgres(pool)', pool)
  const names = ['topic', 'id', 'value', 'key', 'window', 'schema', 'patience']
  checkOptionsOf('toPostgres(pool, options)', options, '{ topic, id?, value?, key?, window?, schema?, patience? }', names)
  const { topic, id, value = valueOf, key = keyOf, window = 256, schema = 'millrace', patience = 30_000 } = options
  checkName('toPostgres(pool, { topic })', topic)
  if (id !== undefined) checkFunction('toPostgres(pool, { id })', id)
  checkFunction('toPostgres(pool, { value })', value)
  checkFunction('toPostgres(pool, { key })', key)
  checkCount('toPostgres(pool, { window })', 1, window)
  checkTime('toPostgres(pool, { patience })', patience)
  checkSchema('toPostgres(pool, { schema })', schema)
  const publisher = publisherOf(pool, 'toPostgres()', schema, patience)
  return publishStage<T, Publishing>({
    name: `to ${topic}`,
    window,
    keys: 'together',
    publication(delivery, made) {
      const envelope = envelopeOf('toPostgres(): an item', delivery)
      const headers = JSON.stringify(Object.fromEntries(delivery.headers))
      const ofKey = textOf('toPostgres(pool, { key })', key(delivery))
      const ofId = textOf('toPostgres(pool, { id })', id?.(delivery))
      const given = value(delivery)
      let json: string
      try {
        json = jsonOf('toPostgres(): the value', given)
      } catch (cause) {
        return givenUp(envelope, cause)
      }
      return made(envelope, ofKey, { key: ofKey, id: ofId, topic, headers, value: json })
    },
    send: (publication) => publisher.add(publication),
  })
}

const valueOf = <T>({ value }: Delivery<T>): unknown => value
const keyOf = <T>({ key }: Delivery<T>): string | null => key

/** Options of `postgresDeadLetters`. */
export interface PostgresDeadLetters extends PostgresOptions {
  /** The topic of the dead letters. */
  readonly topic: string
}

/**
 * Dead letters for `settle`, as messages of a topic: the payload as it came, the headers that it had, and four more:
 * `millrace-cause`, `millrace-stage`, `millrace-attempts` and `millrace-position`. A message is done with its source after its
 * dead letter is committed. A dead letter that cannot be stored fails the pipeline, so that its message stays. Throws
 * TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const dead = postgresDeadLetters(pool, { topic: 'users.dead' })
 * const users = fromPostgres<User>(pool, { queue: 'users' })
 * const settled = users.pipe(workerPool(8, through(({ name }) => name)), settle({ deadLetters: dead }))
 * ```
 */
export function postgresDeadLetters(pool: PostgresPool, options: PostgresDeadLetters): (letter: DeadDelivery) => Op<void> {
  checkPool('postgresDeadLetters(pool)', pool)
  checkOptionsOf('postgresDeadLetters(pool, options)', options, '{ topic, schema?, patience? }', ['topic', 'schema', 'patience'])
  const { topic, schema = 'millrace', patience = 30_000 } = options
  checkName('postgresDeadLetters(pool, { topic })', topic)
  checkSchema('postgresDeadLetters(pool, { schema })', schema)
  checkTime('postgresDeadLetters(pool, { patience })', patience)
  const publisher = publisherOf(pool, 'postgresDeadLetters()', schema, patience)
  return (letter) => {
    const headers = JSON.stringify(Object.fromEntries(letterHeaders(letter)))
    const value = jsonOf('postgresDeadLetters(): the payload', letter.payload)
    return publisher.publish({ topic, key: letter.key, value, headers, id: null })
  }
}
