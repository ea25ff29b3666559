/** Runs the pipeline of a plan in virtual time, and compares it with its specification. */
import { after, background, chan, go, sleep, withCancel, type CancelContext } from 'millrace'
import { bounds, run, until } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { inline } from 'millrace/threads'
import { Observable, retry, Subject, Subscription, take, takeUntil, tap } from 'rxjs'
import { expect } from 'vitest'
import { time } from '../../src/runtime/scheduler/timers.js'
import { delegateRxjs, FrameScheduler } from '../../src/testing/marbles/scheduler.js'
import { pipe } from './build.js'
import { compare, type Ended, type Seen } from './compare.js'
import { again, type EndPlan, type PipelinePlan, type StagePlan } from './plan.js'
import { firstSource, type Failing } from './sources.js'
import { Watch } from './watch.js'

/** ms of virtual time in which every pipeline of a plan has ended. */
const LONG = 100_000
/** ms after which a pipeline over an endless source is ended. */
const ENOUGH = 40
export const stopped = new Error('stopped')

export async function check(plan: PipelinePlan): Promise<void> {
  const watch = new Watch()
  const subscribers: Seen[] = []
  watch.copies = copiesOf(plan.stages) ?? 1
  for (const stage of committing(plan)) watch.commits.set(stage, -1)
  watch.begin()
  try {
    using _here = inline()
    await bubble(function* ({ wait, now }) {
      watch.atEnd(delegateRxjs(new FrameScheduler(now, (cause) => watch.events.push(`RxJS's scheduler: ${String(cause)}`))))
      const ctx = withCancel(background)
      const whole = bounded(plan, pipe(firstSource(plan.source, watch, failing(plan.end)), plan.stages, watch))
      yield* ended(plan.end, ctx, whole, watch, subscribers)
      if (waitsForWork(plan)) expect(watch.unwinding, 'work that has not unwound').toBe(0)
      yield* wait()
      if (!leavesTimers(plan)) expect(time.timers.size, 'timers right after the end').toBe(0)
      expect((ctx as unknown as { isWatched: boolean }).isWatched, 'the context has listeners').toBe(false) // its own field
      expect(watch.left, 'left behind').toEqual({ waiters: 0, stuck: 0, claimed: 0 })
      yield* sleep(LONG) // goroutines that are left over are blocked by then, and the bubble reports them
      expect(time.timers.size, 'timers').toBe(0)
      checkBound(plan, whole, watch)
    })
  } finally {
    watch.end()
  }
  expect(watch.events, 'events of the process').toEqual([])
  for (const { ended } of subscribers) if (typeof ended === 'object') watch.failures.report(ended.threw, 'end')
  expect(watch.failures.wrong(plan), 'each failure is reported once').toEqual([])
  for (const seen of subscribers) compare(plan, seen, watch)
  checkCommits(plan, subscribers[0], watch)
}

const failing = (end: EndPlan): Failing | null => ('at' in end ? { at: end.at, once: end.end === 'fails, retry' } : null)

const isEndless = ({ source: { source } }: PipelinePlan): boolean => source === 'endless' || source === 'ticker'

const bounded = (plan: PipelinePlan, pipeline: Observable<number>): Observable<number> =>
  isEndless(plan) ? pipeline.pipe(until(after(ENOUGH))) : pipeline

/** An async function cannot be canceled: its sleep goes on. A pool of threads waits a while for more work. Work that unwinds may belong to another run. */
function leavesTimers(plan: PipelinePlan): boolean {
  const text = JSON.stringify(plan.stages)
  return text.includes('"async"') || text.includes('"thread"') || (text.includes('"unwinding"') && !waitsForWork(plan))
}

function* ended(end: EndPlan, ctx: CancelContext, whole: Observable<number>, watch: Watch, into: Seen[]): Generator<never, void> {
  if (end.end === 'unsubscribes in next') return yield* unsubscribing(end.n, whole, watch, into)
  const subscribers = end.end === 'two subscribers' || end.end === 'one of two takes' ? 2 : 1
  const runs = Array.from({ length: subscribers }, (_, i) => {
    const own = end.end === 'one of two takes' && i === 0 ? ({ end: 'take', n: end.n } as const) : end
    const seen: Seen = { items: [], ended: 'hangs' }
    into.push(seen)
    const record = tap((item: number) => {
      seen.items.push(item)
      if (seen === into[0]) watch.seen()
    })
    return { seen, running: run(ctx, ending(own, whole, record, seen)) }
  })
  const canceling = go(function* () {
    if (end.end !== 'context' && end.end !== 'cancel' && end.end !== 'fails, cancel') return
    yield* sleep(end.ms)
    if (end.end === 'context') ctx.cancel(stopped)
    else runs[0].running.cancel(stopped)
  })
  const joins = runs.map(({ seen, running }) =>
    go(function* () {
      const result = yield* running.join().attempt()
      seen.ended = result._tag === 'Right' ? 'completed' : { threw: result.left }
    }),
  )
  for (const join of joins) yield* join.join()
  canceling.cancel()
}

function ending(
  end: EndPlan,
  whole: Observable<number>,
  record: ReturnType<typeof tap<number>>,
  { items }: { readonly items: readonly number[] },
): Observable<number> {
  // eslint-disable-next-line @typescript-eslint/switch-exhaustiveness-check -- the default case has the others
  switch (end.end) {
    case 'take':
    case 'fails, take':
      return whole.pipe(take(end.n), record)
    case 'leaves in next': {
      const leave = new Subject<void>()
      return whole.pipe(record, tap(() => items.length === end.n && leave.next()), takeUntil(leave)) // prettier-ignore
    }
    case 'until':
      return whole.pipe(until(after(end.ms)), record)
    case 'fails, retry':
      return whole.pipe(record, retry(1))
    default:
      return whole.pipe(record)
  }
}

/** A plain subscription, which is unsubscribed from within `next`. */
function* unsubscribing(n: number, whole: Observable<number>, watch: Watch, into: Seen[]): Generator<never, void> {
  const seen: Seen = { items: [], ended: 'hangs' }
  into.push(seen)
  const ends: Ended[] = []
  const over = chan<undefined>(1)
  const ended = (how: Ended): void => {
    ends.push(how)
    over.trySend(undefined)
  }
  const subscription = new Subscription()
  const linked = new Observable<number>((subscriber) => {
    subscription.add(subscriber)
    return whole.subscribe(subscriber)
  })
  linked.subscribe({
    next(item) {
      seen.items.push(item)
      watch.seen()
      if (seen.items.length !== n) return
      subscription.unsubscribe()
      ended('left')
    },
    error: (cause) => ended({ threw: cause }),
    complete: () => ended('completed'),
  })
  yield* over.receive()
  yield* sleep(ENOUGH)
  expect(ends, 'exactly one end').toHaveLength(1)
  seen.ended = ends[0]
}

/** Each item becomes one item: what is between the source and the end is in the stages. */
const oneToOne = new Set<StagePlan['stage']>(['named', 'meter', 'relay', 'withContext', 'until', 'rateLimit', 'map', 'tap', 'scan', 'defer', 'iif', 'finalize', 'catchError', 'race', 'queue', 'workerPool', 'adaptive', 'byKey', 'timeoutEach', 'pausable', 'paused', 'prioritize', 'progress', 'decode', 'decode, async', 'tee', 'retryEach', 'catchTo', 'deep row']) // prettier-ignore
/** Items that the goroutine and the channel of a source hold beside the stage that `bounds` counts. */
const HELD_BY_SOURCE = 5

/** The items that an item becomes, through the stages and their branches; null where that is not known, or differs. */
const copiesOf = (stages: readonly StagePlan[]): number | null =>
  stages.reduce<number | null>((copies, plan) => {
    const made = copiesIn(plan)
    return copies === null || made === null ? null : copies * made
  }, 1)

function copiesIn(plan: StagePlan): number | null {
  if (plan.stage === 'broadcast' || plan.stage === 'fanOut' || plan.stage === 'groupByKey') {
    const each = plan.branches.map(copiesOf)
    const isKnown = each.every((copies) => copies !== null && (plan.stage === 'broadcast' || copies === each[0]))
    if (!isKnown) return null
    return plan.stage === 'broadcast' ? each.reduce<number>((sum, copies) => sum + (copies ?? 0), 0) : each[0]
  }
  const drops = 'work' in plan && ['several', 'throws', 'skipped', 'dead letters'].includes(plan.work)
  return oneToOne.has(plan.stage) && !drops ? 1 : null
}

/** The bound is stated in full, but for workers that return observables: each has one result, of a source that holds nothing. */
function statedBound(whole: Observable<number>): number {
  const { unknown, stages } = bounds(whole)
  const isKnown = unknown.every((text) => text.includes('the observables that its workers return'))
  return isKnown ? stages.reduce((sum, { holds }) => sum + holds, 0) : Infinity
}

/** Stages that commit, and below which each item becomes one item. In a further round positions begin anew. */
function committing({ stages, end }: PipelinePlan): StagePlan[] {
  const isOnce =
    !hasTwo(end) && end.end !== 'fails, retry' && !stages.some(({ stage }) => again.has(stage) || stage === 'fails once, retryWith')
  return stages.filter((stage, i) => isOnce && stage.stage === 'byKey' && stage.commits && copiesOf(stages.slice(i)) === 1)
}

/** What was committed has left the end of the pipeline by then, and where the pipeline has completed that is everything. */
function checkCommits(plan: PipelinePlan, { items, ended }: Seen, watch: Watch): void {
  expect(watch.early, 'committed before they were delivered').toEqual([])
  if (plan.end.end !== 'completes' || ended !== 'completed' || isEndless(plan)) return
  for (const last of watch.commits.values()) expect(last, 'the last commit').toBe(items.length - 1)
}

/** A run waits for the work of its own pipeline: a shared part, and a channel between two pipelines, have runs of their own. */
const waitsForWork = ({ source, stages }: PipelinePlan): boolean =>
  !/"share|"toReceiver|"sendTo|"through a|"subscribeOn|, delay"|"connect/.test(JSON.stringify([source, stages]))

const hasTwo = ({ end }: EndPlan): boolean => end === 'two subscribers' || end === 'one of two takes'

function checkBound({ source, stages, end }: PipelinePlan, whole: Observable<number>, watch: Watch): void {
  if (watch.wasUnpaced) return
  expect([...watch.overfull], 'stages that hold more than they state').toEqual([])
  if (end.end === 'two subscribers' || end.end === 'one of two takes' || end.end === 'fails, retry' || source.source === 'operations')
    return
  if (copiesOf(stages) === null) return
  const { copies } = watch // an item above a broadcast counts for each of its copies
  expect(watch.most, 'items between the source and the end').toBeLessThanOrEqual(copies * (statedBound(whole) + HELD_BY_SOURCE))
}
