/** The schedules that a suite explores: counted, and printed at its end. */
import { afterAll, expect } from 'vitest'
import { time } from '../../src/runtime/internal.js'
import { explore, type Exploration, type Program } from '../../src/testing/index.js'

/** By the `describe` that they stand in, or by the test. */
const counts = new Map<string, number>()
let timers: unknown = null

const placeOf = (test = ''): string => test.split(' > ').slice(0, -1).join(' > ') || test

function add(schedules: number): void {
  const place = placeOf(expect.getState().currentTestName)
  counts.set(place, (counts.get(place) ?? 0) + schedules)
}

type Options = Omit<NonNullable<Parameters<typeof explore>[1]>, 'hits'>

export async function exploreCounted(program: Program, options: Options): Promise<Exploration> {
  const result = await explore(program, options)
  add(result.schedules)
  return result
}

/** For a law, of which each run makes a subject, and has a time of its own. */
export function ofLaw<S>(subject: S): S {
  if (time.timers !== timers) add(1)
  timers = time.timers
  return subject
}

export function printsSchedules(suite: string): void {
  afterAll(() => {
    const total = [...counts.values()].reduce((a, b) => a + b, 0)
    const rows = [...counts].map(([place, n]) => `${String(n).padStart(8)}  ${place}`)
    counts.clear() // the suites of a process share this module
    console.log(`schedules of ${suite}:\n${rows.join('\n')}\n${String(total).padStart(8)}  in all`)
    expect(total).toBeGreaterThan(0)
  })
}
