/** Cancellation: what is true once the subscriber has left, or the context has ended. */
import { chan, go, gosched, range, sleep } from '../../../runtime/index.js'
import { run, sendTo, withContext } from '../../../operators/index.js'
import type { Trial } from '../../explore/scheduled-run.js'
import { lawOf, type Law } from '../support/law.js'
import type { MakeOperator, OperatorLawOptions } from './laws.js'
import { Parking } from '../support/parking.js'
import { nothingLeft } from '../support/rest.js'
import { Stand } from './stand.js'
import { paced } from '../support/supply.js'
import { holds, numbers } from '../support/verdicts.js'
import { WatchedContext } from '../support/watched-context.js'
import type { Task } from '../support/works.js'

const MOST_ITEMS = 7

/** ms after which all has happened that could. */
const LATER = 60_000

/** How it stood when the subscriber left. */
interface Left<R> {
  readonly stand: Stand<R>
  readonly ctx: WatchedContext
  readonly running: readonly Task[]
  readonly untold: readonly Task[]
  readonly started: number
  readonly emitted: number
}

export function leaving<R>(make: MakeOperator<R>, options: OperatorLawOptions<R>): readonly Law[] {
  /** A pipeline in full swing, or one that is full because nobody takes its results. Some of the work never ends, where it need not. */
  function swinging(trial: Trial, isToEnd: boolean) {
    const items = numbers(MOST_ITEMS)
    const endless = new Set(isToEnd ? [] : items.filter(() => trial.choose(3) === 0))
    const fateOf = (item: number) => (endless.has(item) ? ('waits for ever' as const) : ('ends' as const))
    const stand = new Stand(trial, { make, options, source: paced(trial, items, undefined, false), items, fateOf })
    const ctx = new WatchedContext()
    const results = chan<R>()
    if (isToEnd || trial.choose(2) === 0) go(consume, results)
    return { stand, ctx, results, pipeline: stand.pipeline.pipe(withContext(ctx), sendTo(results)) }
  }

  function* consume(results: ReturnType<typeof chan<R>>): Generator<never, void> {
    for (const it = range(results); yield* it.next();) void it.value
  }

  function* forAWhile(trial: Trial): Generator<never, void> {
    for (let turns = trial.choose(12); turns > 0; turns--) yield* trial.choose(4) === 0 ? sleep(trial.choose(3)) : gosched()
  }

  /** Subscribes, leaves after a while or after the end, and answers what was under way then. */
  function* left(trial: Trial, isToEnd = false): Generator<never, Left<R>> {
    const { stand, ctx, results, pipeline } = swinging(trial, isToEnd)
    const { works, above } = stand
    const over = new Parking('the end of the pipeline')
    const subscription = pipeline.subscribe({ complete: () => over.open() })
    yield* isToEnd ? over : forAWhile(trial)
    const then = { started: works.started, emitted: above.emitted } // before: what a teardown begins is begun too late
    subscription.unsubscribe()
    const running = [...works.running]
    for (const task of running) task.waitsSince = 0
    const untold = running.filter((task) => task.ctx.err()._tag === 'None')
    results.close()
    return { stand, ctx, running, untold, ...then }
  }

  const startsNothing = lawOf(
    'cancellation: no new work',
    'after the subscriber has left no user function starts, and nothing more is taken from the source',
    function* law(trial) {
      const { stand, started, emitted } = yield* left(trial)
      yield* sleep(LATER)
      holds(stand.works.started === started, `work was begun after the subscriber had left: ${stand.works.started - started} times`)
      // A goroutine leaves its source in a turn of its own: the item that is in hand may still pass.
      holds(stand.above.emitted <= emitted + 1, `items were taken after the subscriber had left: ${stand.above.emitted - emitted}`)
      stand.works.end()
    },
    options,
  )

  const tells = lawOf(
    'cancellation: work is told',
    'when the subscriber leaves the context of all work under way has ended, and goroutines are unwound',
    function* law(trial) {
      const { stand, running, untold } = yield* left(trial)
      holds(untold.length === 0, `not told: the work on ${untold.map(({ item }) => item).join(', ')}`)
      yield* sleep(LATER)
      const goOn = running.filter(({ waitsSince }) => waitsSince > 1)
      holds(goOn.length === 0, `goes on: the work on ${goOn.map(({ item }) => item).join(', ')}`)
      stand.works.end()
    },
    options,
  )

  const nothing = lawOf(
    'cancellation: nothing left',
    'after the subscriber has left, or the end, the source has no subscriber, and no goroutine, timer or listener remains',
    function* law(trial) {
      const { stand, ctx } = yield* left(trial, trial.choose(4) === 0)
      yield* nothingLeft(1 + stand.works.goroutines)
      const { subscribers } = stand.above
      holds(subscribers === 0, `subscribers of the source that are left: ${subscribers}`)
      holds(stand.works.parked === 0, `work that still waits: ${stand.works.parked}`)
      holds(ctx.listeners === 0, `listeners of the context that are left: ${ctx.listeners}`)
      stand.works.end()
    },
    options,
  )

  const context = lawOf(
    'context',
    'when the context ends the pipeline fails with its cause, all work under way is told, and no more starts',
    function* law(trial) {
      const { stand, ctx, results, pipeline } = swinging(trial, false)
      const { works } = stand
      const cause = new Error('enough')
      const running = run(ctx, pipeline)
      yield* forAWhile(trial)
      const { started, startedUntold } = works
      ctx.end(cause)
      const untold = [...works.running].filter((task) => task.ctx.err()._tag === 'None')
      holds(untold.length === 0, `not told: the work on ${untold.map(({ item }) => item).join(', ')}`)
      const end = yield* running.join().attempt()
      holds(end._tag === 'Right' || end.left === cause, `the pipeline ended with another cause: ${String(end._tag === 'Left' && end.left)}`)
      results.close()
      yield* sleep(LATER)
      // A goroutine that was started before may come to its first step now, and is told from the beginning.
      const late = works.beginsAtOnce ? works.started - started : works.startedUntold - startedUntold
      holds(late === 0, `work was begun after the end of the context: ${late} times`)
      holds(stand.above.subscribers === 0, `subscribers of the source that are left: ${stand.above.subscribers}`)
      works.end()
    },
    options,
  )

  return [...(options.works === false ? [] : [tells]), startsNothing, nothing, context]
}
