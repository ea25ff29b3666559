/** The pipeline of a plan. */
import { background, chan, DeadlineExceededError, go, rateLimiter, sleep, withCancel, type Op, type Schedule } from 'millrace'
import { fromReadable, toReadable } from 'millrace/node/operators'
import {
  batch,
  broadcast,
  byKey,
  catchTo,
  conflate,
  debounce,
  decode,
  fanOut,
  fromReceiver,
  groupByKey,
  mergeFair,
  meter,
  named,
  pausable,
  pauseControls,
  prioritize,
  progress,
  queue,
  rateLimit,
  relay,
  repeatWith,
  retryEach,
  retryWith,
  run,
  sample,
  sendTo,
  tee,
  throttle,
  timeoutEach,
  toReceiver,
  until,
  windowsByCount,
  windowsByTime,
  withContext,
  workerPool,
  zipBounded,
  type DeadLetter,
  type InvalidItem,
  type SchemaResult,
  type StandardSchema,
} from 'millrace/operators'
import { fromReadableStream, toReadableStream } from 'millrace/web/operators'
import { catchError, concat, defer, interval, map, merge, take, tap, throwError, type Observable, type OperatorFunction } from 'rxjs'
import type { StagePlan } from './plan.js'
import { flat, rxjsStages } from './rxjs-stages.js'
import { finallyDo, otherSource } from './sources.js'
import { grown, isBad, keyOf, OTHER } from './specification.js'
import type { Watch } from './watch.js'
import { failureOptions, workOf } from './work.js'

type Operator = OperatorFunction<number, number>

const theirs: Readonly<Record<string, () => Operator>> = rxjsStages(grown)

export function stageOf(plan: StagePlan, watch: Watch): Operator {
  // eslint-disable-next-line @typescript-eslint/switch-exhaustiveness-check -- the default case has the others
  switch (plan.stage) {
    case 'named':
      return named('part')
    case 'meter':
      return meter('meter')
    case 'relay':
      return relay()
    case 'withContext':
      return withContext(background)
    case 'until':
      return until(watch.add(chan<void>()))
    case 'rateLimit':
      return rateLimit(rateLimiter(1000, 2))
    case 'repeatWith':
      return repeatWith(({ attempts }) => (attempts < 2 ? 3 : null))
    case 'retryWith':
      return retryWith(() => null)
    case 'toReceiver':
      return throughReceiver
    case 'sendTo':
      return (source) => throughChannel(source, watch)
    case 'queue that loses':
      return queue(1000, 'drop-oldest')
    case 'conflate':
      return conflate()
    case 'conflate, combine':
      return conflate((held, next) => Math.max(held, next))
    case 'debounce':
      return debounce(2)
    case 'throttle':
      return throttle(2)
    case 'throttle, trailing':
      return throttle(2, { trailing: true })
    case 'sample':
      return sample(2)
    case 'sample, notifier':
      return sample(interval(2))
    case 'timeoutEach':
      return timeoutEach(100_000)
    case 'pausable':
      return pausable(pauseControls())
    case 'paused':
      return pausedFor(3)
    case 'prioritize':
      return prioritize((n) => n % 3, { size: 4 })
    case 'progress':
      return progress(() => undefined, { every: 2 })
    case 'decode':
      return decode(schemaOf((value) => ({ value })))
    case 'decode, async':
      return decode(schemaOf((value) => Promise.resolve({ value })))
    case 'decode, invalid':
      return decode(withoutBad, 'skip')
    case 'rateLimit by key':
      return rateLimit(() => rateLimiter(1000, 2), { by: (n) => n % 3, waiting: 4 })
    case 'tee':
      return tee(sendTo(watch.add(chan<number>(100_000))))
    case 'tee, slow':
      return tee(workerPool(1, () => sleep(1)))
    case 'tee, ends early':
      return tee((branch) =>
        branch.pipe(
          take(2),
          workerPool(1, () => sleep(1)),
        ),
      )
    case 'retryEach':
      return retryEach(watch.failures.handling(twice))
    case 'catchTo':
      return caught(watch)
    case 'fails once, retryWith':
      return failsOnce(watch)
    case 'deep row':
      return deepRow
    case 'queue, drop-newest':
      return queue(2, 'drop-newest')
    case 'queue, drop-oldest':
      return queue(2, 'drop-oldest')
    case 'batch, within':
      return (source) => source.pipe(batch({ size: 3, within: 2 }), flat)
    case 'windowsByCount, gaps':
      return (source) => source.pipe(windowsByCount({ size: 2, every: 3 }), flat)
    case 'groupByKey, most':
      return groupByKey((n) => n % 3, (group) => group.pipe(queue(1)), { most: 2, idle: 3 }) // prettier-ignore
    case 'byKey, waiting':
      return byKey((n) => n % 3, 2, slowly, { waiting: 3 })
    case 'adaptive, errors':
      return workerPool({ min: 1, max: 3, by: 'errors' }, slowly)
    case 'decode, sender':
      return decodingTo(watch)
    case 'throttle, trailing only':
      return throttle(2, { leading: false, trailing: true })
    case 'rateLimit by key, forgets':
      return rateLimit(() => rateLimiter(1000, 2), { by: (n) => n % 3, waiting: 1, keys: 1, idle: 2 })
    case 'through a stream':
      return (source) => defer(() => fromReadable<number>(() => toReadable(source, { objectMode: true })))
    case 'through a web stream':
      return (source) => defer(() => fromReadableStream(() => toReadableStream(source)))
    case 'tee, fails':
      return tee(workerPool(1, workOf('throws', 1, watch), failureOptions('throws', watch.failures)))
    case 'timeoutEach, fires':
      return timesOut(watch)
    case 'catchError, wraps':
      return catchError((cause: unknown) => throwError(() => watch.failures.wrapped(cause)))
    case 'workerPool':
    case 'adaptive':
    case 'byKey':
      return workStage(plan, watch)
    case 'batch':
      return (source) => source.pipe(batch({ size: plan.n }), flat)
    case 'windowsByCount':
      return (source) => source.pipe(windowsByCount({ size: plan.n }), flat)
    case 'windowsByTime':
      return (source) => source.pipe(windowsByTime({ ms: 5, most: plan.n }), map(({ items }) => items), flat) // prettier-ignore
    case 'queue':
      return queue(plan.n)
    case 'merge':
      return (source) => merge(source, otherSource(plan.other, OTHER, watch))
    case 'mergeFair':
      return (source) => mergeFair(source, otherSource(plan.other, OTHER, watch))
    case 'concat':
      return (source) => concat(source, otherSource(plan.other, OTHER, watch))
    case 'zipBounded':
      return (source) => zipBounded(source, otherSource(plan.other, OTHER, watch)).pipe(map(([n]) => n))
    case 'fanOut':
      return fanOut(plan.branches.length, (branch, i) => pipe(branch, plan.branches[i], watch))
    case 'broadcast':
      return broadcast(...plan.branches.map((stages) => (branch: Observable<number>) => pipe(branch, stages, watch)))
    case 'groupByKey':
      return groupByKey((n) => keyOf(n, plan.branches.length), (group, key) => pipe(group, plan.branches[key], watch)) // prettier-ignore
    default:
      return theirs[plan.stage]()
  }
}

/** Enough attempts for work that fails at every second. */
const twice: Schedule = ({ attempts }) => (attempts < 10 ? attempts - 1 : null)

function workStage(plan: StagePlan & { stage: 'workerPool' | 'adaptive' | 'byKey' }, watch: Watch): Operator {
  const options = failureOptions(plan.work, watch.failures)
  const work = workOf(plan.work, plan.ms, watch)
  const stage =
    plan.stage === 'byKey'
      ? byKey<number, number, number>((n) => n % 3, plan.n, work, {
          ...options,
          ...(plan.commits && { commit: (_, position) => watch.commit(plan, position) }),
        })
      : workerPool<number, number>(plan.stage === 'adaptive' ? { min: 1, max: plan.n, by: 'latency' } : plan.n, work, {
          ...options,
          ordered: plan.ordered,
        })
  if (plan.work === 'retried') return (source) => source.pipe(stage, retryEach(watch.failures.handling(twice)))
  if (plan.work !== 'dead letters') return stage
  return (source) => source.pipe(stage, caught(watch))
}

const slowly = (n: number): Op<number> => sleep(1).map(() => n)

/** Dead letters wait for their reader, which is slow. */
const caught =
  (watch: Watch): Operator =>
  (source) =>
    defer(() => {
      const letters = watch.add(chan<DeadLetter>())
      const reading = go(function* () {
        for (let letter = yield* letters.receive(); letter._tag === 'Some'; letter = yield* letters.receive()) {
          watch.failures.report(letter.value.cause, 'dead letter')
          yield* sleep(10)
        }
      })
      return source.pipe(
        catchTo(letters),
        finallyDo(() => reading.cancel()),
      )
    })

/** The first subscription fails at an item, once. */
const failsOnce =
  ({ failures }: Watch): Operator =>
  (source) =>
    defer(() => {
      let isTried = false
      const failing = tap((n: number) => {
        if (!isBad(n) || isTried) return
        isTried = true
        throw failures.begin('fault')
      })
      return source.pipe(failing, retryWith(failures.handling(({ attempts }) => (attempts < 2 ? 2 : null))))
    })

/** More operators than continue inline. */
const deepRow: Operator = (source) => Array.from({ length: 300 }, () => map((n: number) => n)).reduce((above, stage) => stage(above), source).pipe(queue(1)) // prettier-ignore

const pausedFor =
  (ms: number): Operator =>
  (source) =>
    defer(() => {
      const controls = pauseControls({ paused: true })
      const waiting = go(function* () {
        yield* sleep(ms)
        controls.resume()
      })
      return source.pipe(
        pausable(controls),
        finallyDo(() => waiting.cancel()),
      )
    })

/** The timeout is a failure of this pipeline like any other. */
const timesOut =
  ({ failures }: Watch): Operator =>
  (source) =>
    source.pipe(
      timeoutEach(1),
      catchError((cause: unknown) => throwError(() => (cause instanceof DeadlineExceededError ? failures.begin('fault') : cause))),
    )

const schemaOf = (validate: (value: number) => SchemaResult<number> | Promise<SchemaResult<number>>): StandardSchema<number> => ({
  '~standard': { version: 1, vendor: 'test', validate: (value) => validate(value as number) }, // every stage emits numbers
})

const withoutBad = schemaOf((value) => (isBad(value) ? { issues: [{ message: 'bad' }] } : { value }))

/** Letters of invalid items wait for their reader, which is slow. */
const decodingTo =
  (watch: Watch): Operator =>
  (source) =>
    defer(() => {
      const letters = watch.add(chan<InvalidItem>())
      const reading = go(function* () {
        while ((yield* letters.receive())._tag === 'Some') yield* sleep(3)
      })
      return source.pipe(
        decode(withoutBad, letters),
        finallyDo(() => reading.cancel()),
      )
    })

const throughReceiver: Operator = (source) =>
  defer(() => {
    const ctx = withCancel(background)
    return fromReceiver(toReceiver(source, { capacity: 2, ctx })).pipe(finallyDo(() => ctx.cancel()))
  })

const throughChannel = (source: Observable<number>, watch: Watch): Observable<number> =>
  defer(() => {
    const ch = watch.add(chan<number>(1))
    const sending = run(background, source.pipe(sendTo(ch, { close: true })))
    go(() => sending.join().attempt()) // its error comes through the channel
    return fromReceiver(ch).pipe(finallyDo(() => sending.cancel()))
  })

export const pipe = (source: Observable<number>, stages: readonly StagePlan[], watch: Watch): Observable<number> =>
  stages.reduce((above, stage) => stageOf(stage, watch)(above), source)
