import type { Observable } from 'rxjs'
import type { Option, Receiver } from '../../runtime/index.js'
import {
  Channel,
  CLOSED,
  checkMethod,
  checkOperation,
  Receiving,
  type Operation,
  type Pending,
  type Waiter,
} from '../../runtime/internal.js'
import { described, Downstream } from '../demand/scope.js'
import { Pump } from './pump.js'

/**
 * A source of the values of a receiver. It receives only while the stages below have demand: other values stay in the
 * channel.
 *
 * Shape: one item for each value. Holds 1 item. Completes when the channel is closed and drained. Fails with the cause
 * of `close(cause)`. A subscriber that leaves withdraws the receive, and a value that was granted but not emitted goes
 * back to the channel; the channel stays open. Throws TypeError for an argument that is no receiver.
 *
 * @example
 * ```ts
 * fromReceiver(jobs).pipe(workerPool(5, work), sendTo(results))
 * ```
 */
export function fromReceiver<T>(receiver: Receiver<T>): Observable<T> {
  checkMethod('fromReceiver(receiver)', 'a Receiver', receiver, 'receive')
  return described<T>({ name: 'fromReceiver', holds: 1 }, (subscriber) => {
    const downstream = new Downstream(subscriber)
    // a channel of the same items
    const pump = receiver instanceof Channel ? new ChannelPump(downstream, receiver as Channel<T>) : new ReceiverPump(downstream, receiver)
    return () => pump.stop()
  })
}

/** A receive that creates no Option. */
class ReceivingValue<T> extends Receiving<T, T | typeof CLOSED> {
  poll(): T | typeof CLOSED | Pending {
    return this.channel.take()
  }
  override finish(waiter: Waiter): T | typeof CLOSED {
    return waiter.raw as T | typeof CLOSED // a channel grants nothing else
  }
}

class ChannelPump<T> extends Pump<T | typeof CLOSED, T> {
  private readonly _receiving: ReceivingValue<T>

  constructor(
    downstream: Downstream<T>,
    private readonly _channel: Channel<T>,
  ) {
    super(downstream)
    this._receiving = new ReceivingValue(_channel)
  }

  protected nextOperation(): Operation<T | typeof CLOSED> {
    return this._receiving
  }

  protected emit(value: T | typeof CLOSED): boolean {
    if (value !== CLOSED) {
      this.downstream.emit(value)
      return true
    }
    this._channel.drained(undefined)
    this.downstream.complete()
    return false
  }
}

/** For a receiver that is no channel: a ticker, a receiver of the user. */
class ReceiverPump<T> extends Pump<Option<T>, T> {
  constructor(
    downstream: Downstream<T>,
    private readonly _receiver: Receiver<T>,
  ) {
    super(downstream)
  }

  protected nextOperation(): Operation<Option<T>> {
    return checkOperation('fromReceiver: receive()', this._receiver.receive()) as Operation<Option<T>> // a receive results in an Option
  }

  protected emit(message: Option<T>): boolean {
    if (message._tag === 'Some') {
      this.downstream.emit(message.value)
      return true
    }
    this.downstream.complete()
    return false
  }
}
