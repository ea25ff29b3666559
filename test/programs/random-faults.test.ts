/** The random programs are worth what they find: each of these faults, seeded alone, makes its instrument fail, and the token replays. */
import { afterAll, describe, expect, it } from 'vitest'
import type { ScheduleError } from 'millrace/testing'
import { loadMutant } from '../model/mutant.js'
import { faults } from './random/faults.js'
import { instruments } from './random/instruments.js'
import { explorePrograms, programOf } from './random/program.js'
import type { ExploringLibrary } from './random/world.js'
import { someOf } from '../support/portion.js'

const MOST = 3_000
const KIT = ["export { explore, replay } from '../testing/explore/explore.js'"]
const options = { unperformed: false }

describe('random programs', () => {
  const found: string[] = []
  afterAll(() => console.log(['fault · found after', ...found].join('\n')))

  for (const { name, found: instrument, edits } of someOf(faults)) {
    it(`find: ${name}`, async () => {
      const library = await loadMutant<ExploringLibrary>(edits, KIT)
      const first = instruments[instrument]
      const error = await explorePrograms(library, first, [], { ...options, schedules: MOST }).then(
        () => null,
        (error: unknown) => error as ScheduleError, // explore rejects with nothing else
      )
      found.push(`${name} · ${error?.schedules} schedules: ${error?.finding.message}`)
      expect(error?.token).toMatch(/^s1-/)
      await expect(library.replay(error?.token ?? '', programOf(library, first, []), options)).rejects.toMatchObject({
        name: 'ScheduleError',
      })
    })
  }
})
