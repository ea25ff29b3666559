/** The model suite is worth what it catches: each of these faults, seeded alone, makes it fail within the 10,000 programs. */
import { afterAll, describe, expect, it } from 'vitest'
import { checkFairness } from './fairness.js'
import { faults } from './faults.js'
import type { Library } from './library.js'
import { loadMutant } from './mutant.js'
import { checkPrograms } from './run.js'
import { someOf } from '../support/portion.js'

const RUNS = 10_000
/** The draws are looked at once it is known that nothing is grossly wrong: they do not look into the queues, and might go round for ever. */
const FIRST_RUNS = 1_000
const SEED = 1

/** What the suite has to say; null where it finds nothing. */
function verdict(library: Library): string | null {
  try {
    checkPrograms(library, SEED, FIRST_RUNS, undefined, false)
    checkFairness(library, SEED)
    checkPrograms(library, SEED + 1, RUNS - FIRST_RUNS, undefined, false)
    return null
  } catch (error) {
    const { message, cause } = error as Error // fast-check and the model throw nothing else
    const [, programs] = /after (\d+) tests/.exec(message) ?? []
    return programs === undefined ? `draws: ${message}` : `${programs} programs: ${cause instanceof Error ? cause.message : ''}`
  }
}

describe('the model suite', () => {
  const verdicts: string[] = []
  afterAll(() => console.log(['fault · caught after', ...verdicts].join('\n')))

  it('finds nothing in the library as it is, loaded as the faults are', async () => {
    const library = await loadMutant([])
    expect(library.queue).not.toBe((await import('../../src/runtime/internal.js')).queue)
    checkPrograms(library, SEED, FIRST_RUNS)
    checkFairness(library, SEED)
  })

  for (const { name, edits } of someOf(faults)) {
    it(`catches: ${name}`, async () => {
      const library = await loadMutant(edits)
      library.onCrash(() => {}) // a goroutine that the fault breaks
      const found = verdict(library)
      verdicts.push(`${name} · ${found}`)
      expect(found).not.toBeNull()
    })
  }
})
