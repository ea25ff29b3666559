// A crash as the host sees it, in a process of its own.
import { describe, expect, it } from 'vitest'
import { start } from '../support/process.js'

describe('without a hook', () => {
  it('a crash is an uncaught exception: the process ends with the stack of the failure', async () => {
    const { status, stdout, stderr } = await start('test/goroutine/programs/crash.ts').ended
    expect(status).toBe(1)
    expect(stdout).toEqual(['started'])
    expect(stderr.join('\n')).toContain('Error: out of order')
    expect(stderr.join('\n')).toContain('at worker')
  })

  it('a crash reaches the listeners of uncaughtException as the thrown value, and the program continues', async () => {
    const { status, stdout } = await start('test/goroutine/programs/crash.ts', ['listen']).ended
    expect(stdout).toEqual(['started', 'uncaught: out of order', 'uncaught: undefined', 'the others went on'])
    expect(status).toBe(0)
  })

  it('an error thrown by a hook is an uncaught exception, and hides no other crash', async () => {
    const { status, stdout } = await start('test/goroutine/programs/crash.ts', ['listen', 'hook']).ended
    expect(stdout).toEqual([
      'started',
      'hook: out of order',
      'hook: undefined',
      'uncaught: bad hook',
      'uncaught: bad hook',
      'the others went on',
    ])
    expect(status).toBe(0)
  })
})
