import { failedLate } from './crash.js'
import type { Task } from './task.js'
import { begins, continued, suspended } from '../operation/performer.js'
import { QueuedOperation } from '../operation/queued.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, type Pending, type Waiter, type WaitQueue } from '../operation/waiter.js'
import { queue } from '../scheduler/run-queue.js'

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
  // The body of Operation.next: see there.
  override next(_received?: unknown): IteratorResult<never, R> {
    if (!begins(arguments.length)) return continued(this, arguments.length)
    const value = this.poll()
    return value === PENDING || --queue.operations.left <= 0 ? suspended(this, value) : { done: true, value }
  }
  poll(): R | Pending {
    if (queue.order !== null && this.goroutine.hasEnded) queue.order.acquire(this.goroutine, 'end')
    return this.goroutine.outcome
  }
  override park(waiter: Waiter): void {
    if (this.goroutine === waiter) this.goroutine.settle(joinsItself(this.goroutine))
    else super.park(waiter)
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
  override finish(waiter: Waiter): R {
    if (waiter.raw instanceof Error) throw waiter.raw // it joins itself
    queue.order?.acquire(this.goroutine, 'end')
    return this.goroutine.outcome as R // the goroutine has ended, since only its end settles the waiter
  }
  override resources(): readonly Resource[] {
    return [this.goroutine]
  }
  describe(): string {
    return `join of goroutine ${this.goroutine.id}`
  }
}

/** The grant of a join of oneself, whose end cannot come. */
function joinsItself({ name }: Task<unknown>): Error {
  return new Error(`join in ${name} waits for itself; join it in another goroutine`)
}
