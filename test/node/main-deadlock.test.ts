import { describe, expect, it } from 'vitest'
import { age } from '../../src/runtime/diagnostics/dump.js'
import { run } from './program.js'

const FATAL = 'fatal error: all goroutines are asleep - deadlock!\n\n'

const reported = (...lines: string[]) => ({ status: 2, stdout: '', stderr: `${FATAL}${lines.join('\n')}\n` })

describe.concurrent('a deadlock', () => {
  it.for([
    ['receive', 'chan receive'],
    ['send', 'chan send'],
    ['fullSend', 'chan send'],
    ['emptySelect', 'select (no cases)'],
    ['nilCases', 'select (no cases)'],
    ['never', 'select (no cases)'],
    ['select', 'select'],
    ['choose', 'select'],
  ] as const)('DL-001 is reported when main waits alone: %s', async ([name, words]) => {
    expect(await run('deadlock', name)).toMatchObject(reported(`goroutine 1 [${words}]: ${name}`))
  })

  it('DL-001 is reported for an async main, without what it awaits', async () => {
    expect(await run('deadlock', 'await')).toMatchObject(reported('goroutine 1 [await]: await'))
  })

  it('DL-001 is reported where main waits for a goroutine that waits', async () => {
    const expected = reported('goroutine 1 [join of goroutine 2]: join', 'goroutine 2 [chan receive]: stuck')
    expect(await run('deadlock', 'join')).toMatchObject(expected)
  })

  it('DL-002 names what each goroutine waits for, main first, and counts those it does not know', async () => {
    const { status, stderr } = await run('reasons')
    expect(status).toBe(2)
    const lines = stderr.slice(FATAL.length).trimEnd().split('\n')
    expect(lines).toEqual([
      'goroutine 2 [chan receive]: main',
      'goroutine 3 [chan receive]: receiver',
      'goroutine 4 [chan send]: sender',
      'goroutine 5 [select]: selector',
      'goroutine 6 [select (no cases)]: nobody',
      'goroutine 7 [chan receive (nil chan)]: nil',
      'goroutine 8 [context done]: context',
      'goroutine 9 [chan send]: within',
      'goroutine 10 [chan receive]: mapped',
      'goroutine 11 [timer]: timer',
      'goroutine 12 [select]: promised',
      'goroutine 13 [await]: asynchronous',
      'goroutine 14 [sync.Mutex.Lock]: locker',
      'goroutine 15 [semaphore.Acquire]: acquirer',
      'goroutine 16 [sync.WaitGroup.Wait]: waiter',
      'goroutine 17 [errgroup.Wait]: grouped',
      'goroutine 18 [select (no cases)]: member',
      'and 1 more that was not traced', // it was started before main
    ])
  })

  it('DL-002 without a trace shows main and a count', async () => {
    const expected = reported('goroutine 2 [chan receive]: main', 'and 17 more that were not traced')
    expect(await run('reasons', 'untraced')).toMatchObject(expected)
  })

  it('shows how long a goroutine has waited, from one second on', async () => {
    const { stderr, ...ended } = await run('deadlock', 'aged')
    const expected = reported('goroutine 1 [chan receive, … s]: aged', 'goroutine 2 [chan receive]: late')
    // 1 s, and more on a busy machine; the ages in full are tested below.
    expect({ ...ended, stderr: stderr.replace(/, [1-9]\d* s\]/, ', … s]') }).toMatchObject(expected)
  })

  it('DL-006 is reported for a wait for the end of background', async () => {
    expect(await run('deadlock', 'background')).toMatchObject(reported('goroutine 1 [chan receive (nil chan)]: background'))
  })

  it('is reported when main waits within its context: a signal would end that wait and does not count as pending', async () => {
    expect(await run('deadlock', 'guarded')).toMatchObject(reported('goroutine 1 [chan receive]: guarded'))
    expect(await run('deadlock', 'selectWithContext')).toMatchObject(reported('goroutine 1 [select]: selectWithContext'))
    expect(await run('deadlock', 'otherContext')).toMatchObject(reported('goroutine 1 [context done]: otherContext'))
  })

  it('GO-014 is reported after the other goroutines have ended, when main only waits for ever', async () => {
    const { status, stdout, stderr } = await run('deadlock', 'goexit')
    expect(stdout).toBe('worker has ended\n')
    expect(stderr).toBe(`${FATAL}goroutine 1 [select (no cases)]: goexit\n`)
    expect(status).toBe(2)
  })

  it('is reported when a listener revives the loop and nobody wakes main', async () => {
    const { status, stdout, stderr } = await run('alive', 'revivedForNothing')
    expect(stdout).toBe('one more turn\n')
    expect(stderr).toBe(`${FATAL}goroutine 1 [select (no cases)]: stuck\n`)
    expect(status).toBe(2)
  })
})

describe.concurrent('no deadlock', () => {
  it.for([
    ['sleep', 'slept'],
    ['hostTimer', 'timer'],
    ['promise', 'promise'],
  ] as const)('DL-003 is reported while a pending event will wake main: %s', async ([name, said]) => {
    expect(await run('alive', name)).toMatchObject({ status: 0, stdout: `${said}\n`, stderr: '' })
  })

  it.for([
    ['mainHasReturned', 'returned'],
    ['noMain', 'no main'],
  ] as const)('is reported for a parked goroutine when main does not wait: %s', async ([name, said]) => {
    expect(await run('alive', name)).toMatchObject({ status: 0, stdout: `${said}\n`, stderr: '' })
  })

  it.for([
    ['revivedByOneBefore', 'revived'],
    ['revivedByOneAfter', 'revived'],
    ['wokenByListener', 'woken'],
  ] as const)('is reported when a beforeExit listener wakes main: %s', async ([name, said]) => {
    expect(await run('alive', name)).toMatchObject({ status: 0, stdout: `${said}\n`, stderr: '' })
  })

  it.for([
    ['exitInMain', 7],
    ['exitByListener', 7],
    ['exitByListenerInPassing', 7],
    ['exitByNoisyListener', 0],
  ] as const)('is reported on process.exit(), whatever calls it: %s', async ([name, status]) => {
    expect(await run('alive', name)).toMatchObject({ status, stderr: '' })
  })

  it('is reported on an exception that ends the process', async () => {
    const { status, stderr } = await run('alive', 'listenerThrows')
    expect(stderr).toContain('Error: from a listener')
    expect(stderr).not.toContain('deadlock')
    expect(status).toBe(1)
  })
})

it('an age is in whole seconds, minutes or hours, and none below a second', () => {
  expect([0, 999, 1000, 59_999, 60_000, 3_599_999, 3_600_000, 90_000_000].map(age)).toEqual([
    '',
    '',
    ', 1 s',
    ', 59 s',
    ', 1 min',
    ', 59 min',
    ', 1 h',
    ', 25 h',
  ])
})
