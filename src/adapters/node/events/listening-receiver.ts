/** A receiver of what listeners receive: a channel whose sender are events, and which ends its listeners. */
import type { Either, Op, Option, Receiver } from '../../../runtime/index.js'
import { Channel, ObservableReceiver } from '../../../runtime/internal.js'

/** A receiver of events. `using` ends it. */
export interface EventReceiver<T> extends Receiver<T>, Disposable {
  /** Removes the listeners. Values in the buffer can still be received; after them a receive results in none. */
  stop(): void
}

export class ListeningReceiver<T> extends ObservableReceiver<T> implements EventReceiver<T> {
  private readonly _items: Channel<T>
  private readonly _remove: () => void

  /** `listen` adds the listeners and returns what removes them. */
  constructor(items: Channel<T>, listen: (receiver: ListeningReceiver<T>) => () => void) {
    super()
    this._items = items
    this._remove = listen(this)
  }

  get size(): number {
    return this._items.size
  }

  get capacity(): number {
    return this._items.capacity
  }

  receive(): Op<Option<T>> {
    return this._items.receive()
  }

  tryReceive(): Either<'empty' | 'closed', T> {
    return this._items.tryReceive()
  }

  closed(): Op<void> {
    return this._items.closed()
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this._items[Symbol.asyncIterator]()
  }

  stop(): void {
    this.end()
  }

  [Symbol.dispose](): void {
    this.end()
  }

  /** Returns false where the buffer is full. */
  accept(value: T): boolean {
    return this._items.isClosed || this._items.trySend(value)
  }

  /** Removes the listeners and closes the channel, with the cause if there is one. */
  end(...cause: readonly unknown[]): void {
    if (this._items.isClosed) return
    this._remove()
    if (cause.length === 0) this._items.close()
    else this._items.close(cause[0])
  }
}
