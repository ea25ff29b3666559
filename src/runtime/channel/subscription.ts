/** What our receivers have in common: the plain subscription behind `from(receiver)`. */
import type { Receiver } from './channel.js'
import { installObservable, lookForSymbol } from '../base/rxjs-interop.js'
import type { Operation } from '../operation/operation.js'
import type { Option } from '../base/option.js'
import type { Observer, Unsubscribable } from '../operation/perform.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'

/** An observable to RxJS: values come as fast as they are received, since a plain subscription carries no demand. */
export abstract class ObservableReceiver<T> {
  constructor() {
    lookForSymbol()
  }

  /** Receives one value after the other for the observer, each from the run queue, until it is closed or the observer leaves. */
  subscribe(this: Receiver<T>, observer: Observer<T>): Unsubscribable {
    return new Pump(this, observer)
  }
}
installObservable(ObservableReceiver.prototype)

class Pump<T> implements Runnable, Unsubscribable {
  private _pending: Unsubscribable | null = null
  private _over = false

  constructor(
    private readonly receiver: Receiver<T>,
    private readonly observer: Observer<T>,
  ) {
    queue.push(this)
  }

  run(): void {
    if (this._over) return
    const operation = this.receiver.receive() as Operation<Option<T>> // only ours makes operations
    this._pending = operation.subscribe({
      next: (message) => {
        if (message._tag === 'None') {
          this._over = true
          this.observer.complete?.()
          return
        }
        this.observer.next?.(message.value)
        if (!this._over) queue.push(this)
      },
      error: (cause) => {
        this._over = true
        this.observer.error?.(cause)
      },
    })
  }

  unsubscribe(): void {
    this._over = true
    this._pending?.unsubscribe()
  }
}
