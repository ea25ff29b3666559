import { go, range, select, after } from 'millrace'
import { signals } from 'millrace/node'
import { expect, it } from 'vitest'
import { turns } from './open-streams.js'

const listeners = (): number => process.listenerCount('SIGUSR2') + process.listenerCount('SIGHUP')

it('receives the signals that it names, in order', async () => {
  const before = listeners()
  {
    using received = signals('SIGUSR2', 'SIGHUP')
    const seen: string[] = []
    const loop = go(function* () {
      for (const it = range(received); yield* it.next();) seen.push(it.value)
    })
    for (const name of ['SIGUSR2', 'SIGHUP', 'SIGUSR2'] as const) {
      process.kill(process.pid, name)
      await expect.poll(() => seen.at(-1)).toBe(name)
    }
    expect(seen).toEqual(['SIGUSR2', 'SIGHUP', 'SIGUSR2'])
    received.stop()
    await loop.join()
  }
  expect(listeners()).toBe(before)
})

it('is a case of select', async () => {
  using received = signals('SIGUSR2')
  expect((await select({ signal: received.receive(), late: after(1) })).case).toBe('late')
})

it('drops signals when 16 wait', async () => {
  using received = signals('SIGUSR2')
  for (let n = 0; n < 20; n++) process.emit('SIGUSR2', 'SIGUSR2')
  await turns()
  expect(received.size).toBe(16)
})

it('throws for no name, and for a name that is none', () => {
  expect(() => signals()).toThrow(TypeError)
  expect(() => signals(1 as never)).toThrow(TypeError)
})
