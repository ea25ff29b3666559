/** The stage that publishes a message for each delivery, in the order of the deliveries, and of those of a key through every attempt. */
import type { OperatorFunction, Subscriber } from 'rxjs'
import { NOTHING, operate, Pool, workerPlan, type WorkerPlan, type WorkerSlot } from '../../../operators/internal.js'
import { envelopeOf, type Delivery, type Envelope } from '../delivery.js'
import { KeyOrder } from './key-order.js'
import { Publication } from './publication.js'

/** Makes the publication of a message. */
export type Publishes<T, M> = (delivery: Envelope<T>, key: string | null, message: M) => Publication<T, M>

export interface PublishStageParts<T, M> {
  /** The name of the stage. */
  readonly name: string
  /** Messages that are under way. */
  readonly window: number
  /** One message of a key is under way at a time, or several are, which the publisher stores in order: see KeyOrder. */
  readonly keys: 'alone' | 'together'
  /** The publication for a delivery: the result of `made`, or of `givenUp`. A throw is a failure of the work. */
  publication(delivery: Delivery<T>, made: Publishes<T, M>): Publication<T, M>
  /** Sends the message. Calls `settled` or `givenUp` of the publication, once. */
  send(publication: Publication<T, M>): void
}

/**
 * Shape: one to one, in order. Holds `window` deliveries. After a message was refused, later ones of its key wait until it is stored or
 * given up; messages without a key wait for no other.
 */
export function publishStage<T, M>(parts: PublishStageParts<T, M>): OperatorFunction<Delivery<T>, Delivery<T>> {
  const { name, window, keys } = parts
  const planOf = (order: KeyOrder): WorkerPlan<Delivery<T>, Delivery<T>> => {
    const way = { order, send: (publication: Publication<T, M>) => parts.send(publication) }
    const made: Publishes<T, M> = (delivery, key, message) => new Publication(delivery, key, message, way)
    const publish = (delivery: Delivery<T>): Publication<T, M> => {
      const envelope = envelopeOf(`${name}: an item`, delivery)
      const { refusal } = envelope.right
      if (refusal !== null) return givenUp(envelope, refusal)
      const begun = parts.publication(delivery, made)
      if (begun instanceof Publication) order.enter(begun)
      return begun
    }
    return workerPlan({ operator: 'workerPool', own: [] }, window, publish as never, { name }) // an operation of a delivery is work
  }
  const { notes } = planOf(new KeyOrder(keys))
  return operate(notes, window, (subscriber) => {
    const order = new KeyOrder(keys)
    return new PublishStage(subscriber, { ...planOf(order), notes }, order)
  })
}

/** The delivery can never be published. */
export function givenUp(delivery: Envelope<unknown>, cause: unknown): never {
  if (!delivery.right.isSettled) delivery.reject(cause)
  return NOTHING as never // the engine knows it: the delivery has left
}

class PublishStage<T> extends Pool<Delivery<T>, Delivery<T>> {
  constructor(
    subscriber: Subscriber<Delivery<T>>,
    plan: WorkerPlan<Delivery<T>, Delivery<T>>,
    private readonly _keyOrder: KeyOrder,
  ) {
    super(subscriber, plan, true)
  }

  /** The work has ended without a result: the message was given up, and later ones of its key go on. */
  override done(slot: WorkerSlot<Delivery<T>, Delivery<T>>): void {
    const { value } = slot
    super.done(slot)
    if (value !== undefined) this._keyOrder.left(value)
  }
}
