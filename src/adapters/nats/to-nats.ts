import type { NatsConnection } from '@nats-io/nats-core'
import type { OperatorFunction } from 'rxjs'
import { chan, fromPromise, type Op } from '../../runtime/index.js'
import { checkCount, checkFunction, checkRecord, checkTime, headOf, mistyped } from '../../runtime/internal.js'
import { checkText, envelopeOf, givenUp, letterHeaders, publishStage, textOf, type Envelope } from '../broker/internal.js'
import type { DeadDelivery, Delivery } from '../broker/index.js'
import { connectionOf, type Connection } from './connection.js'
import { UnpublishableError } from './errors.js'
import { headersFor, toJson, type Encode } from './message.js'
import { Lane, publisherOf, type Outgoing, type Publisher } from './publisher.js'

/** Options of `toNats`. */
export interface ToNats<T> {
  /** The subject of the messages, which a stream takes in; a function makes one for each delivery. */
  readonly subject: string | ((delivery: Delivery<T>) => string)
  /** The server stores one message with an id within the `duplicate_window` of the stream; default: no id. */
  readonly id?: (delivery: Delivery<T>) => string
  /** The value; default: that of the delivery. */
  readonly value?: (delivery: Delivery<T>) => unknown
  /** The key, sent as a header; default: that of the delivery. */
  readonly key?: (delivery: Delivery<T>) => string | null
  /** Makes the bytes, or the text, of a value; default: JSON. */
  readonly encode?: Encode<unknown>
  /** Messages that are published and not confirmed; default 256. */
  readonly window?: number
  /** ms that a server which is connected may take for a message, while no stream takes it; default 30,000. */
  readonly patience?: number
  /** The name of the stage in warnings and reports. */
  readonly name?: string
}

/**
 * Publishes a message for each delivery, with its value, key and headers, and passes the delivery on, in order, when a
 * stream of JetStream has stored the message. A connection that is lost loses nothing: what was not confirmed is published
 * again after the reconnect, in its order, and with the same id; without an id a message may be stored twice then.
 *
 * One message of a key is unconfirmed at a time, through every attempt; messages without a key wait for no other.
 *
 * Shape: one to one, in order. Holds `window` deliveries. A message fails as work of a worker does, so that `settle`
 * tries again: NatsRefusedError where the server refuses, NatsTimeoutError where no stream takes the subject, NatsClosedError
 * where the connection is closed. A value that can never be published, because it is too large, is given up at once, with
 * UnpublishableError. `traceparent` travels with the other headers. Throws TypeError or RangeError for bad
 * arguments.
 *
 * @example
 * ```ts
 * const priced = toNats<number>(nc, { subject: (delivery) => `priced.${delivery.key}`, id: ({ position }) => String(position) })
 * const settled = fromNats<User>(nc, { queue: 'users' }).pipe(workerPool(8, through(({ name }) => name.length)), priced, settle())
 * ```
 */
export function toNats<T>(nc: NatsConnection, options: ToNats<T>): OperatorFunction<Delivery<T>, Delivery<T>> {
  const link = connectionOf('toNats(nc)', nc)
  checkRecord('toNats(nc, options)', '{ subject, id?, value?, key?, encode?, window?, patience?, name? }', options, NAMES)
  const { subject, id, value = valueOf, key = keyOf, encode = toJson, window = 256, patience = 30_000 } = options
  if (typeof subject !== 'function') subjectOf('toNats', subject, null)
  if (id !== undefined) checkFunction('toNats(nc, { id })', id)
  checkFunction('toNats(nc, { value })', value)
  checkFunction('toNats(nc, { key })', key)
  checkFunction('toNats(nc, { encode })', encode)
  checkCount('toNats(nc, { window })', 1, window)
  checkTime('toNats(nc, { patience })', patience)
  const { name = `to ${typeof subject === 'string' ? subject : 'NATS'}` } = options
  checkText('toNats(nc, { name })', 'a string', name)
  const publisher = publisherOf(link)
  const lane = new Lane('toNats()', patience, publisher)
  const messageOf = messagesOf<T>('toNats()', { subject, id, value, key, encode })
  return publishStage<T, Outgoing>({
    name,
    window,
    keys: 'alone',
    publication(delivery, made) {
      const { envelope, text, message } = messageOf(delivery)
      return made(envelope, text, message)
    },
    send(publication) {
      const { message } = publication
      try {
        publisher.publish(lane, message, publication)
      } catch (cause) {
        publication.givenUp(unpublishable('toNats()', message.subject, cause))
      }
    },
  })
}

type Parts<T> = Pick<ToNats<T>, 'subject' | 'id'> & Required<Pick<ToNats<T>, 'value' | 'key' | 'encode'>>

interface Made<T> {
  readonly envelope: Envelope<T>
  /** The key. */
  readonly text: string | null
  readonly message: Outgoing
}

/** The message of a delivery. */
function messagesOf<T>(where: string, { subject, id, value, key, encode }: Parts<T>): (delivery: Delivery<T>) => Made<T> {
  return (delivery) => {
    const envelope = envelopeOf(`${where}: an item`, delivery)
    const to = subjectOf('toNats', subject, delivery)
    const text = textOf('toNats(nc, { key })', key(delivery))
    const headers = headersFor(delivery.headers, text, textOf('toNats(nc, { id })', id?.(delivery)))
    return { envelope, text, message: { subject: to, headers, data: encoded(encode, value(delivery)) } }
  }
}

/** Work that publishes the message of a delivery, which waits for no other. */
export function publishes<T>(
  where: string,
  link: Connection,
  { patience, ...parts }: Parts<T> & Pick<Required<ToNats<T>>, 'patience'>,
): (delivery: Delivery<T>) => Op<Delivery<T>> {
  const publisher = publisherOf(link)
  const lane = new Lane(where, patience, publisher)
  const messageOf = messagesOf<T>(where, parts)
  return (delivery) => {
    const { envelope, message } = messageOf(delivery)
    try {
      return published(publisher, lane, message).map(() => delivery)
    } catch (cause) {
      return givenUp(envelope, unpublishable(where, message.subject, cause))
    }
  }
}

const NAMES = ['subject', 'id', 'value', 'key', 'encode', 'window', 'patience', 'name']

export const valueOf = <T>({ value }: Delivery<T>): unknown => value
export const keyOf = <T>({ key }: Delivery<T>): string | null => key

/** Completes when the message is stored. Throws where the message cannot be published. */
function published(publisher: Publisher, lane: Lane, message: Outgoing): Op<void> {
  const confirmed = chan<{ readonly error: unknown } | null>(1)
  publisher.publish(lane, message, { settled: (failure) => void confirmed.trySend(failure) })
  return confirmed.receive().map((answer) => {
    if (answer._tag === 'Some' && answer.value !== null) throw answer.value.error
  })
}

function encoded(encode: Encode<unknown>, value: unknown): Uint8Array | string {
  const data: unknown = encode(value) // of the user
  if (typeof data !== 'string' && !(data instanceof Uint8Array))
    throw mistyped('encode(value): the result', 'a string or a Uint8Array', data)
  return data
}

/** The subject of one message: the given one, or the result of the function of the user. */
function subjectOf<T>(operator: string, subject: string | ((from: T) => string), from: T): string {
  const to = typeof subject === 'function' ? subject(from) : subject
  if (typeof to !== 'string' || to === '') throw mistyped(`${operator}(nc, { subject }): the subject`, 'a name', to)
  return to
}

function unpublishable(where: string, subject: string, cause: unknown): UnpublishableError {
  return new UnpublishableError(where, `a message to ${JSON.stringify(subject)} cannot be published: ${headOf(cause)}`, cause)
}

/** Options of `natsDeadLetters`. */
export interface NatsDeadLetters {
  /** The subject of the dead letters; a function makes one for each. */
  readonly subject: string | ((letter: DeadDelivery) => string)
  /** Makes the bytes, or the text, of a payload; default: JSON, and bytes as they are. */
  readonly encode?: Encode<unknown>
  /** As that of `toNats`; default 30,000. */
  readonly patience?: number
}

/**
 * Dead letters for `settle`, as messages of a stream: the payload as it came, the headers that it had, and four more:
 * `millrace-cause`, `millrace-stage`, `millrace-attempts` and `millrace-position`. A message is done with its source
 * after its dead letter is stored. A dead letter that cannot be stored fails the pipeline, so that its message stays
 * with the broker. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const dead = natsDeadLetters(nc, { subject: 'users.dead' })
 * const settled = fromNats<User>(nc, { queue: 'users' }).pipe(workerPool(8, through(({ name }) => name)), settle({ deadLetters: dead }))
 * ```
 */
export function natsDeadLetters(nc: NatsConnection, options: NatsDeadLetters): (letter: DeadDelivery) => Op<void> {
  const link = connectionOf('natsDeadLetters(nc)', nc)
  checkRecord('natsDeadLetters(nc, options)', '{ subject, encode?, patience? }', options, ['subject', 'encode', 'patience'])
  const { subject, encode = toJson, patience = 30_000 } = options
  if (typeof subject !== 'function') subjectOf('natsDeadLetters', subject, null)
  checkFunction('natsDeadLetters(nc, { encode })', encode)
  checkTime('natsDeadLetters(nc, { patience })', patience)
  const publisher = publisherOf(link)
  const lane = new Lane('natsDeadLetters()', patience, publisher)
  return (letter) => {
    const { payload, key } = letter
    const to = subjectOf('natsDeadLetters', subject, letter)
    const data = payload instanceof Uint8Array ? payload : encoded(encode, payload)
    try {
      return published(publisher, lane, { subject: to, headers: headersFor(letterHeaders(letter), key, null), data })
    } catch (error) {
      return fromPromise(Promise.reject<void>(unpublishable('natsDeadLetters()', to, error)))
    }
  }
}
