/**
 * The kernel, the toolkit and the operators under many schedules: a hundred thousand here, more than a million by `npm run nightly`.
 */
import { explore, type ExploreOptions } from 'millrace/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { kernelPrograms, operatorPrograms } from './programs.js'

const isNightly = process.env['MODE'] === 'nightly'
const programs = Object.entries({ ...kernelPrograms, ...operatorPrograms })
const required = isNightly ? 1_000_000 : 100_000
const each = Math.ceil(required / programs.length / 2)
const plans: ExploreOptions[] = [
  { strategy: 'random', schedules: each, seed: isNightly ? 2 : 1 },
  { strategy: 'pct', schedules: each, seed: isNightly ? 2 : 1 },
  { strategy: 'exhaustive', schedules: Math.ceil(each / 10), preemptions: 1 },
]

const rows: string[] = []
let total = 0

describe.each(programs)('%s', (name, program) => {
  it('holds under every schedule that is tried', { timeout: 600_000 }, async () => {
    const counts: string[] = []
    for (const plan of plans) {
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

afterAll(() => {
  console.log(`${['random', 'pct', 'exhaustive'].map((name) => name.padStart(12)).join('')}\n${rows.join('\n')}\n${total} schedules`)
})
