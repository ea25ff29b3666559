/**
 * The guard of a granted lock or permit, and the operations that result in a guard. The same class serves mutexes, both
 * sides of an rwMutex, semaphores and keyed mutexes.
 *
 * Always true: a guard gives back its grant once, at its first disposal.
 *
 * An operation with a fixed queue keeps the queue in a field: a getter makes contended locks 20 to 35 % slower.
 */
import { QueuedOperation } from '../operation/queued.js'
import type { Waiter } from '../operation/waiter.js'

/** A primitive that grants shares of itself: the lock, a side of the lock, a number of permits. */
export interface Grantor {
  /** Takes back a share. Throws if it is not granted. */
  giveBack(share: number): void
}

export class Guard implements Disposable {
  private _isHeld = true

  constructor(
    private readonly grantor: Grantor,
    private readonly share: number,
  ) {}

  [Symbol.dispose](): void {
    if (!this._isHeld) return
    this._isHeld = false
    this.grantor.giveBack(this.share)
  }
}

/** Waits for a guard. A performer that leaves after the grant gives the grant back. */
export abstract class GuardOperation extends QueuedOperation<Disposable> {
  override get isPlain(): boolean {
    return true
  }
  override undo(waiter: Waiter): void {
    ;(waiter.raw as Guard)[Symbol.dispose]() // every grant of these operations is a guard
  }
}
