/**
 * The goroutines of a pipeline that were canceled and may still be in their `finally` blocks. A run waits for them
 * before it ends.
 *
 * Always true: a goroutine in the list was canceled by the source or worker slot that added it, and has not ended: a
 * run that lasts for days keeps none that has.
 */
import { failedLate, type Failure, type Operation, type Spawned } from '../../runtime/internal.js'
import type { CleanupList } from './scope.js'

export class PendingCleanup implements CleanupList {
  failure: Failure | null = null
  private readonly _goroutines = new Set<Spawned>()

  /** A goroutine that throws while it unwinds has no other joiner left: that is a late failure. */
  add(goroutine: Spawned): void {
    if (goroutine.hasEnded || this._goroutines.has(goroutine)) return
    this._goroutines.add(goroutine)
    const join = goroutine.join() as Operation<unknown> // every Op of Millrace is an Operation
    join.subscribe({
      next: () => this._goroutines.delete(goroutine),
      error: (cause) => {
        this._goroutines.delete(goroutine)
        failedLate(cause, goroutine)
      },
    })
  }

  *wait(): Generator<never, void> {
    for (const goroutine of this._goroutines) yield* goroutine.join().attempt()
  }
}
