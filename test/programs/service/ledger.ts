/** Each failure of an upstream, until a request or the hook for late failures reports it. */
import type { Context } from 'millrace'
import { isEcho } from '../../../src/runtime/interfaces/echo.js'
import type { Ask } from './service.js'

export class Ledger {
  /** Failures that nothing has reported. */
  readonly open = new Set<unknown>()
  failures = 0
  late = 0

  /** The same upstream, with its failures in the ledger. */
  watch(ask: Ask): Ask {
    return async (ctx, path) => {
      try {
        return await ask(ctx, path)
      } catch (cause) {
        this._failed(cause, ctx)
        throw cause
      }
    }
  }

  /** As `watch`, for calls of which a live hedge takes the failures. */
  watchHedged(ask: Ask): Ask {
    return async (ctx, path) => {
      try {
        return await ask(ctx, path)
      } catch (cause) {
        if (ctx.err()._tag === 'Some') this._failed(cause, ctx)
        throw cause
      }
    }
  }

  readonly reported = (cause: unknown): void => {
    this.open.delete(cause)
    if (cause instanceof AggregateError) cause.errors.forEach(this.reported)
  }

  readonly reportedLate = (cause: unknown): void => {
    this.late++
    this.reported(cause)
  }

  private _failed(cause: unknown, ctx: Context): void {
    if (ctx.err()._tag === 'Some' && isEcho(cause)) return
    this.failures++
    this.open.add(cause)
  }
}
