/** Frames and idle periods as tickers, on a host that the test makes. */
import { CanceledError } from 'millrace'
import { frameTicker, idleTicker } from 'millrace/web'
import { afterEach, expect, it, vi } from 'vitest'

afterEach(() => void vi.unstubAllGlobals())

function stub(request: string, cancel: string) {
  const callbacks = new Map<number, (value: unknown) => void>()
  let id = 0
  vi.stubGlobal(request, (callback: (value: unknown) => void) => (callbacks.set(++id, callback), id))
  vi.stubGlobal(cancel, (which: number) => callbacks.delete(which))
  const tick = (value: unknown) => {
    const due = [...callbacks.values()]
    callbacks.clear()
    for (const callback of due) callback(value)
  }
  return { callbacks, tick }
}

it('receives the latest frame, and a slow receiver loses frames', async () => {
  const { callbacks, tick } = stub('requestAnimationFrame', 'cancelAnimationFrame')
  const frames = frameTicker()
  for (const time of [16, 32, 48]) tick(time)
  expect(await frames.receive()).toEqual({ _tag: 'Some', value: 48 })
  frames.cancel()
  expect(callbacks.size).toBe(0)
  await expect(frames.receive()).rejects.toBeInstanceOf(CanceledError)
})

it('receives idle periods', async () => {
  const { callbacks, tick } = stub('requestIdleCallback', 'cancelIdleCallback')
  {
    using idle = idleTicker({ timeout: 100 })
    const period = { didTimeout: false, timeRemaining: () => 5 }
    tick(period)
    expect(await idle.receive()).toEqual({ _tag: 'Some', value: period })
  }
  expect(callbacks.size).toBe(0)
})

it('says what the host does not have', () => {
  vi.stubGlobal('requestAnimationFrame', undefined)
  vi.stubGlobal('requestIdleCallback', undefined)
  expect(() => frameTicker()).toThrow('frameTicker: this host has no requestAnimationFrame; use ticker(ms) of millrace')
  expect(() => idleTicker()).toThrow('idleTicker: this host has no requestIdleCallback')
})
