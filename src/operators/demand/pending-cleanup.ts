/**
 * The goroutines of a pipeline that were canceled and may still be in their `finally` blocks. A run waits for them
 * before it ends.
 *
 * Always true: a goroutine in the list was canceled by the source or worker slot that added it.
 */
import { CanceledError, type Context } from '../../runtime/index.js'
import { causeOf, crash, type Spawned } from '../../runtime/internal.js'
import type { CleanupList } from './scope.js'

export class PendingCleanup implements CleanupList {
  private readonly _goroutines = new Set<Spawned>()

  add(goroutine: Spawned): void {
    if (!goroutine.hasEnded) this._goroutines.add(goroutine)
  }

  /**
   * A goroutine that throws while it unwinds has no joiner left: that is a crash, unless the error is the end of the
   * run's context.
   */
  *wait(ctx: Context): Generator<never, void> {
    for (const goroutine of this._goroutines) {
      const end = yield* goroutine.join().attempt()
      this._goroutines.delete(goroutine)
      if (end._tag === 'Right' || end.left instanceof CanceledError) continue
      if (ctx.err()._tag === 'Some' && end.left === causeOf(ctx)) continue // it ended by the context, before it was canceled
      crash(end.left, goroutine)
    }
  }
}
