/**
 * The compiler's messages for usual slips. In the types only: each message is a string literal that nothing is assignable
 * to, and stands in the last overload of a function, which the compiler explains. So calls without a slip are
 * resolved by the overloads before, at their usual speed.
 */

/** No generator yields it, so the message shows where a generator yields anything else. */
export type YieldStar = 'use yield* to perform an operation: a yield without its star does not wait'

/**
 * Each member of a record or a list, or the message for a member that is not allowed.
 * @inline
 */
export type Slips<C, Allowed> = { readonly [K in keyof C]: C[K] extends Allowed ? C[K] : CaseSlip<C[K]> }

/** The message for a value that is no operation. */
type CaseSlip<C> = C extends { readonly __job?: string }
  ? 'a job is no operation: use go(job).join()'
  : C extends { tryReceive(): unknown } | { trySend(value: never): unknown }
    ? 'a channel is no operation: use channel.receive() or channel.send(value)'
    : C extends { join(): unknown }
      ? 'a goroutine is no operation: use goroutine.join()'
      : C extends { done(): unknown }
        ? 'a context is no operation: use ctx.done()'
        : C extends (...args: never) => unknown
          ? 'a function is no operation: call it, or use go(f).join()'
          : C extends PromiseLike<unknown>
            ? 'a promise is no operation: use fromPromise(promise)'
            : 'expected an operation: ch.receive(), after(ms), ctx.done()'

/**
 * The message for work that `go` cannot start.
 * @inline
 */
export type WorkSlip<W> = W extends (...args: never) => unknown
  ? ReturnType<W> extends Generator<infer Y, unknown, never>
    ? [Y] extends [never]
      ? 'the arguments of a function follow it: go(worker, 1)'
      : YieldStar
    : 'the arguments of a function follow it: go(worker, 1)'
  : 'go takes a function and its arguments, go(worker, 1): the call go(worker(1)) makes a generator or a promise, and go starts neither'
