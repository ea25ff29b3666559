/** The operations of a channel. Their meaning is in the channel's `offer` and `take`; here is the waiting. */
import type { Channel } from './channel.js'
import { none, some, type Option } from '../base/option.js'
import { Operation } from '../operation/operation.js'
import { begins, continued, suspended } from '../operation/performer.js'
import { QueuedOperation } from '../operation/queued.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, type Pending, type Waiter, type WaitQueue } from '../operation/waiter.js'
import { queue } from '../scheduler/run-queue.js'

/** Granted to a waiter in place of a value: the channel is closed and drained. */
export const CLOSED = Symbol.for('millrace.closed')

// Both write out `park` and `withdraw`, which QueuedOperation has as well: shared by all operations the queue would be
// a megamorphic load, on the hottest path there is.

export class Send<T> extends Operation<void> {
  constructor(
    private readonly channel: Channel<T>,
    private readonly value: T,
  ) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  // The body of Operation.next: see there.
  override next(_received?: unknown): IteratorResult<never, void> {
    if (!begins(arguments.length)) return continued(this, arguments.length)
    const value = this.poll()
    return value === PENDING || --queue.operations.left <= 0 ? suspended(this, value) : { done: true, value }
  }
  poll(): void | Pending {
    return this.channel.offer(this.value) ? undefined : PENDING
  }
  park(waiter: Waiter): void {
    waiter.raw = this.value
    this.channel.senders.push(waiter)
  }
  withdraw(waiter: Waiter): void {
    this.channel.senders.remove(waiter)
  }
  override finish(waiter: Waiter): void {
    if (waiter.raw === CLOSED) throw this.channel.sendOnClosed()
  }
  override resources(): readonly Resource[] {
    return [this.channel]
  }
  describe(): string {
    return 'chan send'
  }
}

/** The part of a channel that shows its end. */
interface Draining extends Resource {
  readonly isDrained: boolean
  /** Waiters for the end. */
  readonly watchers: WaitQueue
}

/** Waits until the channel is closed and drained. */
export class Closed extends QueuedOperation<void> {
  constructor(private readonly channel: Draining) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  protected get waiters(): WaitQueue {
    return this.channel.watchers
  }
  poll(): void | Pending {
    return this.channel.isDrained ? undefined : PENDING
  }
  override finish(): void {}
  override resources(): readonly Resource[] {
    return [this.channel]
  }
  describe(): string {
    return 'chan close'
  }
}

/** Waits for a value of the channel; a subclass makes its result of the value. */
export abstract class Receiving<T, R> extends Operation<R> {
  constructor(protected readonly channel: Channel<T>) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  park(waiter: Waiter): void {
    this.channel.receivers.push(waiter)
  }
  withdraw(waiter: Waiter): void {
    this.channel.receivers.remove(waiter)
  }
  override undo(waiter: Waiter, turn: number): void {
    if (waiter.raw !== CLOSED) this.channel.giveBack(waiter.raw as T, turn) // a channel grants a value or CLOSED
  }
  override resources(): readonly Resource[] {
    return [this.channel]
  }
  describe(): string {
    return 'chan receive'
  }
}

export class Receive<T> extends Receiving<T, Option<T>> {
  // The body of Operation.next: see there.
  override next(_received?: unknown): IteratorResult<never, Option<T>> {
    if (!begins(arguments.length)) return continued(this, arguments.length)
    const value = this.poll()
    return value === PENDING || --queue.operations.left <= 0 ? suspended(this, value) : { done: true, value }
  }
  poll(): Option<T> | Pending {
    const value = this.channel.take()
    return value === PENDING ? PENDING : this._option(value)
  }
  override finish(waiter: Waiter): Option<T> {
    return this._option(waiter.raw as T | typeof CLOSED) // a channel grants a value or CLOSED
  }
  private _option(value: T | typeof CLOSED): Option<T> {
    return value === CLOSED ? this.channel.drained(none) : some(value)
  }
}
