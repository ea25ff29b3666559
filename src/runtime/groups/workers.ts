/**
 * Go's worker pool: n goroutines that share a channel of jobs and a channel of results.
 *
 * Always true: at most `n` jobs are under way. The channel of results has no buffer, so a worker takes its next job
 * only after a receiver has taken the result of the last job.
 */
import { type Context, checkContext } from '../interfaces/context.js'
import type { Body } from '../interfaces/goroutine.js'
import { checkCount, checkFunction, checkMethod, checkOptions } from '../base/arguments.js'
import { causeOfThrown } from '../base/errors.js'
import { Channel } from '../channel/channel.js'
import type { Receiver } from '../interfaces/channel.js'
import { range, type Cursor } from '../channel/range.js'
import { background } from '../context/context.js'
import { spawn } from '../goroutine/goroutine.js'
import { performed } from '../goroutine/job.js'
import type { Failure } from '../goroutine/owner.js'
import { errgroup, type ErrGroup } from './errgroup.js'

/** Options of `workers`. */
export interface WorkersOptions {
  /** Its end stops the workers; the results are then closed with its cause. */
  readonly ctx?: Context
}

/**
 * Runs `fn` over the jobs in `n` goroutines; returns a receiver of the results, in the order in which the jobs end.
 * `fn` is a generator, async or plain function, which receives the job and a context that ends when the workers stop.
 *
 * The results are closed when the jobs are closed and the last job is done, with the cause of the jobs' close if there is
 * one. The first error of `fn` stops the workers and closes the results with that error; the end of `ctx` does the same with
 * its cause. Throws RangeError unless `n`
 * is a whole number from 1 up.
 *
 * @example
 * ```ts
 * const pages = workers(5, jobs, async (job, ctx) => (await fetch(`/jobs/${job}`, { signal: ctx.signal })).text())
 * for await (const page of pages) console.log(page.length)
 * ```
 */
export function workers<T, R>(
  n: number,
  jobs: Receiver<T>,
  fn: Body<[job: T, ctx: Context], R>,
  options: WorkersOptions = {},
): Receiver<R> {
  checkCount('workers(n, jobs, fn): n', 1, n)
  checkMethod('workers(n, jobs, fn): jobs', 'a Receiver', jobs, 'receive')
  checkFunction('workers(n, jobs, fn): fn', fn)
  checkOptions('workers(n, jobs, fn)', options, ['ctx'])
  const { ctx = background } = options
  const group = errgroup(checkContext('workers(n, jobs, fn, { ctx })', ctx))
  const results = new Channel<R>(0, null)

  const end: JobsEnd = { failure: null }

  function* worker(ctx: Context): Generator<never, void> {
    for (const it = range(jobs); yield* hasNext(it, end);) {
      yield* results.send(yield* performed<R>(fn(it.value, ctx)))
    }
  }

  Object.defineProperty(worker, 'name', { value: 'worker' }) // its name in dumps, also where a minifier renames it
  for (let i = 0; i < n; i++) group.go(worker)
  spawn(closeAfter, [group, results, end], null, 'closeAfter')
  return results
}

/** The end of the jobs: the error of a receive follows the results of the jobs that were taken. */
interface JobsEnd {
  failure: Failure | null
}

function* hasNext(it: Cursor<unknown>, end: JobsEnd): Generator<never, boolean> {
  try {
    return yield* it.next()
  } catch (error) {
    end.failure ??= { error }
    return false
  }
}

function* closeAfter(group: ErrGroup, results: Pick<Channel<never>, 'close'>, end: JobsEnd): Generator<never, void> {
  try {
    yield* group.wait()
    if (end.failure !== null) throw end.failure.error
    results.close()
  } catch (cause) {
    results.close(causeOfThrown(cause))
  }
}
