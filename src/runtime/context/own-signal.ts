import { manyListeners } from '../base/host.js'
import { queue } from '../scheduler/run-queue.js'

/**
 * The AbortSignal of a context. Its listeners run in the async context of the code that first asked for the signal, where
 * contexts are kept, else in the neutral one: the code that ends the context may be that of another request.
 */
export class OwnSignal {
  private readonly _controller = new AbortController()
  private readonly _scope = queue.scopeHere

  constructor() {
    manyListeners(this.signal)
  }

  get signal(): AbortSignal {
    return this._controller.signal
  }

  abort(cause: unknown): void {
    queue.callIn(this._scope, () => this._controller.abort(cause))
  }
}
