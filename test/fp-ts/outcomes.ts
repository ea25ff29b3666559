/**
 * Equality of programs with several outcomes: two programs are equal when their sets of outcomes over all schedules are equal. The outcome
 * of a run is its result and the log of its effects, as a text.
 */
import { go, type Goroutine } from 'millrace'
import { explore, ScheduleError, type ExploreOptions } from 'millrace/testing'
import { expect } from 'vitest'

/** The surroundings of one run: the goroutines started beside the program, and the log of effects. */
export class World {
  readonly log: string[] = []
  private readonly _beside: Goroutine<unknown>[] = []
  private readonly _atEnd: (() => string)[] = []

  /** Starts a goroutine that the program does not join, and that may never end. */
  beside(body: () => Generator<never, unknown>): void {
    this._beside.push(go(body))
  }

  /** Adds an observation that is made after the end of the program. */
  atEnd(see: () => string): void {
    this._atEnd.push(see)
  }

  /** Cancels the goroutines that still wait: their effects did not happen. */
  *end(): Generator<never, void> {
    for (const one of this._beside) one.cancel()
    for (const one of this._beside) yield* one.join().attempt()
    this.log.push(...this._atEnd.map((see) => see()))
  }
}

export type Making = (world: World) => Generator<never, unknown>

const WAITS = 'waits for ever'

/** All schedules with a limited number of preemptions; at a wait every order of the ready goroutines is tried. */
export const all = (preemptions: number): ExploreOptions => ({ strategy: 'exhaustive', preemptions, schedules: 50_000 })

/** A part of the schedules, for programs with too many whose outcome does not depend on them. */
export const some: ExploreOptions = { strategy: 'random', schedules: 300 }

/** The outcomes of the program under these schedules. A program that waits for ever under some waits under all. */
export async function outcomes(program: Making, schedules: ExploreOptions): Promise<readonly string[]> {
  const found = new Set<string>()
  const run = function* () {
    const world = new World()
    const end = yield* go(program, world).join().attempt(String)
    yield* world.end()
    found.add(JSON.stringify([end, world.log]))
  }
  try {
    const { isComplete } = await explore(run, schedules)
    expect(isComplete, 'all schedules were tried').toBe(schedules !== some)
  } catch (error) {
    if (!(error instanceof ScheduleError) || error.finding.kind !== 'deadlock' || found.size > 0) throw error
    return [WAITS]
  }
  return [...found].sort()
}

export async function expectEqual(left: Making, right: Making, schedules: ExploreOptions): Promise<void> {
  const found = await outcomes(left, schedules)
  expect(await outcomes(right, schedules)).toEqual(found)
  if (schedules === some) expect(found).toHaveLength(1)
}
