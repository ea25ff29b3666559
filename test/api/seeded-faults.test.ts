/** Each seeded fault fits the sources. `npm test` runs a sample of the suites that look for the faults, so these would not notice. */
import { describe, expect, it } from 'vitest'
import { brokenBrokers } from '../laws/broken-brokers.js'
import { faults as modelFaults } from '../model/faults.js'
import { checkFit } from '../model/mutant.js'
import { faults as randomFaults } from '../programs/random/faults.js'

describe('the text that a fault replaces stands once in the sources', () => {
  it.each([...modelFaults, ...randomFaults])('$name', async ({ edits }) => {
    await expect(checkFit(edits)).resolves.toBeUndefined()
  })
  it.each(brokenBrokers)('$fault', async ({ edits }) => {
    await expect(checkFit(edits)).resolves.toBeUndefined()
  })
})
