/** The laws of sinks. */
import { concat, NEVER } from 'rxjs'
import { fromIterable } from '../../../operators/index.js'
import { background, sleep } from '../../../runtime/index.js'
import type { Trial } from '../../explore/trial.js'
import { lawsOf, type Law, type LawRecord } from '../law.js'
import { conserved, holds, numbers, ordered } from '../support/assertions.js'
import { forAWhile, LATER, nothingLeft } from '../support/at-rest.js'
import { firehose as foreignFirehose, paced } from '../support/sources.js'
import { WatchedContext } from '../support/watched-context.js'
import { sinkSubject, TestSink, type MakeSink, type SinkLawOptions, type SinkSubject } from './test-sink.js'

const MOST_ITEMS = 7

/**
 * The laws of a sink. `make(ctx, source, seen)` starts a sink: the sink consumes `source` until its end, or until `ctx`
 * ends, and performs `seen(item)` for each item. `make` returns the end of the sink: a goroutine, a promise or an
 * operation.
 *
 * Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const sink: MakeSink = (ctx, source, seen) => run(ctx, source.pipe(workerPool(1, seen)))
 * for (const law of laws.sink(sink, { bound: 1 })) await law.check()
 * ```
 */
export function sinkLaws(make: MakeSink, options: SinkLawOptions = {}): readonly Law[] {
  return lawsOf(records, sinkSubject(make, options), options)
}

/** Runs a paced source of `n` items to the end of the sink. */
function* flowing(subject: SinkSubject, trial: Trial, n: number): Generator<never, TestSink> {
  const sink = new TestSink(subject, trial, paced(trial, numbers(n)), background)
  yield* sink.end.join()
  return sink
}

const conservation: LawRecord<SinkSubject> = {
  name: 'conservation',
  meaning: 'the consumer sees each item once, and then the sink ends',
  *program(subject, trial) {
    const n = trial.choose(MOST_ITEMS)
    const { got } = yield* flowing(subject, trial, n)
    conserved(got, numbers(n))
  },
}

const ordering: LawRecord<SinkSubject> = {
  name: 'ordering',
  meaning: 'the consumer sees items in order',
  appliesTo: ({ isOrdered }) => isOrdered,
  *program(subject, trial) {
    const n = trial.choose(MOST_ITEMS)
    const { got } = yield* flowing(subject, trial, n)
    ordered(got, numbers(n))
  },
}

const boundedness: LawRecord<SinkSubject> = {
  name: 'boundedness',
  meaning: ({ bound }) => `the sink never holds more than ${bound} items that the consumer has not finished`,
  appliesTo: ({ bound }) => bound !== Infinity,
  *program(subject, trial) {
    const { mostHeld } = yield* flowing(subject, trial, MOST_ITEMS)
    holds(mostHeld <= subject.bound, `held ${mostHeld} items; the bound is ${subject.bound}`)
  },
}

const cancellation: LawRecord<SinkSubject> = {
  name: 'cancellation',
  meaning: 'when the context ends the sink ends with its cause, takes nothing more, and nothing is left',
  *program(subject, trial) {
    const ctx = new WatchedContext()
    const cause = new Error('enough')
    const sink = new TestSink(subject, trial, concat(paced(trial, numbers(MOST_ITEMS), { takesTime: false }), NEVER), ctx)
    const { source } = sink
    yield* forAWhile(trial)
    ctx.end(cause)
    const end = yield* sink.end.join().attempt()
    holds(end._tag === 'Left' && end.left === cause, `the sink ended without the cause: ${String(end._tag === 'Left' ? end.left : 'well')}`)
    const { emitted } = source
    yield* sleep(LATER)
    holds(source.emitted === emitted, `items were taken after the end: ${source.emitted - emitted}`)
    holds(source.subscribers === 0, `subscribers of the source that are left: ${source.subscribers}`)
    holds(ctx.listeners === 0, `listeners of the context that are left: ${ctx.listeners}`)
    yield* nothingLeft(1)
  },
}

const errors: LawRecord<SinkSubject> = {
  name: 'errors',
  meaning: 'where the source fails the sink ends with the same error, and nothing is left',
  *program(subject, trial) {
    const cause = new Error('the source failed')
    const sink = new TestSink(subject, trial, paced(trial, numbers(trial.choose(MOST_ITEMS)), { cause }), background)
    const end = yield* sink.end.join().attempt()
    holds(end._tag === 'Left', 'the source failed, and the sink ended well')
    holds(end._tag === 'Left' && end.left === cause, `another error came: ${String(end._tag === 'Left' && end.left)}`)
    holds(sink.source.subscribers === 0, `subscribers of the source that are left: ${sink.source.subscribers}`)
    yield* nothingLeft(1)
  },
}

const firehose: LawRecord<SinkSubject> = {
  name: 'firehose',
  meaning: 'thousands of items emitted at once are consumed like all others, and the stack does not grow',
  isLong: true,
  *program(subject, trial) {
    const { many } = subject
    const source = trial.choose(2) === 0 ? fromIterable(numbers(many)) : foreignFirehose(many)
    const sink = new TestSink(subject, trial, source, background)
    yield* sink.end.join()
    conserved(sink.got, numbers(many))
  },
}

const records = [conservation, ordering, boundedness, cancellation, errors, firehose]
