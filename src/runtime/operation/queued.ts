/**
 * An operation that waits in a single queue, first in, first out: most operations do. The code that makes the operation
 * ready takes the waiter from that queue and settles it.
 */
import { Operation } from './operation.js'
import type { WaitQueue, Waiter } from './waiter.js'

export abstract class QueuedOperation<T> extends Operation<T> {
  /** The queue that its waiters stand in. */
  protected abstract readonly waiters: WaitQueue

  park(waiter: Waiter): void {
    this.waiters.push(waiter)
  }

  withdraw(waiter: Waiter): void {
    this.waiters.remove(waiter)
  }
}
