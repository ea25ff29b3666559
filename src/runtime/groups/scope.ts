/**
 * A scope: goroutines that end no later than the code that started them.
 *
 *     body ──returns, throws──▶ the rest is canceled ──the last has ended──▶ over
 *       ▲  └─go─▶ goroutine ──fails──▶ body and siblings are canceled ──────▲
 *
 * Source: structured concurrency (Sústrik, 2016; Trio's nurseries; Kotlin's coroutineScope).
 *
 * Where we differ from Trio and Kotlin: at the end of the body the goroutines that are left are canceled, and not
 * awaited. To await one, join it.
 */
import { OwnedGroup, withGroup } from './owned-group.js'
import type { GroupBody } from './task-group.js'
import { checkFunction } from '../base/arguments.js'
import { CanceledError } from '../base/errors.js'
import { failedAfterCancel } from '../goroutine/crash.js'
import { Work } from '../goroutine/job.js'
import type { Failure } from '../goroutine/owner.js'
import type { Task } from '../goroutine/task.js'
import { causeOf, checkContext, type Context } from '../interfaces/context.js'
import type { Body, Goroutine } from '../interfaces/goroutine.js'
import { isJob, type Job } from '../interfaces/job.js'
import { endOf } from '../operation/cut-off.js'

/** Starts goroutines that end with the scope. */
export interface Scope {
  /** Ends when the body has ended, a goroutine of the scope has failed, or the context given to `scope` ends. */
  readonly ctx: Context
  /** Performs a job in a goroutine of the scope. */
  go<R>(job: Job<R>): Goroutine<R>
  /** Starts `fn` as a goroutine of the scope; it receives the scope's context. */
  go<R>(fn: Body<[ctx: Context], R>): Goroutine<R>
  /**
   * Starts `fn(...args)` as a goroutine of the scope. Its first failure is thrown by the scope, joined or not. Throws
   * CanceledError on a scope that has ended.
   */
  go<A extends readonly [unknown, ...unknown[]], R>(fn: Body<A, R>, ...args: A): Goroutine<R>
}

/**
 * A job that runs `body`, and results in its result once every goroutine that was started in the scope has ended. When
 * `body` returns or throws, the goroutines that are left are canceled: generators are unwound, async functions see the
 * end of the context, and both are waited for. The first failure of a goroutine cancels `body` and the others, and is
 * thrown; each later failure is a late failure. An async `body` cannot be stopped, and is left to its end.
 *
 * When the context ends, everything is canceled and the cause is thrown. A performer that is canceled waits for the
 * generators, as for any job.
 *
 * @example
 * ```ts
 * const answer = await scope(ctx, function* (s) {
 *   const slow = s.go(function* () {
 *     yield* sleep(10)
 *     return 42
 *   })
 *   s.go(worker, 1, jobs) // canceled when the body returns
 *   return yield* slow.join()
 * })
 * ```
 */
export function scope<R>(ctx: Context, body: Body<[scope: Scope], R>): Job<R> {
  checkContext('scope(ctx, body): ctx', ctx)
  checkFunction('scope(ctx, body): body', body)
  return new Work('scope', () => withGroup(ctx, ScopeGroup, (group) => group.resultOf(body)))
}

class ScopeGroup extends OwnedGroup {
  private _hasBodyEnded = false

  /** After the body the goroutines are given up. */
  protected override failed(failure: Failure, goroutine: Task): boolean {
    if (!this._hasBodyEnded) return super.failed(failure, goroutine)
    failedAfterCancel(failure.error, goroutine)
    return true
  }

  *resultOf<R>(body: Body<[scope: Scope], R>): Generator<never, R> {
    let result: { readonly value: R } | null = null
    const scope = this._scope()
    this.perform(
      () => body(scope),
      (value) => {
        if (this.failures.length > 0) return // a goroutine has failed, and the body returned before it was unwound
        result = { value: value as R } // the result of `body`
        this._hasBodyEnded = true
        this.end()
      },
      body.name || 'scope',
    )
    const wait = yield* this.wait().attempt()
    if (result !== null) return (result as { readonly value: R }).value // the compiler does not see that `perform` sets it
    throw wait._tag === 'Left' ? wait.left : endOf(this.ctx)
  }

  private _scope(): Scope {
    return {
      ctx: this.ctx,
      go: (work: unknown, ...args: readonly unknown[]) => this._go(work, args) as Goroutine<never>, // the result of `work`
    }
  }

  private _go(work: unknown, args: readonly unknown[]): Goroutine<unknown> {
    if (!isJob(work)) checkFunction('scope.go(fn)', work)
    if (this.hasEnded) throw new CanceledError(causeOf(this.ctx), 'scope: go on a scope that has ended')
    const body = isJob(work) ? () => work : (work as GroupBody<unknown>) // it takes `args`, or the context
    const { name = '' } = work as { readonly name?: string } // of a function, or of a job of the package
    return this.start(body, name || null, (args.length === 0 ? [this.ctx] : args) as [Context]) as Task // as above; the group has no limit
  }
}
