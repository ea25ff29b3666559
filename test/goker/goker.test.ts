/**
 * The bug programs of GoKer (Yuan et al., 2021): bugs of real Go projects, reduced to small programs. At least one strategy
 * finds each bug, within 10,000 schedules or 5 s; no strategy reports anything on the fixed twin, also where races are looked
 * for. `npm run race` runs the twins under more than a million schedules, and prints the figures.
 */
import { afterAll, describe, expect, it } from 'vitest'
import { explore, replay, ScheduleError, type ExploreOptions, type Program } from 'millrace/testing'
import { bugs } from './bugs.js'
import { isNightly, sampleOf, someOf } from '../support/portion.js'

const strategies = ['random', 'pct', 'pos', 'mixed'] as const
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
    expect(
      found.map(({ strategy }) => strategy),
      'the default strategy does not find it',
    ).toContain('mixed')
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

/**
 * Kernels that `reduced` does not complete within 10,000 schedules: in the first two a loop has as many rounds as the schedule
 * likes, so there is no finite number of orders; the others have five goroutines and more.
 */
const incomplete = new Set(['kubernetes_11298', 'moby_33781', 'moby_21233', 'etcd_7492', 'grpc_2371'])
const reducedRows: string[] = []

describe.each(someOf(bugs.filter(({ name }) => !incomplete.has(name))))('reduced: $name', ({ name, options, program }) => {
  const looks = { ...options, strategy: 'reduced', steps: STEPS, schedules: MOST_SCHEDULES } as const

  it('finds the bug, and completes the fixed twin without a report', async () => {
    const error = await find(program(false), looks)
    const { schedules, isComplete } = await explore(program(true), { ...looks, waitGroups: true })
    expect(isComplete).toBe(true)
    expect(error?.schedules).toBeDefined()
    reducedRows.push(`${String(error?.schedules).padStart(5)} ${String(schedules).padStart(5)}  ${name}`)
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
  console.log(`reduced: schedules to the report, and all of the twin\n${reducedRows.join('\n')}`)
  console.log(`${twinSchedules} schedules of the fixed twins`)
})
