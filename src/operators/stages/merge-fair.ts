import { from, Observable, type ObservableInput, type ObservedValueOf, type Subscriber } from 'rxjs'
import { queue, Ring, type Runnable } from '../../runtime/internal.js'
import { described } from '../engine/description.js'
import { Arrivals, stageNotes } from '../demand/intake.js'
import { Outlet } from '../demand/downstream.js'
import { subscribeAbove } from '../demand/upstream.js'

/**
 * The items of all sources, one of each in turn where several are ready: none is starved by one that always is. Holds one item of each, and
 * pauses that source meanwhile. Completes when all have; the first error is its error. The bounded twin of `merge`.
 *
 * @example
 * ```ts
 * mergeFair(fromReceiver(urgent), fromReceiver(bulk))
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- of any items
export function mergeFair<S extends ObservableInput<any>[]>(...sources: S): Observable<ObservedValueOf<S[number]>> {
  const notes = stageNotes('mergeFair', undefined)
  return described(
    new Observable((subscriber: Subscriber<ObservedValueOf<S[number]>>) => {
      const merge = new MergeFair<ObservedValueOf<S[number]>>(subscriber, sources.length)
      for (const source of sources) {
        if (subscriber.closed) break
        const input = new Input(merge, new Arrivals<ObservedValueOf<S[number]>>(notes, 1, merge.outlet.scope))
        subscriber.add(() => input.arrivals.demand.retire())
        // one of them
        subscribeAbove(subscriber, merge.outlet.scope, input.arrivals, from(source as ObservableInput<ObservedValueOf<S[number]>>), {
          next: (value) => input.arrive(value),
          error: (cause) => merge.outlet.error(cause),
          complete: () => input.complete(),
        })
      }
      if (sources.length === 0) merge.outlet.complete()
    }),
    { name: 'mergeFair', holds: sources.length, sources },
  )
}

/** Those that have an item wait in a ring for their turn; one round of it is one turn of the run queue. */
class MergeFair<T> implements Runnable {
  readonly outlet: Outlet<T>
  private readonly _ready = new Ring<Input<T>>()
  private _isQueued = false

  constructor(
    subscriber: Subscriber<T>,
    private _running: number,
  ) {
    this.outlet = new Outlet(subscriber)
  }

  hasItem(input: Input<T>): void {
    this._ready.push(input)
    if (this._isQueued) return
    this._isQueued = true
    queue.push(this)
  }

  ended(): void {
    if (--this._running === 0) this.outlet.complete()
  }

  run(): void {
    const { outlet } = this
    const { demand } = outlet
    this._isQueued = false
    for (let round = this._ready.size; round > 0 && outlet.isOpen && !outlet.isClosed; round--) this._ready.shift()?.pass(outlet)
    if (this._ready.size === 0 || outlet.isClosed) return demand.passOn()
    this._isQueued = true
    if (outlet.isOpen) return queue.push(this)
    outlet.wait(this)
    demand.passOn()
  }
}

class Input<T> {
  private _item: { readonly value: T } | null = null
  private _isDone = false

  constructor(
    private readonly merge: MergeFair<T>,
    readonly arrivals: Arrivals<T>,
  ) {}

  arrive(value: T): void {
    const unpaced = this.arrivals.look()
    if (unpaced !== null) this.merge.outlet.error(unpaced)
    else if (this._item !== null) this.arrivals.keep(value)
    else this._hold(value)
  }

  private _hold(value: T): void {
    this._item = { value }
    this.arrivals.demand.close()
    this.merge.hasItem(this)
  }

  /** It is this one's turn. */
  pass(outlet: Outlet<T>): void {
    const item = this._item as { readonly value: T } // it said that it has one
    this._item = null
    if (this.arrivals.size > 0) this._hold(this.arrivals.take())
    else this.arrivals.demand.open()
    outlet.next(item.value)
    this._checkEnd()
  }

  complete(): void {
    this._isDone = true
    this._checkEnd()
  }

  private _checkEnd(): void {
    if (!this._isDone || this._item !== null) return
    this._isDone = false // told once
    this.merge.ended()
  }
}
