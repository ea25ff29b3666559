import { from, Observable, type ObservableInput, type Subscriber } from 'rxjs'
import type { Runnable } from '../../runtime/internal.js'
import { Arrivals, stageNotes } from '../demand/intake.js'
import { described } from '../engine/description.js'
import { Outlet } from '../demand/downstream.js'
import { subscribeAbove } from '../demand/upstream.js'

/**
 * The first items of all sources together, then the second, and so on; a source that is ahead waits for the others, one item in hand. Completes
 * when no further tuple can come; the first error is its error. The bounded twin of `zip`.
 *
 * @example
 * ```ts
 * zipBounded(fromReceiver(questions), fromReceiver(answers)).pipe(workerPool(2, ([question, answer]) => mark(question, answer)))
 * ```
 */
export function zipBounded<A extends readonly unknown[]>(...sources: { [K in keyof A]: ObservableInput<A[K]> }): Observable<A> {
  const notes = stageNotes('zipBounded', undefined)
  return described(
    new Observable((subscriber: Subscriber<A>) => {
      const zip = new Zip(subscriber)
      for (const [i, source] of sources.entries()) {
        if (subscriber.closed) break
        const input = (zip.inputs[i] = new Input(zip, new Arrivals<unknown>(notes, 1, zip.outlet.scope)))
        subscriber.add(() => input.arrivals.demand.retire())
        subscribeAbove(subscriber, zip.outlet.scope, input.arrivals, from(source), {
          next: (value) => input.arrive(value),
          error: (cause) => zip.outlet.error(cause),
          complete: () => input.complete(),
        })
      }
      zip.begin()
    }),
    { name: 'zipBounded', holds: sources.length, sources },
  )
}

class Zip<A extends readonly unknown[]> implements Runnable {
  readonly outlet: Outlet<A>
  readonly inputs: Input[] = []
  private _hasBegun = false
  private _waitsBelow = false

  constructor(subscriber: Subscriber<A>) {
    this.outlet = new Outlet(subscriber)
  }

  /** All are subscribed to. */
  begin(): void {
    this._hasBegun = true
    if (this.inputs.length === 0) this.outlet.complete()
    else this.look()
  }

  /** The demand below is open again. */
  run(): void {
    this._waitsBelow = false
    this.look()
    this.outlet.demand.passOn()
  }

  /** Something has come, or ended. */
  look(): void {
    const { outlet, inputs } = this
    while (this._hasBegun && !this._waitsBelow && !outlet.isClosed && inputs.every((input) => input.hasItem)) {
      if (!outlet.isOpen) {
        this._waitsBelow = true
        return outlet.wait(this)
      }
      outlet.next(inputs.map((input) => input.take()) as unknown as A) // an item of each, in order
    }
    if (this._hasBegun && !this._waitsBelow && inputs.some((input) => input.isExhausted)) outlet.complete()
  }
}

class Input {
  private _item: { readonly value: unknown } | null = null

  constructor(
    private readonly zip: { readonly outlet: Outlet<never>; look(): void },
    readonly arrivals: Arrivals<unknown>,
  ) {}

  get hasItem(): boolean {
    return this._item !== null
  }

  get isExhausted(): boolean {
    return this.arrivals.demand.isComplete && this._item === null
  }

  arrive(value: unknown): void {
    const unpaced = this.arrivals.look()
    if (unpaced !== null) this.zip.outlet.error(unpaced)
    else if (this._item !== null) this.arrivals.keep(value)
    else {
      this._item = { value }
      this.arrivals.demand.close()
      this.zip.look()
    }
  }

  take(): unknown {
    const { value } = this._item as { readonly value: unknown } // it was asked
    const { arrivals } = this
    this._item = arrivals.size > 0 ? { value: arrivals.take() } : null
    if (this._item === null) arrivals.demand.open()
    return value
  }

  complete(): void {
    this.zip.look()
  }
}
