/** Contexts as a user writes them, on the public interface alone. */
import { none, some, type Option } from 'fp-ts/lib/Option.js'
import { chan, type Chan, type Context, type ContextKey, type Op } from 'millrace'

/** Forwards every member to `inner`, except those in `own`. */
export function wrapped(inner: Context, own: Partial<Context> = {}): Context {
  return {
    done: () => inner.done(),
    err: () => inner.err(),
    cause: () => inner.cause(),
    deadline: () => inner.deadline(),
    value: (key) => inner.value(key),
    get signal() {
      return inner.signal
    },
    ...own,
  }
}

/** Ends by `end(error)`; `ended` is the channel behind its `done()`. */
export class OwnContext implements Context {
  readonly ended: Chan<never> = chan()
  private readonly _controller = new AbortController()
  private _err: Option<Error> = none

  done(): Op<void> {
    return this.ended.receive().map(() => undefined)
  }
  err(): Option<Error> {
    return this._err
  }
  cause(): Option<unknown> {
    return this._err
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

  end(error: Error): void {
    this._err = some(error)
    this.ended.close()
    this._controller.abort(error)
  }
}
