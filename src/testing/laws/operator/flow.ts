/** Conservation, ordering and boundedness: what is true of the items of a pipeline that comes to its end. */
import { background, chan, range, sleep } from '../../../runtime/index.js'
import { run, sendTo } from '../../../operators/index.js'
import type { Trial } from '../../explore/scheduled-run.js'
import { lawOf, type Law } from '../support/law.js'
import type { MakeOperator, OperatorLawOptions } from './laws.js'
import { Stand } from './stand.js'
import { paced } from '../support/supply.js'
import { conserved, holds, numbers, ordered } from '../support/verdicts.js'

const MOST_ITEMS = 8

export function flow<R>(make: MakeOperator<R>, options: OperatorLawOptions<R>): readonly Law[] {
  /** From a paced source through the operator to a consumer that is now fast, now slow. */
  function* flowing(trial: Trial): Generator<never, Stand<R>> {
    const items = numbers(trial.choose(MOST_ITEMS))
    const stand = new Stand(trial, { make, options, source: paced(trial, items), items })
    const results = chan<R>()
    const pipeline = run(background, stand.pipeline.pipe(sendTo(results, { close: true })))
    const isSlow = trial.choose(3) > 0
    for (const it = range(results); yield* it.next();) if (isSlow) yield* sleep(trial.choose(5))
    yield* pipeline.join()
    stand.works.end()
    return stand
  }

  const isOrdered = options.ordered ?? true
  const laws: Law[] = [
    lawOf(
      'conservation',
      options.lossy === true ? 'nothing is doubled, and it ends' : 'nothing is lost, nothing is doubled, and it ends',
      function* law(trial) {
        const { arrived, expected } = yield* flowing(trial)
        conserved(arrived, expected, options.lossy)
      },
      options,
    ),
    lawOf(
      'boundedness',
      `at no time more than ${options.bound} items are held`,
      function* law(trial) {
        const { mostHeld } = yield* flowing(trial)
        holds(options.lossy === true || mostHeld <= options.bound, `held ${mostHeld} items, and may hold ${options.bound}`)
      },
      options,
    ),
  ]
  if (isOrdered !== false) {
    const lane = isOrdered === true ? undefined : isOrdered
    const meaning =
      lane === undefined ? 'results come in the order of their items' : 'results come in the order of their items, in each lane'
    laws.push(
      lawOf(
        'ordering',
        meaning,
        function* law(trial) {
          const { arrived, expected } = yield* flowing(trial)
          ordered(arrived, expected, lane)
        },
        options,
      ),
    )
  }
  return laws
}
