import { gosched, numGoroutine } from '../../../runtime/index.js'
import { time } from '../../../runtime/internal.js'
import { holds } from './verdicts.js'

/** Turns that goroutines have to unwind: no time needs to pass for that. */
const TURNS = 2_000

/** Waits until no more than so many goroutines live, the caller included. */
export function* atRest(goroutines: number): Generator<never, void> {
  for (let turn = 0; turn < TURNS && numGoroutine() > goroutines; turn++) yield* gosched()
}

/** The same, and asserts that this comes about, and that no timer is set; nor has it taken time, unless it may. */
export function* nothingLeft(goroutines: number, mayTakeTime = false): Generator<never, void> {
  const start = time.timers.now()
  yield* atRest(goroutines)
  holds(mayTakeTime || time.timers.now() === start, 'something waits for time still')
  const left = numGoroutine() - goroutines
  holds(left <= 0, `goroutines are left: ${left}`)
  const { size } = time.timers
  holds(size === 0, `timers are left: ${size}`)
}
