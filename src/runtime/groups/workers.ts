/**
 * Go's worker pool: n goroutines over one channel of jobs, and a channel of their results.
 *
 * The results are not buffered: a worker whose result nobody takes waits, and takes no more jobs, so at most n are under way.
 */
import { background } from '../context/context.js'
import { Channel, type Receiver } from '../channel/channel.js'
import { errgroup, type ErrGroup } from './errgroup.js'
import { checkCount, checkFunction } from '../base/arguments.js'
import { spawn, type Body } from '../goroutine/goroutine.js'
import { checkContext } from '../operation/operation.js'
import { range } from '../channel/range.js'
import { resultOf, type Waitable } from '../operation/immediate.js'
import type { Context } from '../interfaces/op.js'

export interface WorkersOptions {
  /** Its end stops the workers, and the results end with its cause. */
  readonly ctx?: Context
}

/**
 * Runs `fn` over the jobs in `n` goroutines; what it answers are the results, as they come. `fn` is a generator, async or plain function; it
 * is given the job and a context that ends when the workers stop.
 *
 * The results are closed when the jobs are closed and the last of them is done. The first throw of `fn` stops the workers, and closes the
 * results with it; so does the end of `ctx`, with its cause. Throws RangeError unless `n` is a whole number from 1 up.
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
  checkFunction('workers(n, jobs, fn): fn', fn)
  const { ctx = background } = options
  const group = errgroup(checkContext('workers(n, jobs, fn, { ctx })', ctx))
  const results = new Channel<R>(0, null)
  range(jobs) // what is no Receiver throws here, and not in the workers

  function* worker(ctx: Context): Generator<never, void> {
    for (const it = range(jobs); yield* it.next();) {
      const made: R | Promise<R> | Waitable<R> = fn(it.value, ctx)
      yield* results.send(yield* resultOf(made))
    }
  }

  for (let i = 0; i < n; i++) group.go(worker)
  spawn(closeAfter, [group, results], null)
  return results
}

function* closeAfter(group: ErrGroup, results: Pick<Channel<never>, 'close'>): Generator<never, void> {
  try {
    yield* group.wait()
    results.close()
  } catch (cause) {
    results.close(cause)
  }
}
