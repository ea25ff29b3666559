/**
 * The time that `timeout(ms)` allows a performance: the limit of `within`, without a context. Each performance counts
 * from its own start, and its timer is in the heap only while it is parked.
 */
import { checkTime } from '../base/arguments.js'
import { DeadlineExceededError, withoutStack } from '../base/errors.js'
import { none, some, type Option } from '../base/option.js'
import type { Context } from '../interfaces/context.js'
import { time, type Entry } from '../scheduler/timers.js'
import { PENDING, type Pending, type Waiter } from './waiter.js'

/** The part of a context that limits an operation. */
export type Limit = Pick<Context, 'err' | 'cause' | 'deadline'>

export class Allowance implements Limit {
  /** Its end, as a case. It is no subclass of Operation, because operations make it. */
  readonly elapsed: Elapsed

  constructor(
    private readonly ms: number,
    private readonly of: { describe(): string },
  ) {
    checkTime('timeout(ms)', ms)
    this.elapsed = new Elapsed(ms)
  }
  err(): Option<Error> {
    return none
  }
  cause(): Option<unknown> {
    return some(withoutStack(() => new DeadlineExceededError(`deadline exceeded: ${this.of.describe()} took more than ${this.ms} ms`)))
  }
  deadline(): Option<number> {
    return some(time.timers.now() + this.ms)
  }
}

class Elapsed {
  constructor(private readonly ms: number) {}
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
  undo(): void {}
}
