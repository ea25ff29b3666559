import { from, Subscription, type Observable, type ObservableInput, type ObservedValueOf, type Subscriber } from 'rxjs'
import { queue, Ring, type AsyncScope, type Runnable } from '../../../runtime/internal.js'
import { stageNotes } from '../../demand/unpaced.js'
import { described, Downstream } from '../../demand/scope.js'
import type { HeldError } from '../../demand/errors.js'
import { checkSources, OneItemInput, type InputOwner } from '../../engine/inputs.js'

/**
 * The items of all sources, an item of each in turn where several are ready: a source that is always ready starves no
 * other. The bounded twin of `merge`.
 *
 * Shape: every item of every source, the items of one source in order. Holds 1 item of each source, which pauses
 * meanwhile. Completes when all sources have completed, at once without a source. Fails
 * with the first error of a source, after the items that were accepted before it. A subscriber that leaves unsubscribes
 * from every source.
 *
 * @example
 * ```ts
 * mergeFair(fromReceiver(urgent), fromReceiver(bulk))
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- sources of any items: their types are inferred
export function mergeFair<S extends ObservableInput<any>[]>(...sources: S): Observable<ObservedValueOf<S[number]>> {
  type Item = ObservedValueOf<S[number]>
  checkSources('mergeFair', sources)
  const notes = stageNotes('mergeFair')
  return described<Item>({ name: 'mergeFair', holds: sources.length, sources }, (subscriber) => {
    const merge = new MergeFair<Item>(subscriber, sources.length)
    subscriber.add(merge.upstream)
    for (const source of sources) {
      if (merge.upstream.closed) break
      const input = new OneItemInput<Item>(notes, merge.downstream.scope, merge)
      input.connect(merge.upstream, from(source as ObservableInput<Item>)) // every member of S is a source
    }
    if (sources.length === 0) merge.downstream.complete()
  })
}

/** Inputs with an item wait in a ring for their turn. One round of the ring is one turn of the run queue. */
class MergeFair<T> implements InputOwner<T>, Runnable {
  readonly downstream: Downstream<T>
  /** The subscriptions to the sources; they end with the first error. */
  readonly upstream = new Subscription()
  private _error: HeldError | null = null
  private readonly _ready = new Ring<OneItemInput<T>>()
  /** It is in the run queue, waits for demand, or runs. */
  private _isUnderWay = false

  constructor(
    subscriber: Subscriber<T>,
    private _running: number,
  ) {
    this.downstream = new Downstream(subscriber)
    subscriber.add(() => this._error?.lost('mergeFair'))
  }

  get scope(): AsyncScope | null {
    return this.downstream.demand.scope
  }

  arrived(input: OneItemInput<T>): void {
    this._ready.push(input)
    if (this._isUnderWay) return
    this._isUnderWay = true
    queue.push(this)
  }

  completed(input: OneItemInput<T>): void {
    if (!input.hasItem) this._ended()
  }

  failed(cause: unknown): void {
    this.downstream.error(cause)
  }

  /** No source goes on; the items of all sources that were accepted leave before the error. */
  sourceFailed(error: HeldError): void {
    if (this.downstream.isClosed) return error.lost('mergeFair')
    this._error ??= error
    this.upstream.unsubscribe()
    if (this._ready.size === 0) this._ended()
  }

  private _ended(): void {
    if (this._error !== null) this.downstream.error(this._error.release(), this._error.isCopy)
    else if (--this._running === 0) this.downstream.complete()
  }

  run(): void {
    const { downstream } = this
    for (let round = this._ready.size; round > 0 && downstream.isOpen && !downstream.isClosed; round--) this._pass()
    this._isUnderWay = this._ready.size > 0 && !downstream.isClosed
    if (this._isUnderWay && downstream.isOpen) return queue.push(this)
    if (this._isUnderWay) downstream.wait(this)
  }

  private _pass(): void {
    const input = this._ready.shift() as OneItemInput<T> // its size is above 0
    const item = input.take()
    if (input.hasItem) this._ready.push(input)
    const isLast = this._error === null ? input.isExhausted : this._ready.size === 0
    this.downstream.next(item)
    input.passed()
    if (isLast && !this.downstream.isClosed) this._ended()
  }
}
