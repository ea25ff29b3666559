import { causeOfThrown, checkMethod } from '../../../runtime/internal.js'
import { checkBuffer, Inbox, type BufferOptions, type EventReceiver } from './inbox.js'

/** The observer that `subscribe` of an Observable takes. */
export interface ObserverLike<T> {
  /** Takes a value. */
  next(value: T): void
  /** Takes the failure; nothing comes after it. */
  error(cause: unknown): void
  /** Takes the end; nothing comes after it. */
  complete(): void
}

/** The part of an Observable that is used: of the platform (`target.when(type)`), of RxJS 7 and 9, and of other makers. */
export interface ObservableLike<T> {
  /** Subscribes. The end of the signal, or `unsubscribe()` of the result, ends the subscription. */
  subscribe(observer: ObserverLike<T>, options?: { readonly signal: AbortSignal }): unknown
}

/**
 * The values of an Observable as a receiver, from now on: of the platform, of RxJS 7 and 9, and of any object with
 * `Symbol.observable`. An Observable does not wait, so the buffer is stated: `capacity` values wait for a receive, and
 * `policy` says what happens to the next. `cancel` and `using` unsubscribe.
 *
 * A receive waits for a value, and results in none after the last. It throws the error of the Observable, the same object,
 * after the values that wait; OverflowError with the policy `error`, and the cause of `cancel`. Throws TypeError and RangeError for bad
 * arguments. Sources: the Observable of WICG, and its predecessor of TC39.
 *
 * @example
 * ```ts
 * const letters = { subscribe: (observer: ObserverLike<string>) => (observer.next('a'), observer.complete()) }
 * using values = valuesOf(letters, { capacity: 16, policy: 'error' })
 * console.log(yield* values.receive(), yield* values.receive()) // { _tag: 'Some', value: 'a' } { _tag: 'None' }
 * ```
 */
export function valuesOf<T>(observable: ObservableLike<T>, buffer: BufferOptions): EventReceiver<T> {
  const source = observableIn('valuesOf(observable)', observable)
  checkBuffer('valuesOf(observable, buffer)', buffer)
  const inbox = new Inbox<T>('valuesOf(observable)', buffer)
  new Subscribing(source, inbox).begin()
  return inbox
}

/** The Observable of an object: an object with `Symbol.observable` says which. */
export function observableIn<T>(where: string, given: ObservableLike<T>): ObservableLike<T> {
  const parts = Object(given) as Partial<Record<PropertyKey, unknown>> // from JavaScript the value may be anything
  const { observable: symbol = '@@observable' } = Symbol as { readonly observable?: symbol } // other libraries add it
  const name = [symbol, '@@observable'].find((each) => typeof parts[each] === 'function')
  const observable = name === undefined ? given : (parts[name] as () => ObservableLike<T>).call(given) // its type is checked next
  checkMethod(where, 'an Observable', observable, 'subscribe')
  return observable
}

/** A subscription that fills an inbox. It ends once: by the signal, and by `unsubscribe` where `subscribe` results in that. */
class Subscribing<T> implements ObserverLike<T> {
  private readonly _controller = new AbortController()
  private _subscription: unknown = null
  private _isOver = false

  constructor(
    private readonly _source: ObservableLike<T>,
    private readonly _inbox: Inbox<T>,
  ) {}

  begin(): void {
    this._inbox.onClose(() => this._leave())
    const { signal } = this._controller
    const observer: ObserverLike<T> = {
      next: (value) => this.next(value),
      error: (cause) => this.error(cause),
      complete: () => this.complete(),
    }
    this._subscription = this._source.subscribe(observer, { signal })
    if (this._isOver) this._unsubscribe()
  }

  next(value: T): void {
    this._inbox.arrive(value)
  }

  error(cause: unknown): void {
    this._inbox.cancel(causeOfThrown(cause))
  }

  complete(): void {
    if (!this._inbox.isClosed) this._inbox.close()
  }

  private _leave(): void {
    this._isOver = true
    this._controller.abort()
    this._unsubscribe()
  }

  private _unsubscribe(): void {
    const subscription = this._subscription as { unsubscribe?(): void } | null | undefined // what `subscribe` returned
    this._subscription = null
    if (typeof subscription?.unsubscribe === 'function') subscription.unsubscribe()
  }
}
