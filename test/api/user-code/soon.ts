/** The patience of rows whose code may never call back. */
import { background, withCancel, withTimeout, type CancelContext, type Job, type Op } from 'millrace'
import { collect } from 'millrace/operators'
import type { Observable } from 'rxjs'

/** Turns of the host, of 1 ms and more. What happens in this process has happened by then, however slow the machine is. */
const TURNS = 20

/** A context that ends soon. */
export function soon(): CancelContext {
  const ctx = withCancel(background)
  let turns = 0
  const next = (): unknown => (turns++ === TURNS ? ctx.cancel(new Error('no call back')) : setTimeout(next, 1))
  next()
  return ctx
}

/** Performs the operation, unless it waits for code that does not call back. */
export async function inTime<T>(op: Op<T> | Job<T>): Promise<T> {
  using ctx = soon()
  return await op.within(ctx)
}

/** Runs a pipeline within this process: it ends soon, also where the code does not call back. */
export async function ended(pipeline: Observable<unknown>): Promise<unknown> {
  using ctx = soon()
  return await collect(ctx, pipeline).join()
}

/** Runs a pipeline that reads the disk, for which a slow machine takes its time. */
export async function endedLate(pipeline: Observable<unknown>): Promise<unknown> {
  using ctx = withTimeout(background, 10_000)
  return await collect(ctx, pipeline).join()
}
