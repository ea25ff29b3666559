import { background, sleep, withDeadline } from 'millrace'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/runtime/base/clock.js'
import { some } from '../../src/runtime/base/option.js'

import { hostTurn } from '../support/settle.js'

/** The clock keeps the host's functions as they are when the module loads. */
const requested = vi.hoisted(() => {
  const delays: (number | undefined)[] = []
  const { setTimeout } = globalThis
  globalThis.setTimeout = ((f: () => void, ms?: number) => (delays.push(ms), setTimeout(f, ms))) as typeof setTimeout // `promisify` is not used here
  return { delays, restore: () => void (globalThis.setTimeout = setTimeout) }
})
requested.restore()

const LONGEST = 2 ** 31 - 1 // ms that a host's timer takes
describe('the clock of the system', () => {
  afterEach(() => vi.restoreAllMocks())

  it('is the time of day, and never goes back', () => {
    const now = systemClock.now()
    expect(Math.abs(now - Date.now())).toBeLessThan(60_000)
    expect(systemClock.now()).toBeGreaterThanOrEqual(now)
  })

  it.each([2 ** 31, 2 ** 40, Number.MAX_VALUE])('requests no delay longer than the host supports (%d ms)', (ms) => {
    vi.spyOn(systemClock, 'now').mockReturnValue(0) // no time passes between the two reads
    requested.delays.length = 0
    const cancel = systemClock.set(systemClock.now() + ms, () => expect.unreachable('it has not come'))
    cancel()
    expect(requested.delays).toEqual([LONGEST])
  })

  it('calls back at its time or later, never before, and not after a cancel', async () => {
    const at = systemClock.now() + 3.5
    const rung = await new Promise<number>((resolve) => {
      systemClock.set(at - 2, () => expect.unreachable('it was taken back'))()
      systemClock.set(at, () => resolve(systemClock.now()))
    })
    expect(rung).toBeGreaterThanOrEqual(at - 1) // the host counts whole ms, so the caller checks the clock again
  })

  it('calls back soon for a time in the past, and not after a cancel', async () => {
    const rung: string[] = []
    systemClock.set(systemClock.now() - 1, () => rung.push('past'))
    systemClock.set(systemClock.now() - 1, () => rung.push('taken back'))()
    expect(rung).toEqual([])
    await hostTurn()
    await hostTurn()
    expect(rung).toEqual(['past'])
  })

  it('fake timers that are switched on after the import hold up no sleep', async () => {
    vi.useFakeTimers()
    try {
      await sleep(1.5)
    } finally {
      vi.useRealTimers()
    }
  })

  it('a deadline computed with Date.now() ends on time, also after the system’s clock was set', async () => {
    vi.spyOn(Date, 'now').mockReturnValue(systemClock.now() + 3_600_000)
    using ctx = withDeadline(background, Date.now() + 2)
    await ctx.done()
    expect(ctx.deadline()).toEqual(some(Date.now() + 2))
  })

  it('no sleep is shorter than requested', async () => {
    for (let i = 0; i < 10; i++) {
      const started = systemClock.now()
      await sleep(1.5)
      expect(systemClock.now() - started).toBeGreaterThanOrEqual(1.5)
    }
  })
})
