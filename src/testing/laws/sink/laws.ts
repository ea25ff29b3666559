/** The laws of sinks: what is true of the end of a pipeline. */
import { background, go, gosched, sleep, type Context, type Goroutine, type Op } from '../../../runtime/index.js'
import { fromIterable } from '../../../operators/index.js'
import { concat, NEVER, type Observable } from 'rxjs'
import type { Trial } from '../../explore/scheduled-run.js'
import { checkLaws, madeOf } from '../support/checks.js'
import { FEW, lawOf, type Law, type LawOptions } from '../support/law.js'
import { nothingLeft } from '../support/rest.js'
import { firehose, paced, Watched } from '../support/supply.js'
import { conserved, holds, numbers, ordered } from '../support/verdicts.js'
import { WatchedContext } from '../support/watched-context.js'

export interface SinkLawOptions extends LawOptions {
  /** Items that it has taken and that the consumer is not through with, at the most; Infinity, the default, for one that keeps all. */
  readonly bound?: number
  /** Whether the consumer sees items in order; default true. */
  readonly ordered?: boolean
}

/** How a sink says that it is through: a goroutine by its join, a promise or an operation by itself. */
export type SinkEnd = Pick<Goroutine<unknown>, 'join'> | PromiseLike<unknown>

/** `seen` is to be performed for each item, by whoever consumes them: that is how long the consumer takes. */
export type MakeSink = (ctx: Context, source: Observable<number>, seen: (item: number) => Op<void>) => SinkEnd

const isEnd = (end: SinkEnd): boolean => 'join' in end || 'then' in end

const MANY = 3_000
const MOST_ITEMS = 7

/** ms after which all has happened that could. */
const LATER = 60_000

/**
 * The laws of a sink. `make` begins it: it consumes `source` until its end, or until `ctx` ends, performs `seen` for each item, and answers what
 * its end can be waited for with.
 *
 * @example
 * ```ts
 * const sink: MakeSink = (ctx, source, seen) => run(ctx, source.pipe(workerPool(1, seen)))
 * for (const law of laws.sink(sink, { bound: 1 })) await law.check()
 * ```
 */
export function sinkLaws(make: MakeSink, options: SinkLawOptions = {}): readonly Law[] {
  checkLaws('sink', make, options)
  const { bound = Infinity, ordered: isOrdered = true, many = MANY } = options

  /** A sink under way, and what is seen of it. */
  class Flow {
    readonly got: number[] = []
    /** Consumed, or about to be. */
    begun = 0
    mostHeld = 0
    readonly above: Watched
    readonly end: Goroutine<void>

    constructor(trial: Trial, ctx: Context, source: Observable<number>) {
      this.above = new Watched(source)
      this.above.onEmitted = () => void (this.mostHeld = Math.max(this.mostHeld, this.above.emitted - this.got.length))
      const isSlow = trial.choose(3) > 0
      const seen = (item: number): Op<void> => {
        this.begun++
        return (isSlow ? sleep(trial.choose(4)) : gosched()).map(() => void this.got.push(item))
      }
      const end = madeOf('sink', 'what its end can be waited for with', isEnd, make(ctx, this.above.source, seen))
      this.end = go('join' in end ? waitFor : awaitFor, end)
    }
  }

  const laws: Law[] = []

  laws.push(
    lawOf(
      'conservation',
      'the consumer sees each item, once, and then the sink ends',
      function* law(trial) {
        const items = numbers(trial.choose(MOST_ITEMS))
        const flow = new Flow(trial, background, paced(trial, items))
        yield* flow.end.join()
        conserved(flow.got, items)
      },
      options,
    ),
  )

  if (isOrdered) {
    laws.push(
      lawOf(
        'ordering',
        'the consumer sees items in order',
        function* law(trial) {
          const items = numbers(trial.choose(MOST_ITEMS))
          const flow = new Flow(trial, background, paced(trial, items))
          yield* flow.end.join()
          ordered(flow.got, items)
        },
        options,
      ),
    )
  }

  if (bound !== Infinity) {
    laws.push(
      lawOf(
        'boundedness',
        `at no time more than ${bound} items are taken that the consumer is not through with`,
        function* law(trial) {
          const flow = new Flow(trial, background, paced(trial, numbers(MOST_ITEMS)))
          yield* flow.end.join()
          holds(flow.mostHeld <= bound, `held ${flow.mostHeld} items, and may hold ${bound}`)
        },
        options,
      ),
    )
  }

  laws.push(
    lawOf(
      'cancellation',
      'when the context ends the sink ends with its cause, takes nothing more, and nothing remains',
      function* law(trial) {
        const ctx = new WatchedContext()
        const cause = new Error('enough')
        const flow = new Flow(trial, ctx, concat(paced(trial, numbers(MOST_ITEMS), undefined, false), NEVER))
        for (let turns = trial.choose(12); turns > 0; turns--) yield* trial.choose(4) === 0 ? sleep(trial.choose(3)) : gosched()
        ctx.end(cause)
        const end = yield* flow.end.join().attempt()
        holds(end._tag === 'Left' && end.left === cause, `the sink ended otherwise: ${String(end._tag === 'Left' ? end.left : 'well')}`)
        const { emitted } = flow.above
        yield* sleep(LATER)
        holds(flow.above.emitted === emitted, `items were taken after the end: ${flow.above.emitted - emitted}`)
        holds(flow.above.subscribers === 0, `subscribers of the source that are left: ${flow.above.subscribers}`)
        holds(ctx.listeners === 0, `listeners of the context that are left: ${ctx.listeners}`)
        yield* nothingLeft(1)
      },
      options,
    ),
  )

  laws.push(
    lawOf(
      'errors',
      'where the source fails the sink ends with the same error, and nothing remains',
      function* law(trial) {
        const cause = new Error('the source failed')
        const flow = new Flow(trial, background, paced(trial, numbers(trial.choose(MOST_ITEMS)), cause))
        const end = yield* flow.end.join().attempt()
        holds(end._tag === 'Left', 'the source failed, and the sink ended well')
        holds(end._tag === 'Left' && end.left === cause, `another error came: ${String(end._tag === 'Left' && end.left)}`)
        holds(flow.above.subscribers === 0, `subscribers of the source that are left: ${flow.above.subscribers}`)
        yield* nothingLeft(1)
      },
      options,
    ),
  )

  laws.push(
    lawOf(
      'firehose',
      'a source that emits a great many at once is consumed like all others, and grows no stack',
      function* law(trial) {
        const flow = new Flow(trial, background, trial.choose(2) === 0 ? fromIterable(numbers(many)) : firehose(many))
        yield* flow.end.join()
        conserved(flow.got, numbers(many))
      },
      options,
      FEW,
    ),
  )

  return laws
}

function* waitFor(end: SinkEnd): Generator<never, void> {
  yield* (end as Pick<Goroutine<unknown>, 'join'>).join() // it was asked
}

async function awaitFor(end: SinkEnd): Promise<void> {
  await (end as PromiseLike<unknown>) // as above
}
