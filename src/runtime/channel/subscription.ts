/** A receiver as an observable: the plain subscription behind `from(receiver)`. */
import { installObservable, lookForSymbol } from '../base/rxjs-interop.js'
import type { Option } from '../base/option.js'
import type { Receiver } from '../interfaces/channel.js'
import type { Operation } from '../operation/operation.js'
import { CallbackPerformer, type Observer, type Unsubscribable } from '../operation/perform.js'
import { queue } from '../scheduler/run-queue.js'

/**
 * A receiver of the package. Values arrive as fast as they are received, since a plain subscription carries no demand.
 */
export abstract class ObservableReceiver<T> {
  constructor() {
    lookForSymbol()
  }

  /**
   * Receives the values in order for the observer, each from the run queue, until the receiver is closed or the
   * observer leaves.
   */
  subscribe(this: Receiver<T>, observer: Observer<T>): Unsubscribable {
    return new ReceiverSubscription(this, observer)
  }
}
installObservable(ObservableReceiver.prototype)

class ReceiverSubscription<T> extends CallbackPerformer<Option<T>> implements Unsubscribable {
  private _isOver = false

  constructor(
    private readonly _receiver: Receiver<T>,
    private readonly _observer: Observer<T>,
  ) {
    super()
    queue.push(this)
  }

  /** For the run queue: delivers the value that was granted, or receives the next. */
  override run(): void {
    if (this.isGranted) super.run()
    else if (!this._isOver) this.start(this._receiver.receive() as Operation<Option<T>>) // a receiver of the package makes its operations
  }

  protected succeeded(message: Option<T>): void {
    if (message._tag === 'None') {
      this._isOver = true
      this._observer.complete?.()
      return
    }
    this._observer.next?.(message.value)
    if (!this._isOver) queue.push(this)
  }

  protected failed(cause: unknown): void {
    this._isOver = true
    this._observer.error?.(cause)
  }

  unsubscribe(): void {
    this._isOver = true
    this.stop()
  }
}
