/**
 * The bug programs of GoKer (Yuan et al., 2021): bugs of real Go projects, reduced to small programs. At least one strategy
 * finds each bug; no strategy reports anything on the fixed twin.
 */
import { afterAll, describe, expect, it } from 'vitest'
import { explore, replay, ScheduleError, type Program, type ReplayOptions } from 'millrace/testing'
import { abBa } from './ab-ba.js'
import { channelAndContext } from './channel-context.js'
import { channelAndLock } from './channel-lock.js'
import { channel } from './channel.js'
import { condition } from './condition.js'
import { doubleLocking } from './double-locking.js'
import type { BugProgram } from './bug-program.js'
import { misuse } from './misuse.js'
import { recursiveRead } from './recursive-read.js'
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
]
const strategies = ['random', 'pct'] as const
const SCHEDULES = 2_000
/** A program that spins ends under a fair schedule; what has not by then is one that does not end. */
const STEPS = 2_000

async function find(program: Program, strategy: (typeof strategies)[number], options: ReplayOptions): Promise<ScheduleError | null> {
  try {
    await explore(program, { ...options, strategy, schedules: SCHEDULES })
    return null
  } catch (error) {
    if (error instanceof ScheduleError) return error
    throw error
  }
}

const rows: string[][] = []

describe.each(bugs)('$name ($kind, $difficulty)', ({ name, kind, difficulty, shows, options, program }) => {
  const looks = { ...options, steps: STEPS }

  it('the bug is found, and its token shows it again', async () => {
    const found: { strategy: string; error: ScheduleError; seconds: number }[] = []
    for (const strategy of strategies) {
      const start = performance.now()
      const error = await find(program(false), strategy, looks)
      const seconds = (performance.now() - start) / 1000
      if (error !== null) found.push({ strategy, error, seconds })
    }
    const [first] = found
    expect(first, 'found by no strategy').toBeDefined()
    for (const { error } of found) {
      expect(shows).toContain(error.finding.kind)
      await expect(replay(error.token, program(false), looks)).rejects.toMatchObject({
        token: error.token,
        finding: { kind: error.finding.kind, message: error.finding.message },
        events: error.events,
      })
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

  it.each(strategies)('nothing is reported on the fixed twin under %s', async (strategy) => {
    expect(await find(program(true), strategy, { ...looks, waitGroups: true })).toBeNull()
  })
})

it('there are twenty bugs and more, five of each difficulty', () => {
  expect(bugs.length).toBeGreaterThanOrEqual(20)
  for (const difficulty of ['easy', 'medium', 'hard'])
    expect(bugs.filter((one) => one.difficulty === difficulty).length).toBeGreaterThanOrEqual(5)
})

afterAll(() => {
  const table = [['bug', 'class', 'difficulty', 'shown as', 'found by', 'schedules', 'seconds'], ...rows]
  const widths = table[0]?.map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0))) ?? []
  console.log(table.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')).join('\n'))
})
