/**
 * Schedules as an arbitrary: some prefer a few goroutines, some are random walks, some have a switch or two, some have
 * none.
 */
import { Arbitrary, Stream, Value, type Random } from 'fast-check'
import type { ReplayOptions } from '../explore/explore.js'
import { picksOf, randomPicks, type Picks, type Switch } from '../explore/picks.js'
import { simplerThan, type Place, type Simpler } from '../explore/shrink.js'
import { checkRunOptions, PickedSchedule, type RunSchedule } from './run-schedule.js'

/** Of sixteen schedules drawn, the number of each kind; the rest prefer a few goroutines. */
const FIRST_IN = 1
const FEW_SWITCHES = 3
const RANDOM_WALK = 6

/** Bounds of a schedule with few switches. */
const MOST_SWITCHES = 3
const LATEST = 30
const HIGHEST = 3

/**
 * Decisions in a row with the same preferences. In a longer row, a preferred goroutine that polls keeps the others out.
 */
const LONGEST_ROW = 100

/**
 * Schedules for programs: `s.run(program)` runs a program in virtual time, as a run of `explore`; a ScheduleError fails
 * the property. Shrinks to fewer switches, then to earlier switches. Prints as `scheduleOf("s1-…")`, whose token
 * `replay` takes too. The options are those of `replay`.
 *
 * Throws TypeError or RangeError for bad options. Sources: CHESS (Musuvathi et al., 2008), PCT (Burckhardt et al.,
 * 2010).
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 *
 * const holds = fc.asyncProperty(schedule(), fc.array(fc.integer()), async (s, items) => {
 *   const got = await s.run(function* () {
 *     const ch = chan<number>(items.length)
 *     for (const item of items) yield* ch.send(item)
 *     ch.close()
 *     const got: number[] = []
 *     for (const it = range(ch); yield* it.next(); ) got.push(it.value)
 *     return got
 *   })
 *   return got.join() === items.join()
 * })
 * await fc.assert(holds)
 * ```
 */
export function schedule(options: ReplayOptions = {}): Arbitrary<RunSchedule> {
  checkRunOptions('schedule', options)
  return new Schedules(options)
}

class Schedules extends Arbitrary<RunSchedule> {
  constructor(private readonly _options: ReplayOptions) {
    super()
  }

  generate(random: Random): Value<RunSchedule> {
    return this._valueOf({ picks: drawPicks(random), place: null })
  }

  canShrinkWithoutContext(value: unknown): value is RunSchedule {
    return value instanceof PickedSchedule
  }

  /** Simpler schedules depend on the picks alone, not on a run: fast-check walks a `path` without running anything. */
  shrink(value: RunSchedule, place: unknown): Stream<Value<RunSchedule>> {
    if (!(value instanceof PickedSchedule)) return Stream.nil()
    return new Stream(this._simplerThan(value.picks, (place ?? null) as Place | null)) // the context of a value is its place
  }

  private *_simplerThan(picks: Picks, place: Place | null): Generator<Value<RunSchedule>, void> {
    for (const simpler of simplerThan(picks, place)) yield this._valueOf(simpler)
  }

  private _valueOf({ picks, place }: Simpler): Value<RunSchedule> {
    return new Value<RunSchedule>(new PickedSchedule(picks, this._options), place)
  }
}

function drawPicks(random: Random): Picks {
  const kind = random.nextInt(0, 15)
  const seed = random.nextInt(-(2 ** 31), 2 ** 31 - 1)
  if (kind < FIRST_IN) return picksOf([])
  if (kind < FIRST_IN + FEW_SWITCHES) {
    const drawSwitch = (): Switch => ({ after: random.nextInt(0, random.nextInt(0, LATEST)), pick: random.nextInt(1, HIGHEST) })
    return { switches: Array.from({ length: random.nextInt(1, MOST_SWITCHES) }, drawSwitch), tail: null }
  }
  if (kind < FIRST_IN + FEW_SWITCHES + RANDOM_WALK) return randomPicks(seed)
  return { switches: [], tail: { seed, row: random.nextInt(2, random.nextInt(2, LONGEST_ROW)) } }
}
