/** One performance of a job on a thread: submits a call, and waits for its end also where it is canceled. */
import { background, CanceledError, uncancelable, type Context } from '../../runtime/index.js'
import { causeOf, failedLate, isContext, portableKeys, queue } from '../../runtime/internal.js'
import type { Observed } from '../../runtime/index.js'
import { Call } from './pool/call.js'
import type { Pool } from './pool/pool.js'
import { addAsker } from './wire/asker.js'
import type { CallValues, FunctionName } from './wire/batch.js'

/** The arguments of a call, with the context at their end apart. */
function apart(args: readonly unknown[]): { readonly ctx: Context | null; readonly rest: readonly unknown[] } {
  const last = args[args.length - 1]
  return isContext(last) ? { ctx: last, rest: args.slice(0, -1) } : { ctx: null, rest: args }
}

/** The values of the context that cross; true where there are none. */
function valuesOf(ctx: Context): CallValues {
  let values: Record<string, unknown> | null = null
  for (const key of portableKeys()) {
    const value = ctx.value(key)
    if (value._tag === 'Some') (values ??= {})[key.name] = value.value
  }
  return values ?? true
}

/**
 * Submits the call and waits for its end. When the context ends, the call is canceled, and its end is that of the function:
 * a function that returns in spite of it has returned. When the performer is canceled, the call is canceled and waited for.
 *
 * A failure has the stack of its thread, and below it that of the asker: of the goroutine that waits here, or `asker`.
 */
export function* performCall(pool: Pool, fn: FunctionName, args: readonly unknown[], asker?: string): Generator<never, unknown> {
  const { ctx, rest } = apart(args)
  if (ctx !== null && ctx.err()._tag === 'Some') throw causeOf(ctx)
  const deadline = ctx?.deadline() ?? { _tag: 'None' }
  const call = new Call(fn, rest, ctx === null ? false : valuesOf(ctx), deadline._tag === 'Some' ? deadline.value : 0)
  pool.submit(call)
  try {
    return yield* ctx === null || ctx === background ? call : endUnder(ctx, call, pool)
  } catch (error) {
    if (call.isError(error)) addAsker(error, fn.name, asker ?? new Error('asked here').stack)
    throw error
  } finally {
    if (!call.hasEnded) {
      pool.cancel(call, new CanceledError())
      yield* uncancelable(unwound(call))
    }
  }
}

function* endUnder(ctx: Context, call: Call, pool: Pool): Generator<never, unknown> {
  try {
    return yield* call.within(ctx)
  } catch (cause) {
    if (call.hasEnded) throw cause
    pool.cancel(call, cause)
  }
  return yield* uncancelable(call)
}

/**
 * Waits for the end of a call whose performer was canceled. A failure of its clean-up is thrown, as by a goroutine of this
 * thread; any other failure is late, since the performer has given the function up.
 */
function* unwound(call: Call): Generator<never, void> {
  try {
    yield* call
  } catch (error) {
    if (error === call.cancellation?.cause) return
    if (call.failedInCleanUp) throw error
    failedLate(error, queue.running as Observed) // a goroutine performs the call
  }
}
