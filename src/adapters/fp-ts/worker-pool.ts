/**
 * Worker pools over TaskEither and ReaderTaskEither: a failure of type E is an item of the results and does not end the
 * pipeline.
 */
import type { Either } from 'fp-ts/lib/Either.js'
import type { ReaderTaskEither } from 'fp-ts/lib/ReaderTaskEither.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { OperatorFunction } from 'rxjs'
import { workerPool, type WorkerPoolOptions } from '../../operators/index.js'
import type { Context } from '../../runtime/index.js'
import { checkFunction, checkRecord, mistyped } from '../../runtime/internal.js'

/**
 * `workerPool` for work that is a TaskEither: at most `n` tasks run at once, and the source pauses while all `n` run.
 * The results are Eithers: a Left does not end the pipeline. A task that rejects does, because a rejection is no E.
 *
 * `work` receives the item and a context that ends when the subscriber leaves. Throws RangeError at once unless `n` is
 * a whole number from 1 up.
 *
 * @example
 * ```ts
 * pipe(fromReceiver(ids), workerPoolTE(5, (id) => loadUser(id)), partitionE(sendTo(failures), sendTo(users)))
 * ```
 */
export function workerPoolTE<T, E, A>(
  n: number,
  work: (value: T, ctx: Context) => TaskEither<E, A>,
  options?: WorkerPoolOptions,
): OperatorFunction<T, Either<E, A>> {
  checkFunction('workerPoolTE(n, work)', work)
  return workerPool(n, (value: T, ctx) => runTask('workerPoolTE', work(value, ctx)), named('workerPoolTE', options))
}

/**
 * `workerPoolTE` for work whose environment is a Context: that context ends when the subscriber leaves.
 *
 * @example
 * ```ts
 * const loadUser = (id: string): ReaderTaskEither<Context, HttpError, User> => (ctx) => tryCatch(() => get(id, ctx.signal), toHttpError)
 * pipe(fromReceiver(ids), workerPoolRTE(5, loadUser))
 * ```
 */
export function workerPoolRTE<T, E, A>(
  n: number,
  work: (value: T) => ReaderTaskEither<Context, E, A>,
  options?: WorkerPoolOptions,
): OperatorFunction<T, Either<E, A>> {
  checkFunction('workerPoolRTE(n, work)', work)
  return workerPool(n, (value: T, ctx) => runReader('workerPoolRTE', work(value), ctx), named('workerPoolRTE', options))
}

/**
 * `workerPoolTE` for items that are Eithers: the work runs for the Rights, and a Left passes unchanged. The results
 * fail with E1 or E2.
 */
export function chainPoolTE<E1, T, E2, A>(
  n: number,
  work: (value: T, ctx: Context) => TaskEither<E2, A>,
  options?: WorkerPoolOptions,
): OperatorFunction<Either<E1, T>, Either<E1 | E2, A>> {
  checkFunction('chainPoolTE(n, work)', work)
  return workerPool<Either<E1, T>, Either<E1 | E2, A>>(
    n,
    (item, ctx) => (item._tag === 'Left' ? item : runTask('chainPoolTE', work(item.right, ctx))),
    named('chainPoolTE', options),
  )
}

/** `workerPoolRTE` for items that are Eithers: the work runs for the Rights, and a Left passes unchanged. */
export function chainPoolRTE<E1, T, E2, A>(
  n: number,
  work: (value: T) => ReaderTaskEither<Context, E2, A>,
  options?: WorkerPoolOptions,
): OperatorFunction<Either<E1, T>, Either<E1 | E2, A>> {
  checkFunction('chainPoolRTE(n, work)', work)
  return workerPool<Either<E1, T>, Either<E1 | E2, A>>(
    n,
    (item, ctx) => (item._tag === 'Left' ? item : runReader('chainPoolRTE', work(item.right), ctx)),
    named('chainPoolRTE', options),
  )
}

function runTask<E, A>(pool: string, task: TaskEither<E, A>): Promise<Either<E, A>> {
  if (typeof task !== 'function') throw mistyped(`${pool}(n, work): the result of work`, 'a TaskEither', task)
  return task()
}

function runReader<E, A>(pool: string, rte: ReaderTaskEither<Context, E, A>, ctx: Context): Promise<Either<E, A>> {
  if (typeof rte !== 'function') throw mistyped(`${pool}(n, work): the result of work`, 'a ReaderTaskEither', rte)
  return runTask(pool, rte(ctx))
}

/** The name of the stage in warnings and errors. */
function named(name: string, options: WorkerPoolOptions = {}): WorkerPoolOptions {
  checkRecord(`${name}(n, work, options)`, 'an object', options, ['ordered', 'onFailure', 'schedule', 'name', 'overflow', 'sparse'])
  return { name, ...options }
}
