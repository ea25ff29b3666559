/**
 * The goroutines of a pipeline that were canceled and may still be in their `finally` blocks. A run waits for them
 * before it ends.
 *
 * Always true: a goroutine in the list was canceled by the source or worker slot that added it.
 */
import { failedLate, type Spawned } from '../../runtime/internal.js'
import type { CleanupList } from './scope.js'

export class PendingCleanup implements CleanupList {
  private readonly _goroutines = new Set<Spawned>()

  add(goroutine: Spawned): void {
    if (!goroutine.hasEnded) this._goroutines.add(goroutine)
  }

  /** A goroutine that throws while it unwinds has no joiner left: that is a late failure. */
  *wait(): Generator<never, void> {
    for (const goroutine of this._goroutines) {
      const end = yield* goroutine.join().attempt()
      this._goroutines.delete(goroutine)
      if (end._tag === 'Left') failedLate(end.left, goroutine)
    }
  }
}
