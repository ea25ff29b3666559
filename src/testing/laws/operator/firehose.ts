/** Sources that emit thousands of items at once. */
import { take } from 'rxjs'
import { fromIterable } from '../../../operators/index.js'
import type { LawRecord } from '../law.js'
import { conserved, holds, numbers } from '../support/assertions.js'
import { Gate } from '../support/gate.js'
import { firehose as foreignFirehose } from '../support/sources.js'
import { WatchedWork } from '../support/watched-work.js'
import type { OperatorSubject } from './subject.js'
import { TestPipeline } from './test-pipeline.js'

const MANY = 3_000

/** Items until the subscriber leaves. */
const ENOUGH = 3

export const firehose: LawRecord<OperatorSubject> = {
  name: 'firehose',
  meaning: 'thousands of items emitted at once pass like all others, and the stack does not grow',
  isLong: true,
  *program(subject, trial) {
    const { many = MANY, refusesForeign = false, lossy } = subject.options
    const items = numbers(many)
    const manner = trial.choose(2) === 0 ? 'value' : 'goroutine'
    const source = refusesForeign || trial.choose(2) === 0 ? fromIterable(items) : foreignFirehose(many)
    const pipeline = new TestPipeline(subject, trial, { source, items, work: new WatchedWork(trial, undefined, manner) })
    const failures: unknown[] = []
    const over = new Gate('the end of the pipeline')
    pipeline.results.subscribe({
      error(cause) {
        failures.push(cause)
        over.open()
      },
      complete: () => over.open(),
    })
    yield* over
    holds(failures.length === 0, `the pipeline failed: ${String(failures[0])}`)
    conserved(pipeline.arrived, pipeline.expected, lossy)
  },
}

export const firehoseLeaving: LawRecord<OperatorSubject> = {
  name: 'firehose: leaving',
  meaning: 'a source that emits all items at once stops when the subscriber leaves',
  appliesTo: ({ options }) => options.refusesForeign !== true,
  isLong: true,
  *program(subject, trial) {
    const { many = MANY } = subject.options
    let emitted = 0
    let emittedBefore = -1
    const source = foreignFirehose(many, () => emitted++)
    const work = new WatchedWork(trial, undefined, 'value')
    const pipeline = new TestPipeline(subject, trial, { source, items: numbers(many), work })
    const over = new Gate('the end of the pipeline')
    pipeline.results.pipe(take(ENOUGH)).subscribe({
      error: over.fail,
      complete() {
        emittedBefore = emitted
        over.open()
      },
    })
    yield* over
    // Where results come at once, the source is still in its loop, and must see that the subscriber has left.
    holds(emitted <= emittedBefore, `items emitted after the subscriber had left: ${emitted - emittedBefore}`)
  },
}
