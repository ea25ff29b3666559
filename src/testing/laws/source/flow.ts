/** The items of a source: all of them, in order, and only on demand. */
import { take, tap } from 'rxjs'
import { run, sendTo } from '../../../operators/index.js'
import { background, chan, gosched, range, sleep } from '../../../runtime/index.js'
import type { Trial } from '../../explore/trial.js'
import type { LawRecord } from '../law.js'
import { conserved, holds, ordered } from '../support/assertions.js'
import { AsyncCompanion, LATER } from '../support/at-rest.js'
import { CountedItems, MOST_ITEMS, takeRest, TestSource, type SourceSubject } from './subject.js'

/** Items until the subscriber leaves. */
const ENOUGH = 3

interface Flowed {
  readonly expected: readonly number[]
  readonly got: readonly number[]
  readonly mostHeld: number
}

/** Runs the source to a consumer that is fast or slow. `isStrict`: an item without demand fails the run. */
function* flowing(subject: SourceSubject, trial: Trial, isStrict = false): Generator<never, Flowed> {
  const test = new TestSource(subject, trial.choose(MOST_ITEMS))
  const { items } = test
  const got: number[] = []
  let mostHeld = 0
  let emitted = 0
  const look = (): void => void (mostHeld = Math.max(mostHeld, items.read - emitted))
  const results = chan<number>()
  const watched = test.source.pipe(
    tap(() => {
      look()
      emitted++
    }),
    sendTo(results, { close: true, overflow: isStrict ? 'error' : 'keep' }),
  )
  const pipeline = run(background, watched)
  const isSlow = trial.choose(3) > 0
  for (const it = range(results); yield* it.next();) {
    got.push(it.value)
    if (isSlow) yield* sleep(trial.choose(5))
    look()
  }
  yield* pipeline.join()
  test.end()
  return { expected: items.items, got, mostHeld }
}

export const conservation: LawRecord<SourceSubject> = {
  name: 'conservation',
  meaning: 'the source emits each item once, and then completes',
  *program(subject, trial) {
    const { expected, got } = yield* flowing(subject, trial)
    conserved(got, expected)
  },
}

export const ordering: LawRecord<SourceSubject> = {
  name: 'ordering',
  meaning: (subject) => `items come in order${typeof subject.ordered === 'function' ? ', in each lane' : ''}`,
  appliesTo: (subject) => subject.ordered !== false,
  *program(subject, trial) {
    const { expected, got } = yield* flowing(subject, trial)
    ordered(got, expected, typeof subject.ordered === 'function' ? subject.ordered : undefined)
  },
}

export const boundedness: LawRecord<SourceSubject> = {
  name: 'boundedness',
  meaning: ({ bound }) => `the source emits only while there is demand, and holds at most ${bound} items`,
  *program(subject, trial) {
    const { mostHeld } = yield* flowing(subject, trial, true)
    holds(mostHeld <= subject.bound, `held ${mostHeld} items; the bound is ${subject.bound}`)
  },
}

export const laziness: LawRecord<SourceSubject> = {
  name: 'laziness',
  meaning: 'the source reads nothing before a subscription',
  appliesTo: ({ isCold }) => isCold,
  isLong: true,
  *program({ make, usesPromises }) {
    const companion = new AsyncCompanion(usesPromises)
    const items = new CountedItems(MOST_ITEMS)
    const source = make(items, background)
    yield* sleep(LATER)
    holds(items.read === 0, `items read before a subscription: ${items.read}`)
    yield* takeRest(source)
    companion.end()
  },
}

export const firehose: LawRecord<SourceSubject> = {
  name: 'firehose',
  meaning: 'thousands of items arrive like all others, the stack does not grow, and the source stops when the subscriber leaves',
  isLong: true,
  *program(subject, trial) {
    const { many, bound, isCold } = subject
    const test = new TestSource(subject, many)
    const { items, source } = test
    if (isCold) {
      yield* takeRest(source.pipe(take(ENOUGH)))
      holds(items.read <= ENOUGH + bound, `read ${items.read} items for ${ENOUGH}`)
    }
    if (trial.choose(2) === 0) yield* gosched()
    conserved(yield* takeRest(source), items.items)
    test.end()
  },
}
