/** Errors: of the source, and of the work. */
import { chan, go, range, sleep } from '../../../runtime/index.js'
import { chainOf } from '../../../runtime/internal.js'
import { sendTo } from '../../../operators/index.js'
import type { Trial } from '../../explore/trial.js'
import type { LawRecord } from '../law.js'
import { conserved, holds, numbers } from '../support/assertions.js'
import { LATER, nothingLeft } from '../support/at-rest.js'
import { Gate } from '../support/gate.js'
import { paced } from '../support/sources.js'
import type { Fate, RunningWork } from '../support/watched-work.js'
import { hasWork, type OperatorSubject } from './subject.js'
import { TestPipeline, unaware } from './test-pipeline.js'

const MOST_ITEMS = 6

/** The end of a pipeline, and the state at that moment. */
interface End {
  readonly error: unknown
  readonly hasFailed: boolean
  /** Errors that the work had thrown. */
  readonly thrown: readonly Error[]
  readonly running: readonly RunningWork[]
  readonly started: number
}

/** Waits for the end; asserts that there is a single end, and that nothing continues after the end. */
function* ended(trial: Trial, pipeline: TestPipeline): Generator<never, End> {
  const { work } = pipeline
  const results = chan<unknown>()
  const ends: End[] = []
  const over = new Gate('the end of the pipeline')
  const end = (hasFailed: boolean, error?: unknown): void => {
    ends.push({ hasFailed, error, thrown: [...work.thrown], running: [...work.running], started: work.started })
    over.open()
  }
  const isSlow = trial.choose(2) === 1
  go(function* consume() {
    for (const it = range(results); yield* it.next();) if (isSlow) yield* sleep(trial.choose(3))
  })
  pipeline.results.pipe(sendTo(results)).subscribe({ error: (error) => end(true, error), complete: () => end(false) })
  yield* over
  const arrived = pipeline.arrived.length
  results.close()
  yield* sleep(LATER)
  holds(ends.length === 1, `ended ${ends.length} times`)
  holds(pipeline.arrived.length === arrived, 'results came after the end')
  holds(work.started === ends[0].started, `work started after the end: ${work.started - ends[0].started} times`)
  yield* nothingLeft(1 + work.goroutines, true) // the consumer may be slow
  work.end()
  return ends[0]
}

/** Asserts that the work that ran at the end has learned of the end since. */
function assertAware({ running }: End): void {
  const items = unaware(running)
  holds(items === '', `the context did not end of the work on ${items}`)
}

interface FailedWork {
  readonly end: End
  readonly pipeline: TestPipeline
  readonly fates: readonly Fate[]
}

/** Runs work of which some throws. The work before the first throw ends, so that the throw is reached. */
function* failingWork(subject: OperatorSubject, trial: Trial): Generator<never, FailedWork> {
  const items = numbers(MOST_ITEMS)
  const first = trial.choose(3)
  const later = leavesOut(subject) ? (['ends', 'throws'] as const) : (['ends', 'throws', 'never ends'] as const)
  const fates: Fate[] = items.map((item) => (item < first ? 'ends' : item === first ? 'throws' : later[trial.choose(later.length)]))
  const pipeline = new TestPipeline(subject, trial, { source: paced(trial, items), items, fateOf: (item) => fates[item] })
  return { end: yield* ended(trial, pipeline), pipeline, fates }
}

function leavesOut({ options }: OperatorSubject): boolean {
  return options.onThrow === 'leaves out'
}

export const errorsOfSource: LawRecord<OperatorSubject> = {
  name: 'errors: of the source',
  meaning: 'the pipeline fails with the error of its source, the same object; the contexts of running work end, and nothing follows',
  *program(subject, trial) {
    const items = numbers(trial.choose(MOST_ITEMS))
    const cause = new Error('the source failed')
    const pipeline = new TestPipeline(subject, trial, { source: paced(trial, items, { cause }), items })
    const end = yield* ended(trial, pipeline)
    holds(end.hasFailed, 'the source failed, and the pipeline completed')
    holds(end.error === cause, `the source failed, and the pipeline failed with another error: ${String(end.error)}`)
    assertAware(end)
  },
}

export const errorsOfWork: LawRecord<OperatorSubject> = {
  name: 'errors: of the work',
  meaning:
    'the pipeline fails with the first error that its work throws, or with it as the cause; the contexts of other work end, and nothing follows',
  appliesTo: (subject) => hasWork(subject) && !leavesOut(subject),
  *program(subject, trial) {
    const { end } = yield* failingWork(subject, trial)
    holds(end.hasFailed, 'the work threw, and the pipeline completed')
    const isThrown = end.thrown.some((thrown) => isOrIsCausedBy(end.error, thrown))
    holds(isThrown, `the work threw, and the pipeline failed with another error: ${String(end.error)}`)
    assertAware(end)
  },
}

export const errorsLeaveOut: LawRecord<OperatorSubject> = {
  name: 'errors: of the work',
  meaning: 'an item whose work throws is left out, and the pipeline continues',
  appliesTo: (subject) => hasWork(subject) && leavesOut(subject),
  *program(subject, trial) {
    const { end, pipeline, fates } = yield* failingWork(subject, trial)
    holds(!end.hasFailed, `the work threw, and the pipeline failed: ${String(end.error)}`)
    const good = pipeline.expected.filter((item) => fates[item] === 'ends')
    conserved(pipeline.arrived, good, subject.options.lossy)
  },
}

function isOrIsCausedBy(error: unknown, thrown: Error): boolean {
  return chainOf(error).includes(thrown)
}
