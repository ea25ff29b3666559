import { Observable, type MonoTypeOperatorFunction, type Subscriber } from 'rxjs'
import { checkCount, mistyped, Ring, type Runnable } from '../../runtime/internal.js'
import { StageNotes } from '../demand/intake.js'
import { described } from '../engine/description.js'
import { Outlet } from '../demand/downstream.js'
import { Demand, withDemand } from '../demand/scope.js'
import { operate, Stage } from '../engine/stage.js'
import { subscribeUntil } from '../demand/upstream.js'

export type QueuePolicy = 'block' | 'drop-oldest' | 'drop-newest' | 'error'

export interface QueueOptions {
  readonly name?: string
}

/**
 * A queue of `n` items between what is above and what is below, so that neither waits for the other until it is full, or empty. When it is
 * full the policy decides: `block` pauses the source; the others take from any source and lose the oldest or the newest item, or fail.
 *
 * @example
 * ```ts
 * fromEvent(socket, 'message').pipe(queue(100, 'drop-oldest'), workerPool(5, handle))
 * ```
 */
export function queue<T>(n: number, policy: QueuePolicy = 'block', options?: QueueOptions): MonoTypeOperatorFunction<T> {
  checkCount('queue(n)', 1, n)
  if (!['block', 'drop-oldest', 'drop-newest', 'error'].includes(policy))
    throw mistyped('queue(n, policy)', '"block", "drop-oldest", "drop-newest" or "error"', policy)
  const name = options?.name ?? 'queue'
  const notes = new StageNotes(name, 'keep')
  if (policy === 'block') return operate(notes, n, (subscriber) => new BlockingQueue<T>(subscriber, notes, n))
  return (source) =>
    described(new Observable((subscriber) => new LosingQueue(subscriber, name, n, policy).connect(source)), {
      name,
      holds: n,
      policy,
      source,
    })
}

class BlockingQueue<T> extends Stage<T, T> {
  take(value: T): void {
    this.flow.deliver(value, 1)
  }
  stopWork(): void {}
}

/** Its demand is never closed; what arrives while it is full is its own business. */
class LosingQueue<T> implements Runnable {
  private readonly _outlet: Outlet<T>
  private readonly _items = new Ring<T>()
  private _sourceIsDone = false
  private _isOver = false
  private _waitsBelow = false

  constructor(
    private readonly _subscriber: Subscriber<T>,
    private readonly _name: string,
    private readonly _n: number,
    private readonly _policy: QueuePolicy,
  ) {
    this._outlet = new Outlet(_subscriber)
  }

  connect(source: Observable<T>): void {
    this._subscriber.add(() => void (this._isOver = true))
    subscribeUntil(this._subscriber, withDemand(this._outlet.scope, new Demand()), source, {
      next: (value) => this._arrive(value),
      error: (cause) => this._outlet.error(cause),
      complete: () => {
        this._sourceIsDone = true
        this.run()
      },
    })
  }

  private _arrive(value: T): void {
    const items = this._items
    if (items.size >= this._n) {
      if (this._policy === 'drop-newest') return
      if (this._policy === 'error') return this._outlet.error(new QueueFullError(this._name, this._n))
      items.shift()
    }
    items.push(value)
    if (!this._waitsBelow) this.run()
  }

  /** Passes on what is wanted below; called when there is something, and when there is demand again. */
  run(): void {
    const { demand } = this._outlet
    const items = this._items
    this._waitsBelow = false
    while (!this._isOver && items.size > 0 && this._outlet.isOpen) this._outlet.next(items.shift() as T) // its size says that there is one
    if (!this._isOver && items.size > 0) {
      this._waitsBelow = true
      this._outlet.wait(this)
    }
    demand.passOn()
    if (items.size === 0) {
      if (this._sourceIsDone && !this._isOver) this._outlet.complete()
    }
  }
}

/** With the policy `error`: an item arrived at a queue that is full. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError'
  constructor(queue: string, n: number) {
    super(`millrace: stage "${queue}" is full: ${n} items wait`)
  }
}
