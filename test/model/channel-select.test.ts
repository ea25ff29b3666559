/**
 * Channel and select against the naive model (naive.ts): 10,000 programs (a sample of them in `npm test`), everything
 * looked over after each command (inspect.ts).
 * A failure prints the seed and the shrunk program; `runProgram(millrace, program)` replays it.
 */
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { sampleOf } from '../support/portion.js'
import { settle } from '../support/settle.js'
import { checkFairness } from './fairness.js'
import { millrace } from './library.js'
import { programs } from './program.js'
import { checkPrograms, runProgramFreely } from './run.js'
import { Tally } from './tally.js'

const WHOLE = 2_500
const RUNS = Math.max(500, sampleOf(WHOLE)) // fewer miss more states
const SEEDS = [1, 2, 3, 4]

describe('channel and select against the naive model', () => {
  const tally = new Tally()
  afterAll(() => console.log(tally.toString()))

  for (const seed of SEEDS) {
    it(`agree on ${RUNS} programs drawn from seed ${seed}`, () => {
      checkPrograms(millrace, seed, RUNS, tally)
    })
  }

  it('come by every operation in every state a channel can be in', () => {
    if (RUNS === WHOLE) expect(tally.missing).toEqual([])
    else expect(tally.missing.length).toBeLessThanOrEqual(10) // rare ones, which only all programs meet
  })

  it('agree when the run queue drains by itself and await is an await', async () => {
    await fc.assert(
      fc.asyncProperty(programs, (program) => runProgramFreely(millrace, program, settle)),
      { seed: 5, numRuns: 150 },
    )
  })

  it('draw uniformly among the ready cases', () => {
    checkFairness(millrace, 6)
  })
})
