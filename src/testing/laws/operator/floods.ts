/** Firehoses: a source that emits a great many at once, whether it can be paced or not. */
import { fromIterable } from '../../../operators/index.js'
import { take } from 'rxjs'
import { FEW, lawOf, type Law } from '../support/law.js'
import type { MakeOperator, OperatorLawOptions } from './laws.js'
import { Parking } from '../support/parking.js'
import { Stand } from './stand.js'
import { firehose } from '../support/supply.js'
import { conserved, holds, numbers } from '../support/verdicts.js'
import { Works } from '../support/works.js'

const MANY = 3_000

/** Items until the subscriber has enough. */
const ENOUGH = 3

export function floods<R>(make: MakeOperator<R>, options: OperatorLawOptions<R>): readonly Law[] {
  const { many = MANY, refusesForeign = false } = options

  const passes = lawOf(
    'firehose',
    'a source that emits a great many at once is passed on like all others, and grows no stack',
    function* law(trial) {
      const items = numbers(many)
      const manner = trial.choose(2) === 0 ? 'value' : 'goroutine'
      const source = refusesForeign || trial.choose(2) === 0 ? fromIterable(items) : firehose(many)
      const stand = new Stand(trial, { make, options, source, items, works: new Works(trial, undefined, manner) })
      const failures: unknown[] = []
      const over = new Parking('the end of the pipeline')
      stand.pipeline.subscribe({
        error(cause) {
          failures.push(cause)
          over.open()
        },
        complete: () => over.open(),
      })
      yield* over
      holds(failures.length === 0, `the pipeline failed: ${String(failures[0])}`)
      conserved(stand.arrived, stand.expected, options.lossy)
    },
    options,
    FEW,
  )

  const stops = lawOf(
    'firehose: leaving',
    'a subscriber that has enough of a firehose stops it, though it emits all at once',
    function* law(trial) {
      let emitted = 0
      let emittedThen = -1
      const source = firehose(many, () => emitted++)
      const items = numbers(many)
      const stand = new Stand(trial, { make, options, source, items, works: new Works(trial, undefined, 'value') })
      const over = new Parking('the end of the pipeline')
      stand.pipeline.pipe(take(ENOUGH)).subscribe({
        complete() {
          emittedThen = emitted
          over.open()
        },
      })
      yield* over
      // Where results come at once the source is under way still, and must see that nobody listens.
      holds(emitted <= emittedThen, `items emitted after the subscriber had left: ${emitted - emittedThen}`)
    },
    options,
    FEW,
  )

  return refusesForeign ? [passes] : [passes, stops]
}
