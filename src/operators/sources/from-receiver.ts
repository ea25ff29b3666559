import { Observable } from 'rxjs'
import type { Option, Receiver } from '../../runtime/index.js'
import { Channel, CLOSED, checkOperation, mistyped, Receiving, type Operation, type Pending, type Waiter } from '../../runtime/internal.js'
import { described } from '../engine/description.js'
import { Outlet } from '../demand/downstream.js'
import { Pump } from '../engine/pump.js'

/**
 * The values of a receiver, taken only as far as the stages below have demand: what is not wanted stays in the channel. Completes when it
 * is closed and drained; fails with the cause of `close(cause)`. Unsubscribing takes nothing more, and gives back what was on its way.
 *
 * @example
 * ```ts
 * fromReceiver(jobs).pipe(workerPool(5, work), sendTo(results))
 * ```
 */
export function fromReceiver<T>(receiver: Receiver<T>): Observable<T> {
  // from JavaScript it may be anything
  if (typeof (receiver as Partial<Receiver<T>> | null | undefined)?.receive !== 'function')
    throw mistyped('fromReceiver(receiver)', 'a Receiver', receiver)
  return described(
    new Observable((subscriber) => {
      const outlet = new Outlet(subscriber)
      // of the items that the receiver has
      const pump = receiver instanceof Channel ? new ChannelPump(outlet, receiver as Channel<T>) : new ReceiverPump(outlet, receiver)
      return () => pump.stop()
    }),
    { name: 'fromReceiver', holds: 1 },
  )
}

/** Receives without making an Option of each value. */
class Taking<T> extends Receiving<T, T | typeof CLOSED> {
  poll(): T | typeof CLOSED | Pending {
    return this.channel.take()
  }
  override finish(waiter: Waiter): T | typeof CLOSED {
    // what a channel grants
    return waiter.raw as T | typeof CLOSED
  }
}

class ChannelPump<T> extends Pump<T | typeof CLOSED, T> {
  private readonly _taking: Taking<T>

  constructor(
    outlet: Outlet<T>,
    private readonly channel: Channel<T>,
  ) {
    super(outlet)
    this._taking = new Taking(channel)
  }

  protected nextOperation(): Operation<T | typeof CLOSED> {
    return this._taking
  }

  protected emit(value: T | typeof CLOSED): boolean {
    if (value !== CLOSED) {
      this.outlet.emit(value)
      return true
    }
    this.channel.drained(undefined)
    this.outlet.complete()
    return false
  }
}

/** Any other receiver: a ticker, one of the user's own. */
class ReceiverPump<T> extends Pump<Option<T>, T> {
  constructor(
    outlet: Outlet<T>,
    private readonly receiver: Receiver<T>,
  ) {
    super(outlet)
  }

  protected nextOperation(): Operation<Option<T>> {
    // the receiver's, so it gives an Option
    return checkOperation('fromReceiver: receive()', this.receiver.receive()) as Operation<Option<T>>
  }

  protected emit(message: Option<T>): boolean {
    if (message._tag === 'Some') {
      this.outlet.emit(message.value)
      return true
    }
    this.outlet.complete()
    return false
  }
}
