import { background, go, now, sleep, ticker, withDeadline } from 'millrace'
import { bubble, explore } from 'millrace/testing'
import { expect, it, vi } from 'vitest'
import { virtualTime } from '../support/virtual-time.js'

it('is the time of the system, also after that was set', () => {
  expect(Math.abs(now() - Date.now())).toBeLessThan(1000)
  vi.spyOn(Date, 'now').mockReturnValue(42)
  expect(now()).toBe(42)
  vi.restoreAllMocks()
})

it('is virtual time in a bubble, from the year 2000 on', async () => {
  await bubble(async () => {
    const begin = now()
    expect(new Date(begin).toISOString()).toBe('2000-01-01T00:00:00.000Z')
    await sleep(1500)
    expect(now() - begin).toBe(1500)
  })
})

it('is virtual time in an exploration', async () => {
  await explore(
    function* () {
      const begin = now()
      yield* sleep(1500)
      expect(now() - begin).toBe(1500)
    },
    { schedules: 3 },
  )
})

it('goes with ticks and deadlines', async () => {
  using clock = virtualTime()
  const beats = ticker(10)
  const first = go(() => beats.receive())
  using ctx = withDeadline(background, now() + 10)
  await clock.advance(10)
  expect(await first.join()).toEqual({ _tag: 'Some', value: now() })
  expect(ctx.err()._tag).toBe('Some')
  beats.stop()
})
