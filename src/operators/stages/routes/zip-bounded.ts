import { from, type Observable, type ObservableInput, type Subscriber } from 'rxjs'
import type { Runnable } from '../../../runtime/internal.js'
import { stageNotes } from '../../demand/unpaced.js'
import { described, Downstream } from '../../demand/scope.js'
import type { HeldError } from '../../demand/errors.js'
import { checkSources, OneItemInput, type InputOwner } from '../../engine/inputs.js'

/**
 * The first items of all sources together, then the second items, and so on. A source that is ahead waits for the
 * others. The bounded twin of `zip`.
 *
 * Shape: tuples, an item of each source. Holds 1 item of each source. Completes when no further tuple can come: a
 * source has completed and its item has left; at once without a source. Fails with the error of a source in place of its next item. A
 * subscriber that leaves unsubscribes from every source.
 *
 * @example
 * ```ts
 * zipBounded(fromReceiver(questions), fromReceiver(answers)).pipe(workerPool(2, ([question, answer]) => mark(question, answer)))
 * ```
 */
export function zipBounded<A extends readonly unknown[]>(...sources: { [K in keyof A]: ObservableInput<A[K]> }): Observable<A> {
  checkSources('zipBounded', sources)
  const notes = stageNotes('zipBounded')
  return described<A>({ name: 'zipBounded', holds: sources.length, sources }, (subscriber) => {
    const zip = new Zip<A>(subscriber)
    for (const source of sources) {
      if (subscriber.closed) break
      const input = new OneItemInput<unknown>(notes, zip.downstream.scope, zip)
      zip.inputs.push(input)
      input.connect(subscriber, from(source))
    }
    zip.begin()
  })
}

/** Always true: a tuple leaves only when every input has an item, and takes one item of each. */
class Zip<A extends readonly unknown[]> implements InputOwner<unknown>, Runnable {
  readonly downstream: Downstream<A>
  readonly inputs: OneItemInput<unknown>[] = []
  private _hasBegun = false
  private _waitsBelow = false

  constructor(subscriber: Subscriber<A>) {
    this.downstream = new Downstream(subscriber)
    subscriber.add(() => {
      for (const { held } of this.inputs) held?.lost('zipBounded')
    })
  }

  /** Every source was subscribed to. */
  begin(): void {
    this._hasBegun = true
    if (this.inputs.length === 0) this.downstream.complete()
    else this._zip()
  }

  arrived(): void {
    this._zip()
  }

  completed(): void {
    this._zip()
  }

  failed(cause: unknown): void {
    this.downstream.error(cause)
  }

  sourceFailed(error: HeldError): void {
    if (this.downstream.isClosed) error.lost('zipBounded')
    else this._zip()
  }

  /** The demand below is open again. */
  run(): void {
    this._waitsBelow = false
    this._zip()
  }

  private _zip(): void {
    const { downstream, inputs } = this
    if (!this._hasBegun || this._waitsBelow) return
    while (!downstream.isClosed && inputs.every((input) => input.hasItem)) {
      if (!downstream.isOpen) {
        this._waitsBelow = true
        return downstream.wait(this)
      }
      downstream.next(inputs.map((input) => input.take()) as unknown as A) // an item of each source, in order
      for (const input of inputs) input.passed()
      if (this._waitsBelow) return
    }
    if (downstream.isClosed) return
    const exhausted = inputs.filter((input) => input.isExhausted)
    if (exhausted.length === 0) return
    const failed = exhausted.find((input) => input.held !== null)
    if (failed === undefined) downstream.complete()
    else downstream.error(failed.held?.release(), failed.held?.isCopy)
  }
}
