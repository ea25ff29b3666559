/** Schedules, drawn: some by preference of a few goroutines, some step by step, some with a switch or two, some without any. */
import { Arbitrary, Stream, Value, type Random } from 'fast-check'
import type { ReplayOptions } from '../explore/explore.js'
import type { Picks } from './picks.js'
import { checkRun, PickedSchedule, type RunSchedule } from './run-schedule.js'
import { simplerThan, type Place } from './simpler.js'

/** Of what is drawn, so many in sixteen. */
const FIRST_IN = 1
const FEW_SWITCHES = 3
const RANDOM_WALK = 6

/** Where there are few switches. */
const MOST_SWITCHES = 3
const LATEST = 30
const HIGHEST = 3

/** Choices in a row with the same preferences; longer, and who is preferred and polls keeps the others out. */
const LONGEST_ROW = 100

/**
 * Schedules for programs: `s.run(program)` runs one in virtual time, as one run of `explore`, and a ScheduleError is the failure of the property. Shrinks to
 * fewer switches, then to sooner ones, and prints as `scheduleOf("s1-…")`, whose token `replay` takes as well. Options as of `replay`.
 *
 * Throws TypeError or RangeError for bad options. Sources: CHESS (Musuvathi et al., 2008), PCT (Burckhardt et al., 2010).
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
  checkRun('schedule', options)
  return new Schedules(options)
}

class Schedules extends Arbitrary<RunSchedule> {
  constructor(private readonly _options: ReplayOptions) {
    super()
  }

  generate(random: Random): Value<RunSchedule> {
    return this._valueOf(drawn(random), null)
  }

  canShrinkWithoutContext(value: unknown): value is RunSchedule {
    return value instanceof PickedSchedule
  }

  /** What is simpler depends on the picks alone, not on how a run went: so `path` of fast-check leads here without one. */
  shrink(value: RunSchedule, place: unknown): Stream<Value<RunSchedule>> {
    return new Stream(this._simplerThan(value as PickedSchedule, (place ?? null) as Place | null)) // of ours, with its place
  }

  private *_simplerThan({ picks }: PickedSchedule, place: Place | null): Generator<Value<RunSchedule>, void> {
    for (const simpler of simplerThan(picks, place)) yield this._valueOf(simpler.picks, simpler.place)
  }

  private _valueOf(picks: Picks, place: Place | null): Value<RunSchedule> {
    return new Value<RunSchedule>(new PickedSchedule(picks, this._options), place)
  }
}

function drawn(random: Random): Picks {
  const kind = random.nextInt(0, 15)
  const seed = random.nextInt(-(2 ** 31), 2 ** 31 - 1)
  if (kind < FIRST_IN) return { switches: [], tail: null }
  if (kind < FIRST_IN + FEW_SWITCHES) {
    const switches = Array.from({ length: random.nextInt(1, MOST_SWITCHES) }, () => ({
      after: random.nextInt(0, random.nextInt(0, LATEST)),
      pick: random.nextInt(1, HIGHEST),
    }))
    return { switches, tail: null }
  }
  const row = kind < FIRST_IN + FEW_SWITCHES + RANDOM_WALK ? 1 : random.nextInt(2, random.nextInt(2, LONGEST_ROW))
  return { switches: [], tail: { seed, row } }
}
