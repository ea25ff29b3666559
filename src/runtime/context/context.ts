/**
 * Making contexts: the functions of Go's `context` package. The contexts themselves are in `tree.ts` and `values.ts`.
 */
import { EndlessContext } from './endless.js'
import { addPortable } from './portable-keys.js'
import { CancelableContext } from './tree.js'
import { DetachedContext, ValueContext } from './values.js'
import { checkFlag, checkFunction, checkOptions, checkTime, mistyped } from '../base/arguments.js'
import { spawn } from '../goroutine/goroutine.js'
import { checkContext, type CancelContext, type Context, type ContextKey } from '../interfaces/context.js'
import type { Body } from '../interfaces/goroutine.js'
import { checkOperation } from '../operation/operation.js'
import { Reaction } from '../operation/waiter.js'
import { queue } from '../scheduler/run-queue.js'
import { time } from '../scheduler/timers.js'

class RootContext extends EndlessContext {
  readonly parent = null

  constructor(private readonly _name: string) {
    super()
  }
  override toString(): string {
    return this._name
  }
}

/**
 * The root of every tree of contexts: it never ends, and has no deadline and no values. Source: Go's
 * `context.Background`.
 */
export const background: Context = /* @__PURE__ */ new RootContext('context.Background')

/** As `background`: a placeholder where it is not yet clear which context to use. Source: Go's `context.TODO`. */
export const todo: Context = /* @__PURE__ */ new RootContext('context.TODO')

/**
 * Makes a context that ends when it is canceled or its parent ends, whichever comes first. Cancel it when its work is
 * done, or let `using` do so: until then its parent keeps a reference to it. Source: Go's `context.WithCancelCause`.
 *
 * @example
 * ```ts
 * using ctx = withCancel(background)
 * go(worker, ctx)
 * ```
 */
export function withCancel(parent: Context): CancelContext {
  return new CancelableContext(checkContext('withCancel(parent)', parent)).follow()
}

/**
 * As `withCancel`, and the context ends with DeadlineExceededError after `ms`, and with `cause` as its cause where one
 * is given. For zero and below it has ended at once. Throws RangeError for NaN. Source: Go's
 * `context.WithTimeoutCause`.
 */
export function withTimeout(parent: Context, ms: number, cause?: unknown): CancelContext {
  checkContext('withTimeout(parent, ms)', parent)
  checkTime('withTimeout(parent, ms)', ms)
  const ctx = new CancelableContext(parent).follow()
  ctx.setDeadline(ms, time.timers.wall() + ms, cause, ms)
  return ctx
}

/**
 * As `withTimeout`, with a point in time: Unix time in ms, as `now()` and `Date.now()` return it. In a bubble, a time
 * that is nearer to the system's time than to virtual time counts from the system's. Source: Go's
 * `context.WithDeadlineCause`.
 */
export function withDeadline(parent: Context, epochMs: number, cause?: unknown): CancelContext {
  checkContext('withDeadline(parent, epochMs)', parent)
  checkTime('withDeadline(parent, epochMs)', epochMs)
  const { timers } = time
  const deadline = timers.clock.fromUnix(epochMs)
  const ctx = new CancelableContext(parent).follow()
  ctx.setDeadline(deadline - timers.wall(), deadline, cause)
  return ctx
}

/**
 * Makes a context with another value, which hides a value of the same key farther out. Throws TypeError "nil key".
 * Source: Go's `context.WithValue`.
 */
export function withValue<V>(parent: Context, key: ContextKey<V>, value: V): Context {
  checkContext('withValue(parent, key, value)', parent)
  const { name } = (key as Partial<ContextKey<V>> | null | undefined) ?? {} // from JavaScript it may be anything
  if (typeof name !== 'string') throw mistyped('withValue(parent, key, value): nil key', 'a key made by contextKey', key)
  return new ValueContext(parent, key, value)
}

/**
 * Makes a context with the values of the parent, without its end: for work that outlives the parent. Source: Go's
 * `context.WithoutCancel`.
 */
export function withoutCancel(parent: Context): Context {
  return new DetachedContext(checkContext('withoutCancel(parent)', parent))
}

/**
 * Makes a key for `withValue`. Two keys of the same name are different keys.
 *
 * The value of a `portable` key crosses with its context to a function of `millrace/threads`, as a copy, and there the key with
 * the same name finds it. So make the key at the top level of a module that both sides evaluate, under a name that no other
 * portable key has.
 *
 * @example
 * ```ts
 * const requestId = contextKey<string>('requestId', { portable: true })
 * const ctx = withValue(background, requestId, 'r1')
 * ctx.value(requestId) // → { _tag: 'Some', value: 'r1' }
 * ```
 */
export function contextKey<V>(name: string, options: ContextKeyOptions = {}): ContextKey<V> {
  if (typeof name !== 'string') throw mistyped('contextKey(name)', 'a string', name)
  checkOptions('contextKey(name, options)', options, ['portable'])
  const { portable = false } = options
  checkFlag('contextKey(name, { portable })', portable)
  if (!portable) return { name }
  const key = { name, isPortable: true }
  addPortable(key)
  return key
}

/** Options of `contextKey`. */
export interface ContextKeyOptions {
  /** The value crosses to threads. Default false. */
  readonly portable?: boolean
}

/**
 * Starts `f` as a goroutine when the context ends; soon, if it has ended. Returns a function that stops this: it
 * returns true if `f` will not be started, false if `f` was started or stopped before. Source: Go's
 * `context.AfterFunc`.
 */
export function afterFunc(ctx: Context, f: Body<[], unknown>): () => boolean {
  checkContext('afterFunc(ctx, f)', ctx)
  checkFunction('afterFunc(ctx, f)', f)
  const done = checkOperation('afterFunc(ctx, f): ctx.done()', ctx.done())
  let isWaiting = true
  const start = (): void => {
    isWaiting = false
    const task = spawn(f, [], null)
    queue.order?.acquire(start, 'start', task)
  }
  if (ctx.err()._tag === 'Some') {
    start()
    return () => false
  }
  queue.order?.release(start, 'start')
  const scope = queue.scopeHere
  const reaction = new Reaction(scope === null ? start : () => scope.runInAsyncScope(start))
  done.park(reaction)
  return () => {
    if (!isWaiting) return false
    isWaiting = false
    done.withdraw(reaction)
    return true
  }
}
