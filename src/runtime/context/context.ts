/** Contexts, as they are made: Go's `context` package. What they are is in `context-tree.ts`. */
import { Detached, Endable, Root, Valued } from './tree.js'
import { checkFunction, checkTime, mistyped } from '../base/arguments.js'
import { spawn, type Body } from '../goroutine/goroutine.js'
import { checkContext, checkOperation } from '../operation/operation.js'
import { time } from '../scheduler/timers.js'
import type { CancelContext, Context, ContextKey } from '../interfaces/op.js'
import { Reaction } from '../operation/waiter.js'

/** Never ends, has no deadline and no values: where every tree of contexts begins. Source: Go's `context.Background`. */
export const background: Context = /* @__PURE__ */ new Root('context.Background')

/** As `background`, for where it is not yet clear which context to use. Source: Go's `context.TODO`. */
export const todo: Context = /* @__PURE__ */ new Root('context.TODO')

/**
 * A context that ends when it is canceled or its parent ends, whichever comes first. Cancel it when its work is done, or let `using` do so:
 * until then its parent holds on to it. Source: Go's `context.WithCancelCause`.
 *
 * @example
 * ```ts
 * using ctx = withCancel(background)
 * go(worker, ctx)
 * ```
 */
export function withCancel(parent: Context): CancelContext {
  return new Endable(checkContext('withCancel(parent)', parent)).follow()
}

/**
 * As `withCancel`, and ends with DeadlineExceededError after `ms`; its cause is `cause` where one is given. Zero and below: it has ended
 * already. Source: Go's `context.WithTimeoutCause`.
 */
export function withTimeout(parent: Context, ms: number, cause?: unknown): CancelContext {
  checkTime('withTimeout(parent, ms)', ms)
  return withEnd(checkContext('withTimeout(parent, ms)', parent), time.timers.now() + ms, cause)
}

/** As `withTimeout`, with the point in time: ms since 1970 began, as `Date.now()`. Source: Go's `context.WithDeadlineCause`. */
export function withDeadline(parent: Context, epochMs: number, cause?: unknown): CancelContext {
  checkTime('withDeadline(parent, epochMs)', epochMs)
  return withEnd(checkContext('withDeadline(parent, epochMs)', parent), epochMs, cause)
}

function withEnd(parent: Context, at: number, cause: unknown): CancelContext {
  const ctx = new Endable(parent).follow()
  ctx.setDeadline(at, cause)
  return ctx
}

/** A context with one value more; the inner hides the outer. Throws TypeError "nil key". Source: Go's `context.WithValue`. */
export function withValue<V>(parent: Context, key: ContextKey<V>, value: V): Context {
  if (key === null || key === undefined) throw mistyped('withValue: nil key', 'a key made by contextKey', key)
  return new Valued(checkContext('withValue(parent, key, value)', parent), key, value)
}

/** The values of the parent without its end: for work that has to outlive it. Source: Go's `context.WithoutCancel`. */
export function withoutCancel(parent: Context): Context {
  return new Detached(checkContext('withoutCancel(parent)', parent))
}

/** A key of its own for `withValue`; two of one name are two keys. */
export function contextKey<V>(name: string): ContextKey<V> {
  return { name }
}

/**
 * Starts `f` as a goroutine once the context ends, soon if it has ended. Answers a function that calls that off: true if it did, false if
 * `f` was started or called off before. Source: Go's `context.AfterFunc`.
 */
export function afterFunc(ctx: Context, f: Body<[], unknown>): () => boolean {
  checkContext('afterFunc(ctx, f)', ctx)
  checkFunction('afterFunc(ctx, f)', f)
  const done = checkOperation('afterFunc(ctx, f): ctx.done()', ctx.done())
  let isWaiting = true
  const start = (): void => {
    isWaiting = false
    spawn(f, [], null)
  }
  if (ctx.err()._tag === 'Some') {
    start()
    return () => false
  }
  const reaction = new Reaction(start)
  done.park(reaction)
  return () => {
    if (!isWaiting) return false
    isWaiting = false
    done.withdraw(reaction)
    return true
  }
}
