/**
 * The kernel, the toolkit and the operators under many schedules: a hundred thousand in CI, a fifth of them in `npm test`, more than a million by `npm run nightly`.
 */
import { explore, type ExploreOptions, type Program } from 'millrace/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { anyState } from './any-state.js'
import { ChannelTally } from './channel-tally.js'
import { kernelPrograms, operatorPrograms } from './programs.js'
import { sampleOf } from '../support/portion.js'

const isNightly = (globalThis as { process?: NodeJS.Process }).process?.env['MODE'] === 'nightly'
const programs = Object.entries({ ...kernelPrograms, ...operatorPrograms })
/** A smaller sample does not meet every operation in every state. */
const required = Math.max(20_000, sampleOf(isNightly ? 1_000_000 : 100_000))
const each = Math.ceil(required / programs.length / 2)

/** The program that is to come by everything in every state is run more often. */
function plansOf(program: Program): ExploreOptions[] {
  const schedules = program === anyState ? each * 10 : each
  const seed = isNightly ? 2 : 1
  return [
    { strategy: 'random', schedules, seed },
    { strategy: 'pct', schedules, seed },
    { strategy: 'exhaustive', schedules: Math.ceil(schedules / 10), preemptions: 1 },
  ]
}

const tally = new ChannelTally()
const rows: string[] = []
let total = 0

describe.each(programs)('%s', (name, program) => {
  it('holds under every schedule that is tried', { timeout: 600_000 }, async () => {
    const counts: string[] = []
    for (const plan of plansOf(program)) {
      const { schedules, isComplete } = await explore(program, plan)
      total += schedules
      counts.push(`${schedules}${isComplete ? ' (all)' : ''}`.padStart(12))
    }
    rows.push(`${counts.join('')}  ${name}`)
  })
})

it(`${required} schedules and more were run`, () => {
  expect(total).toBeGreaterThanOrEqual(required)
})

it('channel and select: every operation was performed in every state that it can meet', () => {
  expect(tally.missing).toEqual([])
  expect(tally.unexpected).toEqual([])
  expect([...tally.broken]).toEqual([])
})

afterAll(() => {
  tally[Symbol.dispose]()
  console.log(`${['random', 'pct', 'exhaustive'].map((name) => name.padStart(12)).join('')}\n${rows.join('\n')}\n${total} schedules`)
  console.log(tally.toString())
})
