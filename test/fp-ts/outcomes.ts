/**
 * Equality of what may come out differently each time: two programs are equal when they can come to the same, under every schedule. What a
 * program comes to is its result and all that happened on the way, as a text.
 */
import { go, type Goroutine } from 'millrace'
import { explore, ScheduleError, type ExploreOptions } from 'millrace/testing'
import { expect } from 'vitest'

/** What a program is made in: keeps the goroutines that it starts beside, so that they can be called off, and what happened. */
export class World {
  readonly log: string[] = []
  private readonly _beside: Goroutine<unknown>[] = []
  private readonly _atEnd: (() => string)[] = []

  /** Starts a goroutine that nobody joins, and which may never come to its end. */
  beside(body: () => Generator<never, unknown>): void {
    this._beside.push(go(body))
  }

  /** What there is to see once the program has come to its end. */
  atEnd(see: () => string): void {
    this._atEnd.push(see)
  }

  /** What is still waiting then has not happened: it is called off. */
  *end(): Generator<never, void> {
    for (const one of this._beside) one.cancel()
    for (const one of this._beside) yield* one.join().attempt()
    this.log.push(...this._atEnd.map((see) => see()))
  }
}

export type Making = (world: World) => Generator<never, unknown>

const WAITS = 'waits for ever'

/** All schedules with so many preemptions at most: who goes on when one waits is always tried in all ways. */
export const all = (preemptions: number): ExploreOptions => ({ strategy: 'exhaustive', preemptions, schedules: 50_000 })

/** For programs that have too many, and come to the same under all. */
export const some: ExploreOptions = { strategy: 'random', schedules: 300 }

/** What can come of the program under these schedules. One that waits for ever under some waits under all. */
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
