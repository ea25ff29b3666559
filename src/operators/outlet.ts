/** How a source or stage of ours speaks to what is below: within the scope that it was subscribed under, and in its turn. */
import type { Subscriber } from 'rxjs'
import { currentScope, lay, type Demand, type Scope } from './scope.js'

export class Outlet<T> {
  readonly scope: Scope = currentScope()
  readonly demand: Demand = this.scope.demand

  /** To be made while the subscription is made. One who paces what it emits claims the demand, until the subscriber leaves. */
  constructor(
    private readonly subscriber: Subscriber<T>,
    paces = true,
  ) {
    if (!paces) return
    this.demand.claims++
    subscriber.add(() => void this.demand.claims--)
  }

  get isClosed(): boolean {
    return this.subscriber.closed
  }

  next(value: T): void {
    const before = this.enter()
    this.demand.emitted()
    try {
      this.subscriber.next(value)
    } finally {
      this.leave(before)
    }
  }

  /** Inside `enter` and `leave`: for loops that emit many. */
  emit(value: T): void {
    this.demand.emitted()
    this.subscriber.next(value)
  }

  error(cause: unknown): void {
    const before = this.enter()
    try {
      this.subscriber.error(cause)
    } finally {
      this.leave(before)
    }
  }

  complete(): void {
    const before = this.enter()
    try {
      this.subscriber.complete()
    } finally {
      this.leave(before)
    }
  }

  enter(): Scope | null {
    this.demand.turn++
    return lay(this.scope)
  }

  leave(before: Scope | null): void {
    this.demand.turn--
    lay(before)
  }
}
