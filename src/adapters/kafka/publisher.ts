/**
 * Publishing to a topic: the messages of a batch go to the leaders of their partitions, each of which may refuse its part by itself.
 *
 * Always true:
 * - messages of a partition are stored in the order in which they were given;
 * - messages that may be stored are sent again with their sequence numbers, so that the broker stores them once; where they were given
 *   up, the publisher takes a new number of its own, because the broker may have the old ones.
 */
import { initProducerIdV5, murmur2, NetworkError, NumericMap, produceV11, type MessageRecord } from '@platformatic/kafka'
import { after, fromPromise, select, sleep } from '../../runtime/index.js'
import { time } from '../../runtime/internal.js'
import { BatchPublisher, type Unstored } from '../broker/internal.js'
import { answerIn, isAway, says, translated } from './client.js'
import { ANSWER, type Cluster } from './cluster.js'
import { KafkaAwayError, KafkaClosedError, KafkaTooLargeError } from './errors.js'

export interface Publishing {
  readonly value: Buffer
  readonly key: Buffer | null
  readonly headers: ReadonlyMap<string, string>
}

/** The most messages of a batch, and about as many bytes: what a topic takes at once by default. */
const MOST = 512
const MOST_BYTES = 900_000
/** ms between two attempts. */
const PAUSE = 100
/** ms that the brokers may take to store a batch on all replicas. */
const STORING = 15_000
const ALL_REPLICAS = -1

const TOO_LARGE = 10
const OUT_OF_ORDER = 45
const KNOWN = 46
const FENCED = 47
const UNKNOWN_PRODUCER = 59
/** Sequence numbers are of 31 bits. */
const LAST_SEQUENCE = 2 ** 31 - 2 * MOST

type Answer = produceV11.ProduceResponse

interface Part {
  readonly partition: number
  readonly messages: readonly Unstored<Publishing>[]
}

/** Parts that were sent to a leader, with its answer or an error, or with both. */
interface Sent {
  readonly some: readonly Part[]
  readonly answer: Answer | null
  readonly error: unknown
}

export class Publisher extends BatchPublisher<Publishing> {
  private _producer: { readonly producerId: bigint; readonly producerEpoch: number } | null = null
  private _sequences = new NumericMap()
  private _turn = 0
  private _since: number | null = null
  /** The keys of the messages of the batch that the broker has refused by themselves. */
  private readonly _refused = new Set<string>()

  constructor(
    private readonly _cluster: Cluster,
    private readonly _topic: string,
  ) {
    super()
  }

  protected sizeOf(waiting: readonly Unstored<Publishing>[]): number {
    let [n, size] = [0, 0]
    for (const { message } of waiting) {
      size += message.value.length
      if (n === MOST || (n > 0 && size > MOST_BYTES)) break
      n++
    }
    return n
  }

  protected *store(batch: readonly Unstored<Publishing>[]): Generator<never, void> {
    this._since = null
    this._refused.clear()
    let left = yield* this._dealt(batch)
    try {
      while (left.length > 0) left = this._notBehind(yield* this._stored(left))
    } catch (error) {
      this._producer = null
      for (const { messages } of left) for (const one of messages) one.settled({ error })
    }
  }

  /** Without the messages behind a refused one of their key, which come again with the next batch. */
  private _notBehind(parts: readonly Part[]): readonly Part[] {
    if (this._refused.size === 0) return parts
    const isBehind = ({ message: { key } }: Unstored<Publishing>): boolean => key !== null && this._refused.has(key.toString('utf8'))
    for (const { messages } of parts) for (const one of messages) if (isBehind(one)) this.add(one)
    const rest = parts.map(({ partition, messages }) => ({ partition, messages: messages.filter((one) => !isBehind(one)) }))
    return rest.filter(({ messages }) => messages.length > 0)
  }

  /** The messages of each partition: by the hash of their key, as Kafka's own clients do it; without keys in turn. */
  private *_dealt(batch: readonly Unstored<Publishing>[]): Generator<never, readonly Part[]> {
    const { leaders } = yield* this._cluster.asked(() => this._cluster.topic(this._topic))
    const parts = new Map<number, Unstored<Publishing>[]>()
    const turn = this._turn++ % leaders.length
    for (const one of batch) {
      const { key } = one.message
      const partition = key === null ? turn : (murmur2(key) & 0x7fffffff) % leaders.length
      const messages = parts.get(partition)
      if (messages === undefined) parts.set(partition, [one])
      else messages.push(one)
    }
    return [...parts].map(([partition, messages]) => ({ partition, messages }))
  }

  /** Sends the first part of each partition, and returns those that are to be sent again, or after them. */
  private *_stored(parts: readonly Part[]): Generator<never, readonly Part[]> {
    yield* this._prepare()
    const { leaders } = yield* this._cluster.asked(() => this._cluster.topic(this._topic))
    const first = new Map<number, Part>()
    for (const part of parts) if (!first.has(part.partition)) first.set(part.partition, part)
    const later = parts.filter((part) => first.get(part.partition) !== part)
    const byLeader = new Map<number, Part[]>()
    for (const part of first.values()) byLeader.set(leaders[part.partition], [...(byLeader.get(leaders[part.partition]) ?? []), part])
    const again: Part[] = []
    let failure: unknown = null
    for (const { some, answer, error } of yield* this._answers(byLeader))
      for (const part of some) {
        const left = answer === null ? [part] : this._answered(part, answer, error)
        again.push(...left)
        if (left.length === 1) failure = error // more: it was split
      }
    if (failure !== null) yield* this._pause(failure)
    return [...again, ...later]
  }

  /** Sends the parts to their leaders. Where one of them does not answer, its connection is closed, and its answer is an error. */
  private *_answers(byLeader: ReadonlyMap<number, readonly Part[]>): Generator<never, readonly Sent[]> {
    const began = time.timers.now()
    const sent = Promise.all([...byLeader].map(([leader, some]) => this._sent(leader, some)))
    const { case: which, value } = yield* select({ sent: fromPromise(sent), late: after(STORING + ANSWER) })
    if (which === 'sent') return value
    this._since ??= began
    this._cluster.disconnect()
    const failed = yield* select({ sent: fromPromise(sent), late: after(PAUSE) })
    if (failed.case === 'sent') return failed.value
    throw new KafkaAwayError(this._cluster.where, this._cluster.patience, new NetworkError('no answer'))
  }

  private async _sent(leader: number, some: readonly Part[]): Promise<Sent> {
    const topic = this._topic
    const records = some.flatMap(({ partition, messages }) => messages.map(({ message }) => recordOf(message, topic, partition)))
    const { producerId, producerEpoch } = this._producer as NonNullable<typeof this._producer> // prepared
    try {
      const connection = await this._cluster.connection(leader)
      const facts = { producerId, producerEpoch, sequences: this._sequences }
      const answer = (await produceV11.api.async(connection, ALL_REPLICAS, STORING, records, facts)) as Answer // acknowledged
      return { some, answer, error: null }
    } catch (error) {
      return { some, answer: answerIn<Answer>(error), error }
    }
  }

  /** The parts of a part that are to be sent again. */
  private _answered(part: Part, answer: Answer, error: unknown): readonly Part[] {
    const { partition, messages } = part
    const { where } = this._cluster
    const is = answer.responses[0]?.partitionResponses.find(({ index }) => index === partition)
    if (is === undefined) return [part]
    if (is.errorCode === 0 || is.errorCode === KNOWN) {
      this._sequences.postIncrement(`${this._topic}:${partition}`, messages.length, 0)
      for (const one of messages) one.settled(null)
      return []
    }
    if (is.errorCode === TOO_LARGE) {
      if (messages.length > 1) return messages.map((one) => ({ partition, messages: [one] })) // together they are too large
      const [one] = messages
      if (one.message.key !== null) this._refused.add(one.message.key.toString('utf8'))
      one.settled({ error: new KafkaTooLargeError(where, one.message.value.length, null) })
      return []
    }
    if (is.errorCode === OUT_OF_ORDER || is.errorCode === FENCED || is.errorCode === UNKNOWN_PRODUCER) {
      this._producer = null
      return [part]
    }
    if (isAway(error)) return [part]
    for (const one of messages) one.settled({ error: translated(where, error) })
    return []
  }

  /** The broker is away, or leads the partition no more. */
  private *_pause(failure: unknown): Generator<never, void> {
    const { patience, where, client } = this._cluster
    this._cluster.forget()
    if (client.closed) throw new KafkaClosedError(where)
    const mayPass = isAway(failure) || says(failure, /^(?:OUT_OF_ORDER_SEQUENCE_NUMBER|UNKNOWN_PRODUCER_ID|INVALID_PRODUCER_EPOCH)$/)
    if (!mayPass) throw translated(where, failure)
    this._since ??= time.timers.now()
    if (time.timers.now() - this._since >= patience) throw new KafkaAwayError(where, patience, failure)
    yield* sleep(PAUSE)
  }

  private *_prepare(): Generator<never, void> {
    for (const last of this._sequences.values()) if (last > LAST_SEQUENCE) this._producer = null
    if (this._producer !== null) return
    this._producer = yield* this._cluster.asked(
      async () => await initProducerIdV5.api.async(await this._cluster.connection(), null, 0, -1n, -1),
    )
    this._sequences = new NumericMap()
  }
}

function recordOf({ key, value, headers }: Publishing, topic: string, partition: number): MessageRecord {
  const facts = { topic, partition, value, ...(key !== null && { key }) }
  if (headers.size === 0) return facts
  return { ...facts, headers: new Map([...headers].map(([name, text]) => [Buffer.from(name), Buffer.from(text)])) }
}
