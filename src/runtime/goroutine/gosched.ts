/** Yielding the processor: Go's `runtime.Gosched`. */
import type { Op } from '../interfaces/op.js'
import { Operation } from '../operation/operation.js'
import { begins, continued, KEPT, offer, type Performer } from '../operation/performer.js'
import { queue } from '../scheduler/run-queue.js'

/** Yields: the goroutine goes to the back of the run queue. Source: Go's `runtime.Gosched`. */
export function gosched(): Op<void> {
  return yielding
}

/** Always ready, and yet it suspends: a goroutine keeps the result until the run queue comes back to it. */
class Gosched extends Operation<void> {
  override next(_received?: unknown): IteratorResult<never, void> {
    if (!begins(arguments.length)) return continued(this, arguments.length)
    const performer = queue.running as Performer // `begins` has looked
    performer.raw = undefined
    return offer(performer, this, KEPT)
  }
  override then<A = void, B = never>(
    onValue?: ((value: undefined) => A | PromiseLike<A>) | null,
    onThrow?: ((cause: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    queue.async.performs()
    const turn = new Promise<undefined>((resolve) => queue.push({ run: () => queue.async.resume(resolve, undefined) }))
    return turn.then(onValue, onThrow)
  }
  poll(): void {}
  park(): void {}
  withdraw(): void {}
  describe(): string {
    return 'gosched'
  }
}

export const yielding = /* @__PURE__ */ new Gosched()
