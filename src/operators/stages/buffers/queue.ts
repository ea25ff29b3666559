import { Subscription, type MonoTypeOperatorFunction, type Observable, type Subscriber } from 'rxjs'
import { checkCount, checkOneOf, Ring, type Runnable } from '../../../runtime/internal.js'
import { Demand, type HeldPassages, type Hold, type Passable } from '../../demand/demand.js'
import { stageNotes } from '../../demand/unpaced.js'
import { described, Downstream, withDemand } from '../../demand/scope.js'
import { subscribeUntil } from '../../demand/intake.js'
import { HeldError } from '../../demand/errors.js'
import { operate, Stage } from '../../engine/stage.js'

/** The reaction of a full queue to an item: see `queue`. */
export type QueuePolicy = 'block' | 'drop-oldest' | 'drop-newest' | 'error'

/** Options of `queue`. */
export interface QueueOptions {
  readonly name?: string
}

/**
 * A queue of `n` items between the source and the stage below, so that neither waits for the other until the queue is
 * full or empty. The policy decides when it is full: `block` pauses the source; `drop-oldest` and `drop-newest` lose an
 * item, and `error` fails, so that any source may be above, a foreign source included.
 *
 * Shape: items pass in order. Holds `n` items. Completes when the source has completed and every item has left. Fails
 * with the error of the source, or, with `error`, with `QueueFullError`, after every item has left. Items in the queue are
 * dropped when the subscriber leaves. Throws RangeError for an `n` that is no whole number from 1 up.
 *
 * @example
 * ```ts
 * fromEvent(socket, 'message').pipe(queue(100, 'drop-oldest'), workerPool(5, handle))
 * ```
 */
export function queue<T>(n: number, policy: QueuePolicy = 'block', options?: QueueOptions): MonoTypeOperatorFunction<T> {
  checkCount('queue(n)', 1, n)
  checkOneOf('queue(n, policy)', ['block', 'drop-oldest', 'drop-newest', 'error'], policy)
  const notes = stageNotes('queue', options)
  const { name } = notes
  if (policy === 'block') return operate(notes, n, (subscriber) => new BlockingQueue<T>(subscriber, notes, n))
  return (source) =>
    described<T>({ name, holds: n, policy, source }, (subscriber) => new LosingQueue(subscriber, name, n, policy).connect(source))
}

class BlockingQueue<T> extends Stage<T, T> {
  take(value: T): void {
    this.flow.deliver(value, 1)
  }
  stopWork(): void {}
}

/** Its demand is never closed: the policy decides about items that arrive while it is full. */
class LosingQueue<T> implements Passable, Runnable {
  private readonly _downstream: Downstream<T>
  private readonly _items = new Ring<T>()
  /** The subscription to the source. */
  private readonly _upstream = new Subscription()
  private _isComplete = false
  /** An error that follows the items. */
  private _error: HeldError | null = null
  private _isOver = false
  private _waitsBelow = false
  /** Null until a passage waits. */
  private _passages: HeldPassages | null = null

  constructor(
    private readonly _subscriber: Subscriber<T>,
    private readonly _name: string,
    private readonly _n: number,
    private readonly _policy: QueuePolicy,
  ) {
    this._downstream = new Downstream(_subscriber)
  }

  connect(source: Observable<T>): void {
    this._subscriber.add(() => {
      this._isOver = true
      this._error?.lost(this._name)
    })
    this._subscriber.add(this._upstream)
    const demand = new Demand(null, this.below.scope)
    demand.stage = this
    subscribeUntil(this._upstream, withDemand(this._downstream.scope, demand), source, {
      next: (value) => this._arrive(value),
      error: (cause) => this._failed(new HeldError(cause, demand.failsWithCopy)),
      complete: () => {
        this._isComplete = true
        this.run()
      },
    })
  }

  private _arrive(value: T): void {
    const items = this._items
    if (items.size >= this._n) {
      if (this._policy === 'drop-newest') return
      if (this._policy === 'error') {
        this._upstream.unsubscribe()
        return this._failed(new HeldError(new QueueFullError(this._name, this._n)))
      }
      items.shift()
    }
    items.push(value)
    if (!this._waitsBelow) this.run()
  }

  /** Emits while there is demand. Called when an item has come, and when there is demand again. */
  run(): void {
    const items = this._items
    this._waitsBelow = false
    while (!this._isOver && items.size > 0 && this._downstream.isOpen) this._pass(items.shift() as T) // not empty
    if (!this._isOver && items.size > 0) {
      this._waitsBelow = true
      this._downstream.wait(this)
    }
    if (this._isOver || items.size > 0) return
    if (this._error !== null) this._downstream.error(this._error.release(), this._error.isCopy)
    else if (this._isComplete) this._downstream.complete()
  }

  private _pass(item: T): void {
    this._downstream.next(item)
    this._passages?.left(1, 0, (cause) => this._downstream.error(cause))
  }

  get below(): Demand {
    return this._downstream.demand
  }

  /** An item that takes the place of another counts as that item. */
  passes(then: () => void, hold: Hold): boolean {
    const held = this._items.size
    if (held > 0 && this._error === null) this._passages = hold(this._passages, then, held)
    return held === 0 && this._error === null
  }

  /** The items of the queue leave before the error. */
  private _failed(error: HeldError): void {
    if (this._isOver) return error.lost(this._name)
    this._error ??= error
    if (!this._waitsBelow) this.run()
  }
}

/** With the policy `error`: an item arrived at a full queue. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError'
  constructor(queue: string, n: number) {
    super(`millrace: stage "${queue}" is full: ${n} items wait. Raise n, or choose another policy ("block", "drop-oldest", "drop-newest")`)
  }
}
