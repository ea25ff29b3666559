/** The timers that keep a process alive, in programs that must end by themselves. */
import { describe, expect, it } from 'vitest'
import { start } from '../support/process.js'

describe('a process', () => {
  it('ends after timers of an hour were stopped', async () => {
    const { status, stdout, stderr } = await start('test/scheduler/programs/called-off.ts').ended
    expect(stderr).toEqual([])
    expect(stdout).toEqual(['all called off'])
    expect(status).toBe(0)
  })

  it('lives until the last sleep ends', async () => {
    const { status, stdout } = await start('test/scheduler/programs/sleepers.ts').ended
    expect(stdout).toEqual(['sleep', 'after', 'timer', 'ticker', 'deadline'])
    expect(status).toBe(0)
  })
})
