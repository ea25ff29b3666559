/**
 * The topics of stages in two streams, with a consumer for each topic.
 *
 * Always true:
 * - an item is in the stream of items until it is settled, also while no process serves its stage;
 * - the consumer of a topic of a process is there before a message that asks for a reply is sent, since the stream of replies
 *   keeps only what has a consumer; the server removes it a while after its process has ended.
 */
import type { Observable, OperatorFunction } from 'rxjs'
import { fromPromise, type Op } from '../../runtime/index.js'
import { workerPool, type Work } from '../../operators/index.js'
import { NOTHING } from '../../operators/internal.js'
import { fromPull, type Delivery, type StageTopics } from '../broker/index.js'
import { envelopeOf, performing } from '../broker/internal.js'
import type { Connection } from './connection.js'
import { createConsumer, type Target } from './consumer.js'
import { keyIn, subjectToken, type Decode, type Encode } from './message.js'
import { nanosOf, type Reading } from './pulling.js'
import { QueueDriver } from './queue-driver.js'
import { keyOf, publishes, valueOf } from './to-nats.js'

export type Kind = 'items' | 'replies'

/** Items wait for a process that serves; a reply that nobody waits for is not kept. */
export const KINDS: readonly { readonly kind: Kind; readonly retention: string }[] = [
  { kind: 'items', retention: 'workqueue' },
  { kind: 'replies', retention: 'interest' },
]

export function streamOf(stages: string, kind: Kind): string {
  return `${stages}-${kind}`
}

export function subjectsOfTopics(stages: string, kind: Kind): string {
  return `${stages}.${kind}`
}

export interface TopicsParts {
  readonly link: Connection
  /** The call, for errors. */
  readonly where: string
  readonly stages: string
  /** ms: the lease of an item. */
  readonly lease: number
  readonly patience: number
  readonly encode: Encode<unknown>
  readonly decode: Decode<unknown>
}

/** Messages that are published and not confirmed. */
const WINDOW = 256
const NO_LIMIT = -1

export class Topics implements StageTopics {
  protected readonly target: Target
  private readonly _reading: Reading<unknown>

  constructor(
    protected readonly parts: TopicsParts,
    private readonly _kind: Kind,
    /** Completes when the topics of this process can take replies; null when they can. */
    private readonly _opening: () => Promise<unknown> | null,
  ) {
    const { where, stages, patience, decode } = parts
    this.target = { where, stream: streamOf(stages, _kind), group: '', patience }
    this._reading = { decode, key: ({ headers }) => keyIn(headers) }
  }

  from<T>({ queue, name = `from ${queue}` }: { readonly queue: string; readonly name?: string }): Observable<Delivery<T>> {
    return this.source(queue, name, () => this.create(queue))
  }

  protected source<T>(topic: string, name: string, prepare: () => Promise<unknown>): Observable<Delivery<T>> {
    const { link, lease } = this.parts
    const beat = Math.min(1000, lease / 3)
    const parts = { ...this.target, group: subjectToken(topic), link, beat, reading: this._reading, prepare }
    return fromPull<T>((open) => new QueueDriver<T>(parts, open), { name, beat })
  }

  protected create(topic: string, more: object = {}): Promise<void> {
    const { link, lease } = this.parts
    const settings = {
      filter_subject: this._subjectOf(topic),
      ack_policy: 'explicit',
      ack_wait: nanosOf(lease),
      max_ack_pending: NO_LIMIT, // each process asks only for what has a place
      deliver_policy: 'all',
      ...more,
    }
    return createConsumer(link, subjectToken(topic), settings, this.target)
  }

  private _subjectOf(topic: string): string {
    return `${subjectsOfTopics(this.parts.stages, this._kind)}.${subjectToken(topic)}`
  }

  to<T>({ topic }: { readonly topic: (delivery: Delivery<T>) => string }): OperatorFunction<Delivery<T>, Delivery<T>> {
    const { link, where, encode, patience } = this.parts
    const subject = (delivery: Delivery<T>): string => this._subjectOf(topic(delivery))
    const id = (delivery: Delivery<T>): string => `${topic(delivery)} ${String(delivery.position)}`
    const publish = publishes<T>(where, link, { subject, id, value: valueOf, key: keyOf, encode, patience })
    const rejecting = (delivery: Delivery<T>): Op<Delivery<T>> => {
      try {
        return publish(delivery)
      } catch (cause) {
        if (!envelopeOf(where, delivery).right.isSettled) delivery.reject(cause) // the value cannot be encoded
        return NOTHING as never // the engine knows it: the delivery has left
      }
    }
    const later = function* (opening: Promise<unknown>, delivery: Delivery<T>): Generator<never, unknown> {
      yield* fromPromise(opening)
      return yield* performing('link.to()', rejecting(delivery))
    }
    const work = (delivery: Delivery<T>): Work<Delivery<T>> => {
      const opening = this._opening()
      return opening === null ? rejecting(delivery) : (later(opening, delivery) as Work<never>) // as `rejecting`
    }
    return workerPool(WINDOW, work, { ordered: true, name: `to ${this.target.stream}` })
  }
}
