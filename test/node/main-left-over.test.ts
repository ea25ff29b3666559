import { describe, expect, it } from 'vitest'
import { run } from './program.js'

/** ms within which a process ends that nothing keeps alive; the grace periods of the programs are far shorter or longer. */
const SOON = 10_000

describe.concurrent('a goroutine left when main ends', () => {
  it('GO-003 does not delay the exit: a goroutine that sleeps an hour is unwound', async () => {
    const { ms, ...ended } = await run('left-over', 'sleeping')
    expect(ended).toEqual({ status: 0, stdout: 'unwound\nunwound\n', stderr: '' })
    expect(ms).toBeLessThan(SOON)
  })

  it('GO-003 does not delay the exit: an async function that sleeps an hour is abandoned after the grace', async () => {
    const { ms, ...ended } = await run('left-over', 'async')
    expect(ended).toEqual({ status: 5, stdout: '', stderr: '' })
    expect(ms).toBeLessThan(SOON)
  })

  it('GO-003 does not delay the exit: an async function that holds nothing does not take up the grace', async () => {
    const { ms, ...ended } = await run('left-over', 'asyncHoldingNothing')
    expect(ended).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(ms).toBeLessThan(SOON)
  })

  it('GO-003 does not delay the exit: tickers, timers and deadlines hold the process no longer', async () => {
    const { ms, ...ended } = await run('left-over', 'ticking')
    expect(ended).toEqual({ status: 0, stdout: 'unwound\n', stderr: '' })
    expect(ms).toBeLessThan(SOON)
  })

  it('never starts when it had not started', async () => {
    expect(await run('left-over', 'notStarted')).toMatchObject({ status: 0, stdout: '', stderr: '' })
  })

  it('is unwound also when main throws', async () => {
    const { status, stdout, stderr } = await run('left-over', 'afterThrow')
    expect(stdout).toBe('unwound\n')
    expect(stderr).toContain('Error: main failed')
    expect(status).toBe(1)
  })

  it('may wait in its finally blocks, which run from the inside out', async () => {
    expect(await run('left-over', 'waitingFinally')).toMatchObject({ status: 0, stdout: 'inner\nouter\n', stderr: '' })
  })

  it('may start a goroutine in its finally blocks and wait for that', async () => {
    expect(await run('left-over', 'helperInFinally')).toMatchObject({ status: 0, stdout: 'flushed\n', stderr: '' })
  })

  it('has the grace period to finish, and no longer', async () => {
    const { ms, ...ended } = await run('left-over', 'endlessFinally')
    expect(ended).toEqual({ status: 5, stdout: '', stderr: '' })
    expect(ms).toBeLessThan(SOON)
  })

  it('has unlimited time with a grace of Infinity', async () => {
    expect(await run('left-over', 'endless')).toMatchObject({ status: 0, stdout: 'done after all\n', stderr: '' })
  })

  it('sees the context end, and failing because of it is not a crash', async () => {
    expect(await run('left-over', 'asyncUnderContext')).toMatchObject({ status: 0, stdout: 'told\n', stderr: '' })
  })

  it('is a late failure where a finally block throws: a warning, and the status of main', async () => {
    const { status, stderr } = await run('left-over', 'failsInFinally')
    expect(stderr).toMatch(/LateFailure: late failure: goroutine \d+ \(.*\) failed after it was given up: Error: from a finally\n +at /)
    expect(status).toBe(0)
  })

  it('is abandoned only when all output is written', async () => {
    const { status, stdout } = await run('left-over', 'muchOutput')
    expect(stdout.length).toBe(4_000_005)
    expect(stdout.endsWith('\nend\n')).toBe(true)
    expect(status).toBe(0)
  })

  it('is not unwound without a trace, and does not delay the exit either', async () => {
    const { ms, ...ended } = await run('left-over', 'untraced')
    expect(ended).toEqual({ status: 5, stdout: '', stderr: '' })
    expect(ms).toBeLessThan(SOON)
  })

  it('does not include a server, which holds the process as without main, with the goroutines of its requests', async () => {
    expect(await run('left-over', 'server')).toMatchObject({ status: 0, stdout: 'closed\n', stderr: '' })
  })
})

describe.concurrent('a crash under main', () => {
  it('is an uncaught exception: the process ends with status 1, without a deadlock report and without finally blocks', async () => {
    const { status, stdout, stderr } = await run('left-over', 'crash')
    expect(stderr).toContain('Error: broken goroutine')
    expect(stderr).not.toContain('deadlock')
    expect(stdout).toBe('')
    expect(status).toBe(1)
  })

  it('is one also when main returned in the same turn', async () => {
    const { status, stderr } = await run('left-over', 'crashBesideMain')
    expect(stderr).toContain('Error: broken goroutine')
    expect(status).toBe(1)
  })
})
