import type { OperatorFunction } from 'rxjs'
import type { Op } from '../../runtime/index.js'
import { checkCount, checkFunction, checkTime } from '../../runtime/internal.js'
import type { DeadDelivery, Delivery } from '../broker/index.js'
import { checkText, envelopeOf, givenUp, jsonOf, letterHeaders, publishStage } from '../broker/internal.js'
import { checkClient, checkOptionsOf, checkTopic, type KafkaClient, type KafkaOptions } from './client.js'
import { Cluster } from './cluster.js'
import { KafkaTooLargeError } from './errors.js'
import { Publisher, type Publishing } from './publisher.js'

/** A topic that is published to. */
export interface KafkaTopicOptions extends KafkaOptions {
  /** The topic. `plan(client, { log: topic }).apply()` creates one. */
  readonly topic: string
  /** The most bytes of a value, as JSON in UTF-8; default 1,000,000, about what a topic takes by default (`max.message.bytes`). */
  readonly maxBytes?: number
}

/** Options of `toKafka`. */
export interface ToKafka<T> extends KafkaTopicOptions {
  /** The value, which is stored as JSON; default: that of the delivery. */
  readonly value?: (delivery: Delivery<T>) => unknown
  /** The key, whose hash says the partition, as with Kafka's own clients; default: that of the delivery. */
  readonly key?: (delivery: Delivery<T>) => string | null
  /** Messages that are published and not stored; default 256. */
  readonly window?: number
}

const OF_TOPIC = ['topic', 'maxBytes', 'patience']
const NAMES = [...OF_TOPIC, 'value', 'key', 'window']

/**
 * Stores a message for each delivery, with its value, key and headers, and passes the delivery on, in order, when all replicas that are
 * in sync have it. Messages that wait are stored together. While the servers are away they are tried again, for `patience` ms, and stored
 * once all the same, because the broker knows them by number; a message that is published again by a pipeline that was killed is another.
 * Messages without a key are dealt to the partitions in turn, batch by batch.
 *
 * After a message was refused, later ones of its key wait until it is stored or given up.
 *
 * Shape: one to one, in order. Holds `window` deliveries. A message fails as work of a worker does, so that `settle` tries
 * again: KafkaSetupError where the topic is missing, KafkaAwayError, KafkaClosedError, KafkaRefusedError, and KafkaTooLargeError where
 * it is larger than the topic allows. A value without JSON is given up at once, with TypeError, and one of more than `maxBytes` with
 * KafkaTooLargeError. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const names = toKafka<string>(kafka, { topic: 'names', key: ({ value }) => value.slice(0, 1) })
 * const settled = fromKafka<User>(kafka, { log: 'users' }).pipe(workerPool(8, through(({ name }) => name)), names, settle())
 * ```
 */
export function toKafka<T>(client: KafkaClient, options: ToKafka<T>): OperatorFunction<Delivery<T>, Delivery<T>> {
  checkClient('toKafka(client)', client)
  checkOptionsOf('toKafka(client, options)', options, '{ topic, and more }', NAMES)
  const { value = valueOf, key = keyOf, window = 256 } = options
  const { topic, maxBytes, patience } = settingsOf('toKafka(client', options)
  checkFunction('toKafka(client, { value })', value)
  checkFunction('toKafka(client, { key })', key)
  checkCount('toKafka(client, { window })', 1, window)
  const publisher = new Publisher(new Cluster('toKafka()', client, patience), topic)
  return publishStage<T, Publishing>({
    name: `to ${topic}`,
    window,
    keys: 'together',
    publication(delivery, made) {
      const envelope = envelopeOf('toKafka(): an item', delivery)
      const text = key(delivery)
      if (text !== null) checkText('toKafka(client, { key }): the result', 'a string or null', text)
      const given = value(delivery)
      let bytes: Buffer
      try {
        bytes = limited('toKafka()', jsonOf('toKafka(): the value', given), maxBytes)
      } catch (cause) {
        return givenUp(envelope, cause)
      }
      return made(envelope, text, { value: bytes, key: bytesOf(text), headers: delivery.headers })
    },
    send: (publication) => publisher.add(publication),
  })
}

const valueOf = <T>({ value }: Delivery<T>): unknown => value
const keyOf = <T>({ key }: Delivery<T>): string | null => key

function bytesOf(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'utf8')
}

function settingsOf(where: string, { topic, maxBytes = 1_000_000, patience = 30_000 }: KafkaTopicOptions) {
  checkTopic(`${where}, { topic })`, topic)
  checkCount(`${where}, { maxBytes })`, 1, maxBytes)
  checkTime(`${where}, { patience })`, patience)
  return { topic, maxBytes, patience }
}

/** The bytes of a text, where they are no more than may be. */
function limited(where: string, text: string, maxBytes: number): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  if (bytes.length > maxBytes) throw new KafkaTooLargeError(where, bytes.length, maxBytes)
  return bytes
}

/**
 * Dead letters for `settle`, as messages of a topic: the payload as it came, the headers that it had, and four more:
 * `millrace-cause`, `millrace-stage`, `millrace-attempts` and `millrace-position`. A message is done with its source after its
 * dead letter is stored. A dead letter that cannot be stored fails the pipeline, so that its message stays. Throws
 * TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const dead = kafkaDeadLetters(kafka, { topic: 'users.dead' })
 * const users = fromKafka<User>(kafka, { log: 'users' })
 * const settled = users.pipe(workerPool(8, through(({ name }) => name)), settle({ deadLetters: dead }))
 * ```
 */
export function kafkaDeadLetters(client: KafkaClient, options: KafkaTopicOptions): (letter: DeadDelivery) => Op<void> {
  checkClient('kafkaDeadLetters(client)', client)
  checkOptionsOf('kafkaDeadLetters(client, options)', options, '{ topic, and more }', OF_TOPIC)
  const { topic, maxBytes, patience } = settingsOf('kafkaDeadLetters(client', options)
  const publisher = new Publisher(new Cluster('kafkaDeadLetters()', client, patience), topic)
  return (letter) => {
    const value = limited('kafkaDeadLetters()', jsonOf('kafkaDeadLetters(): the payload', letter.payload), maxBytes)
    return publisher.publish({ value, key: bytesOf(letter.key), headers: letterHeaders(letter) })
  }
}
