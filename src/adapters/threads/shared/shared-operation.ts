/** An operation that waits for words in shared memory. */
import { PENDING, queue, QueuedOperation, type Pending, type Resource, type WaitQueue, type Waiter } from '../../../runtime/internal.js'
import { Refusal, type Request, type Waits } from './waits.js'

export abstract class SharedOperation<T> extends QueuedOperation<T> implements Request {
  protected readonly waiters: WaitQueue

  constructor(protected readonly waits: Waits) {
    super()
    this.waiters = waits.waiters
  }

  override get isPlain(): boolean {
    return true
  }

  /** Takes the result if it is there. */
  abstract take(): T | Pending

  poll(): T | Pending {
    this.waits.check()
    return this.waiters.first === null ? this.taken() : PENDING
  }

  protected taken(): T | Pending {
    const value = this.take()
    if (value !== PENDING) this.waits.acquired()
    return value
  }

  override park(waiter: Waiter): void {
    waiter.raw = this
    this.waits.park(waiter)
  }

  /** The next waiter may want less than this one, which held it up. */
  override withdraw(waiter: Waiter): void {
    super.withdraw(waiter)
    if (this.waiters.first !== null) queue.push(this.waits)
  }

  override finish(waiter: Waiter): T {
    const { raw } = waiter
    if (raw instanceof Refusal) throw raw.error
    return raw as T // granted by `take`
  }

  override resources(): readonly Resource[] {
    return [this.waits]
  }
}

/** An operation that results in a guard. A performer that leaves after the grant gives the grant back. */
export abstract class SharedGuardOperation extends SharedOperation<Disposable> {
  override undo(waiter: Waiter): void {
    if (!(waiter.raw instanceof Refusal)) (waiter.raw as Disposable)[Symbol.dispose]() // granted by `take`
  }
}

/** Gives back once. */
export class SharedGuard implements Disposable {
  private _giveBack: (() => void) | null

  constructor(giveBack: () => void) {
    this._giveBack = giveBack
  }

  [Symbol.dispose](): void {
    const giveBack = this._giveBack
    this._giveBack = null
    giveBack?.()
  }
}
