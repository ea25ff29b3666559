/** Cancellation: the subscriber leaves, or the context ends. */
import { chan, go, range, sleep, type Chan } from '../../../runtime/index.js'
import { run, sendTo, withContext } from '../../../operators/index.js'
import type { Observable } from 'rxjs'
import type { Trial } from '../../explore/trial.js'
import type { LawRecord } from '../law.js'
import { holds, numbers } from '../support/assertions.js'
import { forAWhile, LATER, nothingLeft } from '../support/at-rest.js'
import { Gate } from '../support/gate.js'
import { paced } from '../support/sources.js'
import { WatchedContext } from '../support/watched-context.js'
import type { Fate, RunningWork } from '../support/watched-work.js'
import { hasWork, type OperatorSubject } from './subject.js'
import { TestPipeline, unaware } from './test-pipeline.js'

const MOST_ITEMS = 7

/** A pipeline with a context that sends its results to a channel. */
interface Sending {
  readonly pipeline: TestPipeline
  readonly ctx: WatchedContext
  readonly results: Chan<unknown>
  readonly sending: Observable<unknown>
}

/**
 * A pipeline whose results a consumer takes, or that is full because nothing takes them. Some of the work never ends,
 * unless `isToEnd`.
 */
function sendingPipeline(subject: OperatorSubject, trial: Trial, isToEnd: boolean): Sending {
  const items = numbers(MOST_ITEMS)
  const endless = new Set(isToEnd ? [] : items.filter(() => trial.choose(3) === 0))
  const fateOf = (item: number): Fate => (endless.has(item) ? 'never ends' : 'ends')
  const pipeline = new TestPipeline(subject, trial, { source: paced(trial, items, { takesTime: false }), items, fateOf })
  const ctx = new WatchedContext()
  const results = chan<unknown>()
  if (isToEnd || trial.choose(2) === 0) go(consume, results)
  return { pipeline, ctx, results, sending: pipeline.results.pipe(withContext(ctx), sendTo(results)) }
}

function* consume(results: Chan<unknown>): Generator<never, void> {
  for (const it = range(results); yield* it.next();) void it.value
}

/** A pipeline after its subscriber has left, and the state at that moment. */
interface Left {
  readonly pipeline: TestPipeline
  readonly ctx: WatchedContext
  readonly running: readonly RunningWork[]
  /** Items of running work whose context had not ended, as text. */
  readonly unaware: string
  readonly started: number
  readonly emitted: number
}

/** Subscribes, and leaves after a while or after the end. */
function* leave(subject: OperatorSubject, trial: Trial, isToEnd = false): Generator<never, Left> {
  const { pipeline, ctx, results, sending } = sendingPipeline(subject, trial, isToEnd)
  const { work, source } = pipeline
  const over = new Gate('the end of the pipeline')
  const subscription = sending.subscribe({ error: over.fail, complete: () => over.open() })
  yield* isToEnd ? over : forAWhile(trial)
  const { started } = work // counted before the teardown: work that a teardown starts is too late
  const { emitted } = source
  subscription.unsubscribe()
  const running = [...work.running]
  for (const one of running) one.waitsSince = 0
  const left = { pipeline, ctx, running, unaware: unaware(running), started, emitted }
  results.close()
  return left
}

export const workLearns: LawRecord<OperatorSubject> = {
  name: 'cancellation: work is stopped',
  meaning: 'when the subscriber leaves, the contexts of all running work end, and goroutines are unwound',
  appliesTo: hasWork,
  *program(subject, trial) {
    const left = yield* leave(subject, trial)
    holds(left.unaware === '', `the context did not end of the work on ${left.unaware}`)
    yield* sleep(LATER)
    const continuing = left.running.filter(({ waitsSince }) => waitsSince > 1).map(({ item }) => item)
    holds(continuing.length === 0, `the work continues on ${continuing.join(', ')}`)
    left.pipeline.work.end()
  },
}

export const noNewWork: LawRecord<OperatorSubject> = {
  name: 'cancellation: no new work',
  meaning: 'after the subscriber has left no user function starts, and the operator takes no item from the source',
  *program(subject, trial) {
    const { pipeline, started, emitted } = yield* leave(subject, trial)
    const { work, source } = pipeline
    yield* sleep(LATER)
    holds(work.started === started, `work started after the subscriber had left: ${work.started - started} times`)
    // A goroutine leaves its source in a later turn, so the item that it holds may still pass.
    holds(source.emitted <= emitted + 1, `items were taken after the subscriber had left: ${source.emitted - emitted}`)
    work.end()
  },
}

export const nothingLeftBehind: LawRecord<OperatorSubject> = {
  name: 'cancellation: nothing left',
  meaning: 'after the subscriber has left, or the end, the source has no subscriber, and no goroutine, timer or listener is left',
  *program(subject, trial) {
    const { pipeline, ctx } = yield* leave(subject, trial, trial.choose(4) === 0)
    const { work, source } = pipeline
    yield* nothingLeft(1 + work.goroutines)
    holds(source.subscribers === 0, `subscribers of the source that are left: ${source.subscribers}`)
    holds(work.parked === 0, `work that still waits: ${work.parked}`)
    holds(ctx.listeners === 0, `listeners of the context that are left: ${ctx.listeners}`)
    work.end()
  },
}

export const cancelContext: LawRecord<OperatorSubject> = {
  name: 'context',
  meaning: 'when the context ends the pipeline fails with its cause, the contexts of all running work end, and no more work starts',
  *program(subject, trial) {
    const { pipeline, ctx, results, sending } = sendingPipeline(subject, trial, false)
    const { work, source } = pipeline
    const cause = new Error('enough')
    const running = run(ctx, sending)
    yield* forAWhile(trial)
    const { started, startedInTime } = work
    ctx.end(cause)
    const unawareItems = unaware(work.running)
    holds(unawareItems === '', `the context did not end of the work on ${unawareItems}`)
    const end = yield* running.join().attempt()
    holds(end._tag === 'Right' || end.left === cause, `the pipeline ended with another cause: ${String(end._tag === 'Left' && end.left)}`)
    results.close()
    yield* sleep(LATER)
    // A goroutine that was started before may take its first step now; its context has ended from the beginning.
    const late = work.beginsAtOnce ? work.started - started : work.startedInTime - startedInTime
    holds(late === 0, `work started after the end of the context: ${late} times`)
    holds(source.subscribers === 0, `subscribers of the source that are left: ${source.subscribers}`)
    work.end()
  },
}
