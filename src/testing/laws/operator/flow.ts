/** The items of a pipeline that runs to its end. */
import { background, chan, range, sleep } from '../../../runtime/index.js'
import { run, sendTo } from '../../../operators/index.js'
import type { Trial } from '../../explore/trial.js'
import type { LawRecord } from '../law.js'
import { conserved, holds, numbers, ordered } from '../support/assertions.js'
import { paced } from '../support/sources.js'
import type { OperatorSubject } from './subject.js'
import { TestPipeline } from './test-pipeline.js'

const MOST_ITEMS = 8

/** Runs a paced source through the operator to a consumer that is fast or slow. */
function* flowing(subject: OperatorSubject, trial: Trial): Generator<never, TestPipeline> {
  const items = numbers(trial.choose(MOST_ITEMS))
  const pipeline = new TestPipeline(subject, trial, { source: paced(trial, items), items })
  const results = chan<unknown>()
  const running = run(background, pipeline.results.pipe(sendTo(results, { close: true })))
  const isSlow = trial.choose(3) > 0
  for (const it = range(results); yield* it.next();) if (isSlow) yield* sleep(trial.choose(5))
  yield* running.join()
  pipeline.work.end()
  return pipeline
}

export const conservation: LawRecord<OperatorSubject> = {
  name: 'conservation',
  meaning: ({ options }) =>
    options.lossy === true ? 'nothing is doubled, and the pipeline ends' : 'nothing is lost, nothing is doubled, and the pipeline ends',
  *program(subject, trial) {
    const { arrived, expected } = yield* flowing(subject, trial)
    conserved(arrived, expected, subject.options.lossy)
  },
}

export const boundedness: LawRecord<OperatorSubject> = {
  name: 'boundedness',
  meaning: ({ options }) => `the operator never holds more than ${options.bound} items`,
  *program(subject, trial) {
    const { bound, lossy } = subject.options
    const { mostHeld } = yield* flowing(subject, trial)
    holds(lossy === true || mostHeld <= bound, `held ${mostHeld} items; the bound is ${bound}`)
  },
}

export const ordering: LawRecord<OperatorSubject> = {
  name: 'ordering',
  meaning: ({ options }) => `results come in the order of their items${typeof options.ordered === 'function' ? ', in each lane' : ''}`,
  appliesTo: ({ options }) => options.ordered !== false,
  *program(subject, trial) {
    const { ordered: laneOf } = subject.options
    const { arrived, expected } = yield* flowing(subject, trial)
    ordered(arrived, expected, typeof laneOf === 'function' ? laneOf : undefined)
  },
}
