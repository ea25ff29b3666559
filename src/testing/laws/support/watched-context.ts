/**
 * A context implemented by a user. The context counts the waiters and listeners for its end, so that a law sees those
 * left behind.
 */
import { CanceledError, type Context, type ContextKey, type Op, type Option } from '../../../runtime/index.js'
import { none, some } from '../../../runtime/internal.js'
import { Gate } from './gate.js'

export class WatchedContext implements Context {
  private readonly _ended = new Gate('the end of the context')
  private readonly _controller = new AbortController()
  private _cause: Option<unknown> = none
  private _err: Option<Error> = none
  private readonly _listeners = new Map<unknown, number>()

  constructor() {
    const { signal } = this._controller
    const count = (by: number, [type, listener]: readonly unknown[]) => {
      if (type === 'abort') this._listeners.set(listener, Math.max(0, (this._listeners.get(listener) ?? 0) + by))
    }
    const add = signal.addEventListener.bind(signal) as (...args: unknown[]) => void // passes its arguments on
    const remove = signal.removeEventListener.bind(signal) as (...args: unknown[]) => void // as above
    Object.assign(signal, {
      addEventListener: (...args: unknown[]) => (count(1, args), add(...args)),
      removeEventListener: (...args: unknown[]) => (count(-1, args), remove(...args)),
    })
  }

  /** Waiters and listeners for its end. */
  get listeners(): number {
    return this._ended.parked + [...this._listeners.values()].filter((n) => n > 0).length
  }

  end(cause: unknown): void {
    this._err = some(new CanceledError(cause))
    this._cause = some(cause)
    this._ended.open()
    this._controller.abort(cause)
  }

  done(): Op<void> {
    return this._ended
  }
  err(): Option<Error> {
    return this._err
  }
  cause(): Option<unknown> {
    return this._cause
  }
  deadline(): Option<number> {
    return none
  }
  value<V>(_key: ContextKey<V>): Option<V> {
    return none
  }
  get signal(): AbortSignal {
    return this._controller.signal
  }
}
