/** A deadlock of goroutines in threads is reported like any other, and what resembles it is not: over real threads. */
import { describe, expect, it } from 'vitest'
import { run } from '../node/program.js'

const FATAL = 'fatal error: all goroutines are asleep - deadlock!\n\n'

/** A busy machine adds the ages of waits from a second on. */
const withoutAges = (text: string): string => text.slice(FATAL.length).replaceAll(/, \d+ s\]/g, ']')

/** The report with the threads in the order of their texts: which thread has which job is free. */
function sorted(text: string): string[] {
  const [here, ...threads] = withoutAges(text)
    .trimEnd()
    .split(/\n\nthread \d, /)
  return [here, ...threads.sort()].join('\n').split('\n')
}

describe('a deadlock across threads', () => {
  it.for([
    [
      'channel',
      [
        'goroutine 1 [chan receive]: channel',
        'goroutine 2 [thread call asks]: job',
        'which runs asks:',
        'goroutine 1 [chan receive]: asks',
      ],
    ],
    [
      'twoJobs',
      [
        'goroutine 1 [errgroup.Wait]: twoJobs',
        'goroutine 2 [thread call asks]: anonymous',
        'goroutine 3 [thread call waits]: anonymous',
        'which runs asks:',
        'goroutine 1 [chan receive]: asks',
        'which runs waits:',
        'goroutine 1 [chan receive]: waits',
      ],
    ],
    [
      'ownThread',
      [
        'goroutine 1 [join of goroutine 2]: ownThread',
        'goroutine 2 [thread call asks]: asks',
        'which runs asks:',
        'goroutine 1 [chan receive]: asks',
      ],
    ],
    ['asynchronous', ['goroutine 1 [thread call asksAsync]: asynchronous', 'which runs asksAsync:', 'job [await]: asksAsync']],
    ['mutexHere', ['goroutine 1 [thread call locks]: mutexHere', 'which runs locks:', 'goroutine 1 [shared.mutex.Lock]: locks']],
    [
      'mutexes',
      [
        'goroutine 1 [errgroup.Wait]: mutexes',
        'goroutine 2 [thread call locks]: anonymous',
        'goroutine 3 [thread call locks]: anonymous',
        'which runs locks:',
        'goroutine 1 [shared.mutex.Lock]: locks',
        'which runs locks:',
        'goroutine 1 [shared.mutex.Lock]: locks',
      ],
    ],
    [
      'semaphore',
      ['goroutine 1 [thread call acquires]: semaphore', 'which runs acquires:', 'goroutine 1 [shared.semaphore.Acquire]: acquires'],
    ],
    [
      'waitGroup',
      ['goroutine 1 [thread call waitsFor]: waitGroup', 'which runs waitsFor:', 'goroutine 1 [shared.waitGroup.Wait]: waitsFor'],
    ],
    [
      'ring',
      ['goroutine 1 [chan close]: ring', 'goroutine 2 [thread call asks]: job', 'which runs asks:', 'goroutine 1 [chan receive]: asks'],
    ],
    ['untraced', ['goroutine 1 [thread call asks]: untraced', 'which runs asks:', 'job [chan receive]: asks']],
    ['deadThread', ['goroutine 1 [chan receive]: deadThread']],
  ] as const)('is reported with the goroutines of all threads: %s', async ([name, lines]) => {
    const { status, stderr } = await run('threads-deadlock', name)
    expect(stderr.startsWith(FATAL), stderr).toBe(true)
    expect(sorted(stderr)).toEqual(lines)
    expect(status).toBe(2)
  })

  it('names the place of each start where dumpOnSignal tracks places, here and in the thread', async () => {
    const { stderr } = await run('threads-deadlock', 'places')
    const [here, there] = withoutAges(stderr).split('\nthread 1, which runs startsAnother:\n')
    expect(here).toMatch(/\[thread call startsAnother\]: job\n.*\n? *started at .*threads-deadlock\.ts/)
    expect(there).toMatch(/\[chan receive\]: another\n.*\n? *started at .*startsAnother.*threads-deadlock\.ts:\d+:\d+\) by goroutine \d/)
  })
})

describe('no deadlock across threads', () => {
  it.for([
    ['io', 'read'],
    ['timer', 'slept'],
    ['promise', 'derived'],
    ['word', 'changed'],
    ['wordOfThreads', '[ 400, 400 ]'],
    ['messages', '1999000'],
    ['semaphores', '[ 400, 400 ]'],
    ['starting', '3'],
    ['busy', '[ 1, 2 ]'],
    ['grace', 'DeadlineExceededError'],
    ['deadline', 'DeadlineExceededError'],
    ['idle', 'unlocked'],
  ] as const)('is reported while a thread can act: %s', async ([name, said]) => {
    expect(await run('threads-alive', name)).toMatchObject({ status: 0, stdout: `${said}\n`, stderr: '' })
  })

  it('a program without main ends, with the status of Node for an await that cannot end', async () => {
    expect(await run('threads-deadlock', 'withoutMain')).toMatchObject({ status: 13, stdout: '' })
  })
})
