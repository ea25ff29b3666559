/** Errors: of the source, and of the work. */
import { chan, go, range, sleep } from '../../../runtime/index.js'
import { sendTo } from '../../../operators/index.js'
import type { Trial } from '../../explore/scheduled-run.js'
import { lawOf, type Law } from '../support/law.js'
import type { MakeOperator, OperatorLawOptions } from './laws.js'
import { Parking } from '../support/parking.js'
import { nothingLeft } from '../support/rest.js'
import { Stand } from './stand.js'
import { paced } from '../support/supply.js'
import { conserved, holds, numbers } from '../support/verdicts.js'
import type { Fate, Task } from '../support/works.js'

const MOST_ITEMS = 6

/** ms after which all has happened that could. */
const LATER = 60_000

/** What the subscriber was told. */
interface End {
  readonly error: unknown
  readonly hasFailed: boolean
  /** Errors thrown until then; work under way then. */
  readonly thrown: readonly Error[]
  readonly running: readonly Task[]
  readonly started: number
}

export function failing<R>(make: MakeOperator<R>, options: OperatorLawOptions<R>): readonly Law[] {
  /** Waits for the end, and asserts that it is the only one, and that nothing goes on after it. */
  function* ended(trial: Trial, stand: Stand<R>): Generator<never, End> {
    const { works } = stand
    const results = chan<R>()
    const ends: End[] = []
    const over = new Parking('the end of the pipeline')
    const end = (hasFailed: boolean, error?: unknown): void => {
      ends.push({ hasFailed, error, thrown: [...works.thrown], running: [...works.running], started: works.started })
      over.open()
    }
    const isSlow = trial.choose(2) === 1
    go(function* consume() {
      for (const it = range(results); yield* it.next();) if (isSlow) yield* sleep(trial.choose(3))
    })
    stand.pipeline.pipe(sendTo(results)).subscribe({ error: (error) => end(true, error), complete: () => end(false) })
    yield* over
    const arrived = stand.arrived.length
    results.close()
    yield* sleep(LATER)
    holds(ends.length === 1, `ended ${ends.length} times`)
    holds(stand.arrived.length === arrived, 'results came after the end')
    holds(works.started === ends[0].started, `work was begun after the end: ${works.started - ends[0].started} times`)
    yield* nothingLeft(1 + works.goroutines, true) // the consumer may be slow
    works.end()
    return ends[0]
  }

  function knew({ running }: End): void {
    const untold = running.filter((task) => task.ctx.err()._tag === 'None')
    holds(untold.length === 0, `not told: the work on ${untold.map(({ item }) => item).join(', ')}`)
  }

  const ofSource = lawOf(
    'errors: of the source',
    'the error of the source is the pipeline’s, the same object; work under way is told, and nothing follows',
    function* law(trial) {
      const items = numbers(trial.choose(MOST_ITEMS))
      const cause = new Error('the source failed')
      const stand = new Stand(trial, { make, options, source: paced(trial, items, cause), items })
      const end = yield* ended(trial, stand)
      holds(end.hasFailed, 'the source failed, and the pipeline completed')
      holds(end.error === cause, `the source failed, and the pipeline with another error: ${String(end.error)}`)
      knew(end)
    },
    options,
  )
  if (options.works === false) return [ofSource]

  /** The first that throws is preceded by none that does not end, so that it is come to. */
  function* withFates(trial: Trial): Generator<never, { readonly end: End; readonly stand: Stand<R>; readonly fates: readonly Fate[] }> {
    const items = numbers(MOST_ITEMS)
    const first = trial.choose(3)
    const later = options.onThrow === 'leaves out' ? (['ends', 'throws'] as const) : (['ends', 'throws', 'waits for ever'] as const)
    const fates: Fate[] = items.map((item) => (item < first ? 'ends' : item === first ? 'throws' : later[trial.choose(later.length)]))
    const stand = new Stand(trial, { make, options, source: paced(trial, items), items, fateOf: (item) => fates[item] })
    return { end: yield* ended(trial, stand), stand, fates }
  }

  const ends = lawOf(
    'errors: of the work',
    'the first throw of the work is the error of the pipeline, itself or as its cause; the work beside it is told, and nothing follows',
    function* law(trial) {
      const { end } = yield* withFates(trial)
      holds(end.hasFailed, 'the work threw, and the pipeline completed')
      holds(
        end.thrown.some((thrown) => isOrIsCausedBy(end.error, thrown)),
        `the work threw, and the pipeline failed with another error: ${String(end.error)}`,
      )
      knew(end)
    },
    options,
  )

  const leavesOut = lawOf(
    'errors: of the work',
    'where the work throws the item is left out, and the pipeline goes on',
    function* law(trial) {
      const { end, stand, fates } = yield* withFates(trial)
      holds(!end.hasFailed, `the work threw, and the pipeline failed: ${String(end.error)}`)
      const good = stand.expected.filter((item) => fates[item] === 'ends')
      conserved(stand.arrived, good, options.lossy)
    },
    options,
  )

  return [ofSource, options.onThrow === 'leaves out' ? leavesOut : ends]
}

const LONGEST_CHAIN = 10

function isOrIsCausedBy(error: unknown, thrown: Error): boolean {
  let at = error
  for (let length = 0; length < LONGEST_CHAIN && at instanceof Error; length++) {
    if (at === thrown) return true
    at = at.cause
  }
  return false
}
