import type { Observable } from 'rxjs'
import { select, withCancel, withValue, withoutCancel, after, type Context, type Goroutine } from '../../runtime/index.js'
import { checkContext, checkOptions, checkTime, spawn } from '../../runtime/internal.js'
import { run } from '../../operators/index.js'
import { checkPipeline } from '../../operators/internal.js'
import { intakeKey } from './intake.js'

/** Options of `drain`. */
export interface DrainOptions {
  /** ms from the end of the context until the pipeline is cut off; default 30,000. */
  readonly within?: number
}

/** The pipeline was cut off: some messages were not settled within the time of `drain`, and come again. */
export class DrainError extends Error {
  override readonly name = 'DrainError'
  constructor(readonly within: number) {
    super(`the pipeline was not drained within ${within} ms`)
  }
}

/**
 * As `run`, but the end of `ctx` ends the intake only: the sources of deliveries complete, what is under way is worked
 * off and settled, and the ownership of partitions is handed over. So a process that is asked to stop repeats nothing.
 * Where that takes longer than `within`, the pipeline is cut off.
 *
 * `join()` throws the error of the pipeline, or DrainError where the drain was cut off; the end of `ctx` is no error. Throws
 * TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * using stop = withTimeout(background, 1000) // in a program: the context of main
 * yield* drain(stop, link.from<User>({ log: 'users' }).pipe(byKey((d) => d.key, 8, ({ name }) => name), settle())).join()
 * ```
 */
export function drain(ctx: Context, pipeline: Observable<unknown>, options?: DrainOptions): Goroutine<void> {
  checkContext('drain(ctx, pipeline)', ctx)
  checkPipeline('drain(ctx, pipeline)', pipeline)
  checkOptions('drain(ctx, pipeline, options)', options, ['within'])
  const { within = 30_000 } = options ?? {}
  checkTime('drain(ctx, pipeline, { within })', within)
  return spawn(draining, [ctx, pipeline, within], null)
}

function* draining(ctx: Context, pipeline: Observable<unknown>, within: number): Generator<never, void> {
  using whole = withCancel(withValue(withoutCancel(ctx), intakeKey, ctx))
  const running = run(whole, pipeline)
  try {
    const first = yield* select({ ended: running.join(), stop: ctx.done() })
    if (first.case === 'ended') return
    const then = yield* select({ ended: running.join(), late: after(within) })
    if (then.case === 'late') {
      whole.cancel(new DrainError(within))
      yield* running.join()
    }
  } finally {
    running.cancel()
  }
}
