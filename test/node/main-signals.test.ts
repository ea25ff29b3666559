import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { start, type Ended } from './program.js'

/** ms within which a process ends that nothing holds. The programs would wait a minute, or for ever. */
const SOON = 10_000

const signals = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const

/** Sends the signal when the program says that it is ready. */
async function interrupted(name: string, signal: NodeJS.Signals = 'SIGINT'): Promise<Ended> {
  const program = await start('signal', name)
  await program.said('ready')
  program.process.kill(signal)
  return program.ended
}

/** Sends the signal when the program waits for an answer that never comes. */
async function interruptedFetch(name: string, signal: NodeJS.Signals): Promise<{ aborted: number; ended: Ended }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const program = await start('signal', name, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  const [request] = (await once(server, 'request')) as [IncomingMessage]
  const sent = performance.now()
  program.process.kill(signal)
  const aborted = await new Promise<number>((resolve) => {
    request.on('error', () => {}).on('close', () => resolve(performance.now() - sent))
  })
  server.close()
  return { aborted, ended: await program.ended }
}

describe.concurrent('a signal', () => {
  it.for(signals)('%s aborts a fetch in flight through the context, and the status is %i', async ([signal, status]) => {
    const { aborted, ended } = await interruptedFetch('fetch', signal)
    expect(aborted).toBeLessThan(SOON)
    expect(ended).toMatchObject({ status, stdout: `gave up: SignalError: ${signal} received ${signal}\n`, stderr: '' })
  })

  it('ends silently a main that throws the error of a fetch aborted through a derived context', async () => {
    const { ended } = await interruptedFetch('fetchWithoutCatch', 'SIGINT')
    expect(ended).toMatchObject({ status: 130, stdout: '', stderr: '' })
  })

  it.for(signals)('%s counts as pending: a main that waits only for its context keeps the process alive', async ([signal, status]) => {
    expect(await interrupted('returns', signal)).toMatchObject({ status, stdout: 'ready\nSome\n', stderr: '' })
    expect(await interrupted('returnsAsync', signal)).toMatchObject({ status, stdout: 'ready\n', stderr: '' })
  })

  it.for(['throwsCause', 'throwsWrapped', 'throwsAggregate', 'group'])(
    'makes the status 130 when main then throws because its context ended: %s',
    async (name) => {
      expect(await interrupted(name)).toMatchObject({ status: 130, stdout: 'ready\n', stderr: '' })
    },
  )

  it.for([
    ['throwsOther', 'Error: something else'],
    ['throwsPartly', 'Error: a real one'],
    ['throwsCircular', 'Error: round'],
  ] as const)('does not hide errors that main throws for other reasons: %s', async ([name, printed]) => {
    const { status, stderr } = await interrupted(name)
    expect(stderr).toContain(printed)
    expect(status).toBe(1)
  })

  it('unjoined goroutines that fail because the context ended are not crashes', async () => {
    expect(await interrupted('unjoined')).toMatchObject({ status: 130, stdout: 'ready\nclean\n', stderr: '' })
  })

  it('lets finally blocks wait', async () => {
    expect(await interrupted('finallyWaits')).toMatchObject({ status: 130, stdout: 'ready\nput away\n', stderr: '' })
  })

  it('ends the process at once when it is the second', async () => {
    const program = await start('signal', 'ignores')
    await program.said('ready')
    program.process.kill('SIGINT')
    await program.said('told')
    const sent = performance.now()
    program.process.kill('SIGTERM')
    expect(await program.ended).toMatchObject({ status: 143, stderr: '' })
    expect(performance.now() - sent).toBeLessThan(SOON)
  })

  it('ends the process at once when main has ended', async () => {
    expect(await interrupted('left', 'SIGTERM')).toMatchObject({ status: 143, stderr: '' })
  })

  it('does not hide a deadlock: main continues and waits for ever', async () => {
    const { status, stderr } = await interrupted('stuckAfterwards')
    expect(stderr).toContain('goroutine 1 [chan receive]: stuckAfterwards')
    expect(status).toBe(2)
  })
})
