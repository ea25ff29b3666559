/**
 * The bug programs of GoKer (Yuan et al., 2021): bugs of real Go projects, reduced to small programs. At least one strategy
 * finds each bug, within 10,000 schedules or 5 s; no strategy reports anything on the fixed twin, also where races are looked
 * for. `npm run race` runs the twins under more than a million schedules, and prints the figures.
 */
import { afterAll, describe, expect, it } from 'vitest'
import { explore, replay, ScheduleError, type ExploreOptions, type Program } from 'millrace/testing'
import { abBa } from './ab-ba.js'
import { channelAndContext } from './channel-context.js'
import { channelAndLock } from './channel-lock.js'
import { channel } from './channel.js'
import { closures } from './closures.js'
import { condition } from './condition.js'
import { dataRaces } from './data-races.js'
import { doubleLocking } from './double-locking.js'
import type { BugProgram } from './bug-program.js'
import { misuse } from './misuse.js'
import { recursiveRead } from './recursive-read.js'
import { isNightly, sampleOf } from '../support/portion.js'
import { waitGroups } from './wait-group.js'

const bugs: readonly BugProgram[] = [
  ...doubleLocking,
  ...abBa,
  ...recursiveRead,
  ...channel,
  ...channelAndContext,
  ...condition,
  ...channelAndLock,
  ...waitGroups,
  ...misuse,
  ...dataRaces,
  ...closures,
]
const strategies = ['random', 'pct'] as const
const levels = ['order', 'go'] as const
const MOST_SCHEDULES = 10_000
const MOST_TIME = 5_000
/** Of each twin, by strategy and level: a million and more in all, and a portion of them in CI. */
const TWIN_SCHEDULES = Math.ceil(sampleOf(1_000_000) / bugs.length / strategies.length / (levels.length + 1) / (isNightly ? 1 : 10))
/** A program that spins ends under a fair schedule; what has not by then is one that does not end. */
const STEPS = 2_000

async function find(program: Program, options: ExploreOptions): Promise<ScheduleError | null> {
  try {
    await explore(program, options)
    return null
  } catch (error) {
    if (error instanceof ScheduleError) return error
    throw error
  }
}

/** A replay is called from another line. */
function isStartOfMain(line: string): boolean {
  return line.includes('was started by the host')
}

function withoutStart(message: string): string {
  return message
    .split('\n')
    .filter((line) => !isStartOfMain(line))
    .join('\n')
}

const rows: string[][] = []
let twinSchedules = 0

describe.each(bugs)('$name ($kind, $difficulty)', ({ name, kind, difficulty, shows, options, program }) => {
  const looks = { ...options, steps: STEPS }

  it('the bug is found, and its token shows it again', async () => {
    const found: { strategy: string; error: ScheduleError; seconds: number }[] = []
    for (const strategy of strategies) {
      const start = performance.now()
      const error = await find(program(false), { ...looks, strategy, schedules: MOST_SCHEDULES, time: MOST_TIME })
      const seconds = (performance.now() - start) / 1000
      if (error !== null) found.push({ strategy, error, seconds })
    }
    const [first] = found
    expect(first, 'found by no strategy').toBeDefined()
    for (const { error } of found) {
      expect(shows).toContain(error.finding.kind)
      const again = await replay(error.token, program(false), looks).catch((error: unknown) => error)
      expect(again).toMatchObject({ token: error.token, finding: { kind: error.finding.kind }, events: error.events })
      expect(withoutStart((again as ScheduleError).finding.message)).toBe(withoutStart(error.finding.message))
    }
    const by = (what: (one: (typeof found)[number]) => string | number) => found.map(what).join(', ')
    rows.push([
      name,
      kind,
      difficulty,
      by((one) => one.error.finding.kind),
      by((one) => one.strategy),
      by((one) => one.error.schedules),
      by((one) => one.seconds.toFixed(3)),
    ])
  })

  describe.each(strategies)('the fixed twin under %s', (strategy) => {
    it.each([false, ...levels])('nothing is reported, with race: %s', { timeout: 600_000 }, async (race) => {
      const twin = { ...looks, strategy, race, waitGroups: true, schedules: TWIN_SCHEDULES }
      expect(await find(program(true), twin)).toBeNull()
      twinSchedules += TWIN_SCHEDULES
    })
  })
})

it('there are all 51 of the kernels, and two more, five and more of each difficulty', () => {
  expect(bugs.length).toBe(53)
  expect(new Set(bugs.map((one) => one.name)).size).toBe(53)
  for (const difficulty of ['easy', 'medium', 'hard'])
    expect(bugs.filter((one) => one.difficulty === difficulty).length).toBeGreaterThanOrEqual(5)
})

afterAll(() => {
  const table = [['bug', 'class', 'difficulty', 'shown as', 'found by', 'schedules', 'seconds'], ...rows]
  const widths = table[0]?.map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0))) ?? []
  console.log(table.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')).join('\n'))
  console.log(`${twinSchedules} schedules of the fixed twins`)
})
