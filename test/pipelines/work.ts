/** The work of a plan: every kind of `Work`, prompt, slow, canceling, re-entrant and failing. */
import { all, go, sleep, uncancelable, type Context } from 'millrace'
import { collect, fromIterable, fromOp, workerPool, type FailureOptions } from 'millrace/operators'
import { onThreads } from 'millrace/threads'
import { of, throwError } from 'rxjs'
import type { WorkKind } from './plan.js'
import type { Failed, Failures } from './failures.js'
import { isBad } from './specification.js'
import type { Watch } from './watch.js'

/** Work on a thread, which runs here under `inline()`. */
const threads = onThreads(
  { url: 'file:///pipelines.js' },
  {
    *slept(item: number, ms: number): Generator<never, number> {
      yield* sleep(ms)
      return item
    },
  },
)

export type Worker = (item: number, ctx: Context) => number

/** The work on an item: results in the item after `ms`. */
export const workOf = (kind: WorkKind, ms: number, watch: Watch): Worker => kindsOfWork(ms, watch)[kind] as Worker // all of it is Work<number>

function kindsOfWork(ms: number, watch: Watch): Readonly<Record<WorkKind, (item: number, ctx: Context) => unknown>> {
  const tried = new Set<number>()
  const fails = (fault: () => Failed) => (item: number): unknown => (isBad(item) ? failing(item, ms, fault) : sleep(ms).map(() => item)) // prettier-ignore
  const fault = (): Failed => watch.failures.begin('fault')
  const everySecond = (item: number): unknown => {
    if (!isBad(item) || tried.delete(item)) return sleep(ms).map(() => item)
    tried.add(item)
    return failing(item, ms, fault)
  }
  return {
    value: (item) => item,
    promise: (item) => Promise.resolve(item),
    async: async (item) => {
      await sleep(ms)
      return item
    },
    operation: (item) => sleep(ms).map(() => item),
    generator: function* (item) {
      yield* sleep((item * 5) % (ms + 1))
      return item
    },
    observable: (item) => fromOp(() => sleep(ms).map(() => item)),
    foreign: (item) => of(item),
    job: (item) => all([() => sleep(ms), sleep(0).map(() => item)]).map(([, result]) => result),
    thread: (item) => threads.slept(item, ms),
    several: (item) => fromIterable([item, item]),
    canceling: (item) => canceling(item, ms),
    unwinding: (item) => unwinding(item, ms, watch),
    're-entrant': (item, ctx) => collect(ctx, fromIterable([item]).pipe(workerPool(1, workOf('operation', ms, watch)))).join().map(([only]) => only), // prettier-ignore
    throws: fails(fault),
    skipped: fails(() => watch.failures.beginSkipped()),
    'dead letters': fails(fault),
    restarted: everySecond,
    retried: everySecond,
  }
}

/** Fails in one of the ways of work. */
function failing(item: number, ms: number, fault: () => Failed): unknown {
  const ways = [
    () => {
      throw fault()
    },
    () => Promise.reject(fault()),
    () => throwError(fault),
    () => sleep(ms).map(() => failing(0, 0, fault)),
    function* (): Generator<never, void> {
      yield* sleep(ms)
      throw fault()
    },
  ]
  return ways[(Math.floor(item / 5) + ms) % ways.length]()
}

/** Waits in its clean-up: a run ends after it. */
function* unwinding(item: number, ms: number, watch: Watch): Generator<never, number> {
  watch.unwinding++
  try {
    yield* sleep(ms)
    return item
  } finally {
    yield* uncancelable(sleep(1).map(() => watch.unwinding--)) // a cancel cuts short a `finally` that runs already
  }
}

/** Cancels a goroutine of its own, and waits until that has unwound. */
function* canceling(item: number, ms: number): Generator<never, number> {
  const child = go(function* () {
    yield* sleep(1000)
  })
  try {
    yield* sleep(ms)
  } finally {
    child.cancel()
  }
  yield* child.join().attempt()
  return item
}

export function failureOptions(kind: WorkKind, failures: Failures): FailureOptions {
  if (kind === 'throws') return { onFailure: 'stop' } // also where `catchTo` is below
  if (kind === 'skipped') return { onFailure: 'skip' }
  if (kind === 'restarted')
    return { onFailure: 'restart', schedule: failures.handling(({ attempts }) => (attempts < 10 ? attempts - 1 : null)) }
  return {}
}
