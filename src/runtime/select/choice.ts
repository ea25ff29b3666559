/**
 * A choice among operations: the part that `select` and `choose` share.
 *
 * 1. Each case is polled, in a random order (or in the order written, `biased`); the first that completes is chosen.
 * 2. If none does, all cases are parked under the same waiter; the first to be settled withdraws the others.
 *
 * A case that is not chosen has no effect. The code of channels does not know of choices.
 */
import type { Context } from '../interfaces/context.js'
import { parkCases, releaseCase, withdrawCases, type Case } from '../operation/case.js'
import { Operation } from '../operation/operation.js'
import { PENDING, type Pending, type Waiter } from '../operation/waiter.js'
import { queue } from '../scheduler/run-queue.js'

export abstract class Choice<R> extends Operation<R> {
  constructor(
    protected readonly operations: readonly Operation<unknown>[],
    private readonly biased: boolean,
  ) {
    super()
  }

  /** The result of the choice when the case with this index resulted in this value. */
  protected abstract result(index: number, value: unknown): R

  poll(): R | Pending {
    const { operations } = this
    const n = operations.length
    if (n < 2 || this.biased) {
      for (let i = 0; i < n; i++) {
        const value = operations[i].poll() // within its length
        if (value !== PENDING) return this.result(i, value)
      }
      return PENDING
    }
    return n === 2 ? this._pollTwo() : this._pollInRandomOrder(n)
  }

  private _pollTwo(): R | Pending {
    const first = queue.random.below(2)
    const value = this.operations[first].poll()
    if (value !== PENDING) return this.result(first, value)
    const other = this.operations[1 - first].poll()
    return other === PENDING ? PENDING : this.result(1 - first, other)
  }

  /**
   * Draws only the needed part of a permutation (Fisher and Yates). Rotating from a random start would not be uniform:
   * with two neighboring cases of four ready, rotation chooses 75:25.
   */
  private _pollInRandomOrder(n: number): R | Pending {
    const { operations } = this
    const { random } = queue
    const order = random.takeOrder(n)
    for (let left = n; left > 0; left--) {
      const drawn = left === 1 ? 0 : random.below(left)
      const index = order[drawn] // within its length
      order[drawn] = order[left - 1]
      order[left - 1] = index
      const value = operations[index].poll()
      if (value !== PENDING) {
        random.giveBackOrder(order)
        return this.result(index, value)
      }
    }
    random.giveBackOrder(order)
    return PENDING
  }

  /** Parks in a random order: where two cases wait in the same queue, each is first with the same chance. */
  park(waiter: Waiter): void {
    const { operations } = this
    const n = operations.length
    const { random } = queue
    if (n < 2 || this.biased) parkCases(waiter, operations, null)
    else if (n === 2) parkCases(waiter, operations, random.below(2) === 0 ? null : swapped)
    else {
      const order = random.takeOrder(n) // the poll that found no ready case has drawn all of the permutation
      parkCases(waiter, operations, order)
      random.giveBackOrder(order)
    }
  }

  withdraw(waiter: Waiter): void {
    withdrawCases(waiter)
  }

  override finish(waiter: Waiter): R {
    const winner = waiter.raw as Case // a settled case
    const { index } = winner
    let value
    try {
      value = winner.operation.finish(winner)
    } finally {
      releaseCase(winner)
    }
    return this.result(index, value)
  }

  override undo(waiter: Waiter, turn: number): void {
    const winner = waiter.raw as Case // a settled case
    winner.operation.undo(winner, turn)
    releaseCase(winner)
  }

  /** The first refusal, where every case is refused; otherwise a case may still be granted in time. */
  override refusal(ctx: Context): unknown {
    let first: unknown = undefined
    for (const operation of this.operations) {
      const refusal = operation.refusal(ctx)
      if (refusal === undefined) return undefined
      first ??= refusal
    }
    return first
  }

  override parts(): readonly Operation<unknown>[] {
    return this.operations
  }

  describe(): string {
    return this.operations.length === 0 ? 'select (no cases)' : 'select'
  }
}

const swapped = [1, 0]
