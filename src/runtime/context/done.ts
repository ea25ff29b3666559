/** Waits for the end of a context. */
import { QueuedOperation } from '../operation/queued.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, WaitQueue, type Pending } from '../operation/waiter.js'

interface Endable extends Resource {
  readonly hasEnded: boolean
}

export class Done extends QueuedOperation<void> {
  readonly waiters = new WaitQueue()

  constructor(private readonly ctx: Endable) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): void | Pending {
    return this.ctx.hasEnded ? undefined : PENDING
  }
  override finish(): void {}
  override resources(): readonly Resource[] {
    return [this.ctx]
  }
  describe(): string {
    return 'context done'
  }
}
