/** Goroutines that were told to stop and may still be in their `finally` blocks: a run ends when they have. */
import { CanceledError, type Context } from '../../runtime/index.js'
import { causeOf, crash, type Spawned } from '../../runtime/internal.js'

export class Leaving {
  private readonly _goroutines = new Set<Spawned>()

  add(goroutine: Spawned): void {
    if (!goroutine.hasEnded) this._goroutines.add(goroutine)
  }

  /** One that throws while it is unwound has nobody left to tell: that is a crash, as anywhere. */
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
