import { failedLate } from './crash.js'
import type { Task } from './task.js'
import { QueuedOperation } from '../operation/queued.js'
import type { Resource } from '../operation/resource.js'
import type { Pending, Waiter, WaitQueue } from '../operation/waiter.js'

/** Waits for the end of a goroutine: its result, or its throw. */
export class Join<R> extends QueuedOperation<R> {
  constructor(protected readonly goroutine: Task<R>) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  protected get waiters(): WaitQueue {
    return this.goroutine.joiners
  }
  poll(): R | Pending {
    return this.goroutine.outcome
  }
  override withdraw(waiter: Waiter): void {
    super.withdraw(waiter)
    this.goroutine.leave()
  }
  override decline(): void {
    this.goroutine.leave()
  }
  override undo(): void {
    const { failure } = this.goroutine
    if (failure !== null) failedLate(failure.error, this.goroutine)
  }
  override finish(): R {
    return this.goroutine.outcome as R // the goroutine has ended, since only its end settles the waiter
  }
  override resources(): readonly Resource[] {
    return [this.goroutine]
  }
  describe(): string {
    return `join of goroutine ${this.goroutine.id}`
  }
}
