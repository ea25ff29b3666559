/** What a source emits: all of it, in order, and no more than is wanted. */
import { take, tap } from 'rxjs'
import { sendTo, run } from '../../../operators/index.js'
import { background, chan, gosched, range, sleep } from '../../../runtime/index.js'
import type { Trial } from '../../explore/scheduled-run.js'
import { Keeper } from '../support/keeper.js'
import { FEW, lawOf, type Law } from '../support/law.js'
import { LATER, MOST_ITEMS, Reading, takeRest, type SourceStand } from './stand.js'
import { conserved, holds, ordered } from '../support/verdicts.js'
import { WatchedContext } from '../support/watched-context.js'

/** Items until the subscriber has enough. */
const ENOUGH = 3

/** Through to a consumer that is now fast, now slow; answers what came, and how much was held at the most. */
function* flowing(
  { made, usesPromises }: SourceStand,
  trial: Trial,
  isStrict = false,
): Generator<never, { readonly reading: Reading; readonly got: number[]; readonly mostHeld: number }> {
  const keeper = new Keeper(usesPromises)
  const reading = new Reading(trial.choose(MOST_ITEMS))
  const over = new WatchedContext()
  const got: number[] = []
  let mostHeld = 0
  let emitted = 0
  const look = (): void => void (mostHeld = Math.max(mostHeld, reading.read - emitted))
  const results = chan<number>()
  const watched = made(reading, over).pipe(
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
  over.end(undefined)
  keeper.end()
  return { reading, got, mostHeld }
}

export function conservation(stand: SourceStand): Law {
  const { options } = stand
  return lawOf(
    'conservation',
    'each item is emitted, once, and then it completes',
    function* law(trial) {
      const { reading, got } = yield* flowing(stand, trial)
      conserved(got, reading.items)
    },
    options,
  )
}

/** `laneOf`: in each lane. */
export function ordering(stand: SourceStand, laneOf: ((item: number) => unknown) | undefined): Law {
  return lawOf(
    'ordering',
    laneOf === undefined ? 'items come in order' : 'items come in order, in each lane',
    function* law(trial) {
      const { reading, got } = yield* flowing(stand, trial)
      ordered(got, reading.items, laneOf)
    },
    stand.options,
  )
}

export function boundedness(stand: SourceStand): Law {
  const { bound, options } = stand
  return lawOf(
    'boundedness',
    `it emits only while there is demand, and holds no more than ${bound} items`,
    function* law(trial) {
      const { mostHeld } = yield* flowing(stand, trial, true)
      holds(mostHeld <= bound, `held ${mostHeld} items, and may hold ${bound}`)
    },
    options,
  )
}

export function laziness({ made, usesPromises, options }: SourceStand): Law {
  return lawOf(
    'laziness',
    'nothing is read before somebody subscribes',
    function* law() {
      const keeper = new Keeper(usesPromises)
      const reading = new Reading(MOST_ITEMS)
      const source = made(reading, background)
      yield* sleep(LATER)
      holds(reading.read === 0, `read before anybody subscribed: ${reading.read}`)
      yield* takeRest(source)
      keeper.end()
    },
    options,
    FEW,
  )
}

export function floods({ made, isCold, bound, many, usesPromises, options }: SourceStand): Law {
  return lawOf(
    'firehose',
    'a great many items that are there at once come like all others, grow no stack, and stop when the subscriber has enough',
    function* law(trial) {
      const keeper = new Keeper(usesPromises)
      const reading = new Reading(many)
      const over = new WatchedContext()
      const source = made(reading, over)
      if (isCold) {
        yield* takeRest(source.pipe(take(ENOUGH)))
        holds(reading.read <= ENOUGH + bound, `read ${reading.read} items for ${ENOUGH}`)
      }
      if (trial.choose(2) === 0) yield* gosched()
      conserved(yield* takeRest(source), reading.items)
      over.end(undefined)
      keeper.end()
    },
    options,
    FEW,
  )
}
