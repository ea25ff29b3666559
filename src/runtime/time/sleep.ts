/** Waiting for time to pass. */
import { checkTime } from '../base/arguments.js'
import type { Op } from '../interfaces/op.js'
import { Operation } from '../operation/operation.js'
import { PENDING, type Pending, type Waiter } from '../operation/waiter.js'
import { time, type Entry } from '../scheduler/timers.js'

/**
 * Waits for `ms`, counted from when the operation is performed. Completes at once for zero and below, never for
 * Infinity; there is no upper limit. One timer of the host serves all sleepers.
 *
 * Throws RangeError for NaN. Source: Go's `time.Sleep`, `time.After`.
 *
 * @example
 * ```ts
 * yield* sleep(100)
 * ```
 */
export function sleep(ms: number): Op<void> {
  checkTime('sleep(ms)', ms)
  return new Sleep(ms)
}

/**
 * The same as `sleep`, under the name that reads well in a select: `timeout: after(1000)`. Performed again, the
 * operation waits again for `ms`. Source: Go's `time.After`.
 */
export function after(ms: number): Op<void> {
  checkTime('after(ms)', ms)
  return new Sleep(ms)
}

class Sleep extends Operation<void> {
  constructor(private readonly ms: number) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): void | Pending {
    return this.ms <= 0 ? undefined : PENDING
  }
  park(waiter: Waiter): void {
    const { timers } = time
    waiter.raw = timers.add(timers.now() + this.ms, () => waiter.settle(undefined))
  }
  withdraw(waiter: Waiter): void {
    const entry = waiter.raw as Entry // set by `park`
    entry.timers.remove(entry)
  }
  override finish(): void {}
  describe(): string {
    return 'sleep'
  }
}
