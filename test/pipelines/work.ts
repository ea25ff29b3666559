/** The work of a plan: every kind of `Work`, prompt, slow, canceling, re-entrant and failing. */
import { all, go, sleep, type Context } from 'millrace'
import { collect, fromIterable, fromOp, workerPool, type FailureOptions } from 'millrace/operators'
import { of } from 'rxjs'
import type { WorkKind } from './plan.js'
import { isBad } from './specification.js'

/** The error of work. */
export const fault = new Error('fault')

export type Worker = (item: number, ctx: Context) => number

/** The work on an item: results in the item after `ms`. */
export const workOf = (kind: WorkKind, ms: number): Worker => kindsOfWork(ms)[kind] as Worker // all of it is Work<number>

function kindsOfWork(ms: number): Readonly<Record<WorkKind, (item: number, ctx: Context) => unknown>> {
  const tried = new Set<number>()
  const fails = (item: number): unknown => {
    if (isBad(item)) throw fault
    return sleep(ms).map(() => item)
  }
  const everySecond = (item: number): unknown => {
    if (!isBad(item) || tried.delete(item)) return sleep(ms).map(() => item)
    tried.add(item)
    throw fault
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
    canceling: (item) => canceling(item, ms),
    're-entrant': (item, ctx) => collect(ctx, fromIterable([item]).pipe(workerPool(1, workOf('operation', ms)))).join().map(([only]) => only), // prettier-ignore
    throws: fails,
    skipped: fails,
    'dead letters': fails,
    restarted: everySecond,
    retried: everySecond,
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

export function failureOptions(kind: WorkKind): FailureOptions {
  if (kind === 'throws') return { onFailure: 'stop' } // also where `catchTo` is below
  if (kind === 'skipped') return { onFailure: 'skip' }
  if (kind === 'restarted') return { onFailure: 'restart', schedule: ({ attempts }) => (attempts < 10 ? attempts - 1 : null) }
  return {}
}
