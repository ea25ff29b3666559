/** Ready operations read the clock only now and then, since reading it costs more than they do. */
import { chan, go, type Chan } from 'millrace'
import { expect, it, vi } from 'vitest'
import { settle } from '../support/settle.js'

const host = vi.hoisted(() => ({ looks: 0 }))

/** No time passes, so that every slice lasts. */
vi.mock(import('../../src/runtime/base/host.js'), async (original) => ({
  ...(await original()),
  now: () => (host.looks++, 0),
}))

const N = 10_000

it.each<[string, (ch: Chan<number>) => void]>([
  [
    'yield*',
    (ch) =>
      void go(function* () {
        for (let i = 0; i < N; i++) yield* ch.receive()
      }),
  ],
  [
    'await',
    (ch) =>
      void (async () => {
        for (let i = 0; i < N; i++) await ch.receive()
      })(),
  ],
  [
    'for await',
    (ch) =>
      void (async () => {
        for await (const _ of ch);
      })(),
  ],
])('%s reads the clock at one operation in many', async (_, receiveAll) => {
  const ch = chan<number>(N)
  for (let i = 0; i < N; i++) ch.trySend(i)
  host.looks = 0
  receiveAll(ch)
  await settle()
  expect(ch.size).toBe(0)
  expect(host.looks).toBeGreaterThan(0)
  expect(host.looks).toBeLessThan(N / 10)
})
