/** The examples of the doc comments run, and their stated results are right: a sample of them in `npm test`, all in .ci/run. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { someOf } from '../support/portion.js'
import { examples } from './doc-comments.js'
import { floors, programOf } from './example-module.js'
import { NOT_ENDED } from './prelude.js'
import { Programs } from './programs.js'

/** Examples that cannot run alone, with the reason. */
const notRun: Record<string, string> = {
  expectNoLeaks: 'it belongs into a test file',
}

/** Examples that never end. */
const endless = ['fromSelect', 'queue', 'repeatWith', 'ticker']

/** Virtual ms after which an example is stopped. */
const LONGEST = 10_000

const all = examples().filter(({ place, of }) => floors.some((floor) => place.startsWith(floor)) && !(of in notRun))
const programs = someOf(all.map(programOf))

const built = new Programs()
beforeAll(() => built.build(programs), 60_000)
afterAll(() => built[Symbol.dispose]())

describe.concurrent('an example', () => {
  it.for(programs)('runs: $place', async ({ place, of, expected, unknown }) => {
    expect(unknown, 'names that test/docs/prelude.ts does not have').toEqual([])
    const { status, stdout, stderr } = await built.run(place, LONGEST)
    expect({ status, stderr }).toEqual({ status: endless.includes(of) ? NOT_ENDED : 0, stderr: '' })
    if (expected !== null) expect(stdout).toBe(`${expected.join('\n')}\n`)
  })
})
