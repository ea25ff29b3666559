/** Reports of failures name the line that started the goroutine, where starts are traced. */
import { expect, it } from 'vitest'
import { start } from '../support/process.js'

const program = 'test/diagnostics/programs/failing.ts'
const place = (by: string): string => `started at ${by} \\(.*failing\\.ts:\\d+:\\d+\\)`

it.each(['traceStarts', 'dumpOnSignal'])('with %s a crash and a late failure say where the goroutine was started', async (how) => {
  const { status, stderr } = await start(program, [how]).ended
  const text = stderr.join('\n')
  expect(status).toBe(1)
  expect(text).toMatch(
    new RegExp(`late failure: goroutine \\d+ \\(late\\), ${place('startLate')}, failed after it was given up: Error: too late`),
  )
  expect(text).toMatch(new RegExp(`late failure: goroutine \\d+ \\(inScope\\), started at .*failing\\.ts:\\d+:\\d+\\)?, failed after it was given up: Error: in a scope`)) // prettier-ignore
  expect(text).toMatch(new RegExp(`late failure: goroutine \\d+ \\(inGroup\\), ${place('startInGroup')}, failed after it was given up: Error: second`)) // prettier-ignore
  expect(text).toMatch(new RegExp(`crash: goroutine \\d+ \\(crashing\\), ${place('startCrash')}, failed, and nobody joined it`))
})

it('without them the reports name the goroutine alone', async () => {
  const { stderr } = await start(program).ended
  expect(stderr.join('\n')).toMatch(/crash: goroutine \d+ \(crashing\) failed, and nobody joined it or gave it up: Error: crashed/)
  expect(stderr.join('\n')).not.toContain('started at')
})
