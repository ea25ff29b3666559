import { describe, expect, it } from 'vitest'
import { start, type Ended } from './program.js'

/** ms within which a process ends that nothing holds. The programs would wait an hour. */
const SOON = 10_000

/** Sends SIGTERM when the program says that it is ready. */
async function terminated(name: string): Promise<Ended> {
  const program = await start('drain', name)
  await program.said('ready')
  program.process.kill('SIGTERM')
  return program.ended
}

describe.concurrent('with a drain the first signal', () => {
  it('stops the intake of a pipeline, and lets running work finish', async () => {
    const { ms, ...ended } = await terminated('pipeline')
    const stdout = 'job 1 is done\nready\njob 2 is done\nSIGTERM received, context alive\n'
    expect(ended).toEqual({ status: 0, stdout, stderr: '' })
    expect(ms).toBeLessThan(SOON)
  })

  it('stops the intake of a goroutine; the status is what main returns', async () => {
    const stdout = 'job 1 is done\nready\njob 2 is done\nSIGTERM received, context alive\n'
    expect(await terminated('goroutine')).toMatchObject({ status: 7, stdout, stderr: '' })
  })

  it('lets a server finish the requests it has begun, and accepts no others', async () => {
    const program = await start('drain', 'server')
    const port = /port (\d+)/.exec(await program.said('.\n'))?.[1]
    const url = `http://127.0.0.1:${port}`
    const answer = fetch(`${url}/first`)
    await program.said('asked for /first')
    program.process.kill('SIGTERM')
    expect(await (await answer).text()).toBe('answer to /first')
    expect(await program.ended).toMatchObject({ status: 0, stderr: '' })
    await expect(fetch(`${url}/second`)).rejects.toThrow()
  })

  it.for([
    ['throwsIntake', 143, /^$/],
    ['throwsOther', 1, /^Error: the flush failed\n/],
  ] as const)('is the exit status when main throws the end of the intake, and no other error: %s', async ([name, status, printed]) => {
    const ended = await terminated(name)
    expect(ended.stderr).toMatch(printed)
    expect(ended.status).toBe(status)
  })

  it('unjoined goroutines that fail because the intake or the context ended are not crashes', async () => {
    expect(await terminated('unjoined')).toMatchObject({ status: 0, stdout: 'ready\nclean\n', stderr: '' })
  })

  it('does not hide a crash of running work', async () => {
    const { status, stderr } = await terminated('crash')
    expect(stderr).toContain('Error: broken worker')
    expect(status).toBe(1)
  })
})

describe.concurrent('after the drain timeout', () => {
  it('the context ends, and stderr lists the goroutines left, what they wait for and for how long', async () => {
    const { status, stdout, stderr } = await terminated('slow')
    expect(stderr.replaceAll(/\d s/g, '… s')).toBe(
      'main: still running 1100 ms after SIGTERM; canceling. Goroutines:\n\n' +
        'goroutine 1 [errgroup.Wait, … s]: main\n' +
        'goroutine 2 [sleep, … s]: slowWorker\n',
    )
    expect(stdout).toBe('ready\nunwound: SIGTERM received\n')
    expect(status).toBe(143)
  })

  it('without a trace stderr shows main and a count', async () => {
    expect(await terminated('slowUntraced')).toMatchObject({
      status: 143,
      stderr:
        'main: still running 50 ms after SIGTERM; canceling. Goroutines:\n\n' +
        'goroutine 1 [await]: main\nand 1 more that was not traced\n',
    })
  })

  it('the status is that of the signal, whatever main returns', async () => {
    expect(await terminated('returnsLate')).toMatchObject({ status: 143 })
  })

  it('a main that nothing else could wake is woken, since a drain is not a deadlock', async () => {
    expect(await terminated('stuck')).toMatchObject({
      status: 143,
      stdout: 'ready\nput away\n',
      stderr: 'main: still running 300 ms after SIGTERM; canceling. Goroutines:\n\ngoroutine 1 [chan receive]: main\n',
    })
  })
})

describe.concurrent('a second signal', () => {
  it.for([
    ['during the drain', 'draining', 'draining'],
    ['after it', 'ignores', 'told'],
  ] as const)('ends the process at once: %s', async ([, name, text]) => {
    const program = await start('drain', name)
    await program.said('ready')
    program.process.kill('SIGTERM')
    await program.said(text)
    const sent = performance.now()
    program.process.kill('SIGINT')
    expect(await program.ended).toMatchObject({ status: 130 })
    expect(performance.now() - sent).toBeLessThan(SOON)
  })
})

it.concurrent('a drain without a limit does not hold the process: a wait that cannot end is a deadlock', async () => {
  const { status, stderr } = await terminated('stuckForGood')
  expect(stderr).toContain('goroutine 1 [chan receive]: main')
  expect(status).toBe(2)
})

it.concurrent('without a drain the intake and the context end together', async () => {
  const stdout = 'ready\nSIGTERM received, context SIGTERM received\n'
  expect(await terminated('withoutDrain')).toMatchObject({ status: 143, stdout, stderr: '' })
})
