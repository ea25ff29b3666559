import { describe, expect, it } from 'vitest'
import { background, go, rateLimiter, select, sleep, withCancel, withTimeout, type RateLimiter } from 'millrace'
import { from } from 'rxjs'
import { done, performed, thrown, thrownError, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime, type VirtualTime } from '../support/virtual-time.js'

/** t1, t2 … are 1, 2 … times 100 ms after the start. */
class Times implements Disposable {
  readonly clock: VirtualTime = virtualTime()
  readonly start = this.clock.now()

  /** Advances to t; due timers fire at the next `advance`. */
  to(t: number): void {
    this.clock.block(this.start + t * 100 - this.clock.now())
  }

  allow(limiter: RateLimiter, t: number, n: number): boolean {
    this.to(t)
    return limiter.allow(n)
  }

  /** The t at which the reservation is due; null for a refused reservation. */
  reserve(limiter: RateLimiter, t: number, n: number, longest?: number): number | null {
    this.to(t)
    const reservation = limiter.reserve(n, longest)
    if (!reservation.ok) expect(reservation.delay()).toBe(Infinity)
    return reservation.ok ? (this.clock.now() - this.start + reservation.delay()) / 100 : null
  }

  [Symbol.dispose](): void {
    this.clock[Symbol.dispose]()
  }
}

describe('rateLimiter', () => {
  it('RL-002 a burst of one, step by step', () => {
    using times = new Times()
    const limiter = rateLimiter(10, 1)
    const seen: unknown[] = []
    const step = (t: number, n: number) => {
      times.to(t)
      seen.push([limiter.tokens(), limiter.allow(n)])
    }
    step(0, 1)
    step(0, 1)
    step(0, 1)
    step(1, 1)
    step(1, 1)
    step(1, 1)
    step(2, 2)
    step(2, 1)
    step(2, 1)
    expect(seen).toEqual([
      [1, true],
      [0, false],
      [0, false],
      [1, true],
      [0, false],
      [0, false],
      [1, false], // exceeds the burst
      [1, true],
      [0, false],
    ])
  })

  it('RL-003 a burst of three, step by step', () => {
    using times = new Times()
    const limiter = rateLimiter(10, 3)
    const steps: [t: number, n: number, answer: boolean][] = [
      [0, 2, true],
      [0, 2, false],
      [0, 1, true],
      [0, 1, false],
      [1, 4, false],
      [2, 1, true],
      [3, 1, true],
      [4, 1, true],
      [4, 1, true],
      [4, 1, false],
      [4, 1, false],
      [9, 3, true],
      [9, 0, true],
    ]
    expect(steps.map(([t, n]) => [t, n, times.allow(limiter, t, n)])).toEqual(steps)
  })

  it('RL-005 the first token is whole at odd rates', () => {
    using _times = new Times()
    expect(rateLimiter(0.7692307692307693, 1).allow()).toBe(true)
  })

  it('RL-006 of simultaneous requests the burst passes', async () => {
    using _times = new Times()
    const limiter = rateLimiter(1, 5)
    let passed = 0
    for (let i = 0; i < 15; i++) go(() => void (limiter.allow() && passed++))
    await settle()
    expect(passed).toBe(5)
  })

  it('RL-007 over a long run the limit is kept and used', () => {
    using times = new Times()
    const limiter = rateLimiter(100, 100)
    let accepted = 0
    for (let ms = 0; ms <= 5000; ms += 2) {
      if (limiter.allow()) accepted++
      times.clock.block(2)
    }
    const ideal = 100 + 100 * 5
    expect(accepted).toBeGreaterThanOrEqual(0.999 * ideal)
    expect(accepted).toBeLessThanOrEqual(ideal + 1)
  })

  it('RL-008 reservations queue up in time', () => {
    using times = new Times()
    const limiter = rateLimiter(10, 2)
    expect(times.reserve(limiter, 0, 2)).toBe(0)
    expect(times.reserve(limiter, 0, 2)).toBe(2)
    expect(times.reserve(limiter, 3, 2)).toBe(4)
    expect(limiter.tokens()).toBe(-1)
  })

  it('RL-009 reservations and requests mixed', () => {
    using times = new Times()
    const limiter = rateLimiter(10, 2)
    expect(times.reserve(limiter, 0, 3)).toBe(null)
    expect(times.reserve(limiter, 0, 2)).toBe(0)
    expect(times.allow(limiter, 1, 2)).toBe(false)
    expect(times.reserve(limiter, 1, 2)).toBe(2)
    expect(limiter.tokens()).toBe(-1)
    expect(times.allow(limiter, 1, 1)).toBe(false)
    expect(times.allow(limiter, 3, 1)).toBe(true)
  })

  it('RL-010 canceling a refused reservation does nothing', () => {
    using times = new Times()
    const limiter = rateLimiter(10, 2)
    const refused = limiter.reserve(3)
    refused.cancel()
    expect(times.reserve(limiter, 0, 2)).toBe(0)
    expect(times.reserve(limiter, 0, 2)).toBe(2)
  })

  it('RL-011 canceling the last reservation returns its tokens', () => {
    using times = new Times()
    const limiter = rateLimiter(10, 2)
    expect(times.reserve(limiter, 0, 2)).toBe(0)
    const last = limiter.reserve(2)
    expect(last.delay()).toBe(200)
    times.to(1)
    expect(last.delay()).toBe(100)
    last.cancel()
    expect(times.reserve(limiter, 1, 2)).toBe(2)
  })

  it('RL-019 the limit changes in mid-run', () => {
    using times = new Times()
    const limiter = rateLimiter(5, 2)
    expect(times.reserve(limiter, 0, 2)).toBe(0)
    expect(times.reserve(limiter, 0, 2)).toBe(4)
    times.to(2)
    limiter.setLimit(10)
    expect(times.reserve(limiter, 2, 1)).toBe(4)
  })

  it('RL-020 the burst changes in mid-run', () => {
    using times = new Times()
    const limiter = rateLimiter(5, 2)
    expect(times.reserve(limiter, 0, 2)).toBe(0)
    expect(times.reserve(limiter, 0, 2)).toBe(4)
    times.to(3)
    limiter.setBurst(4)
    expect(times.reserve(limiter, 3, 4)).toBe(3 + 9) // Go's test reserves at t0 again; here time does not go back
  })

  it('RL-022 a reservation past the longest wait is refused', () => {
    using times = new Times()
    const limiter = rateLimiter(10, 2)
    expect(times.reserve(limiter, 0, 2, 100)).toBe(0)
    expect(times.reserve(limiter, 0, 1, 100)).toBe(1)
    expect(times.reserve(limiter, 0, 1, 100)).toBe(null)
  })

  it('RL-023 wait: an ended context, too much, and the right delay', async () => {
    using times = new Times()
    const { clock } = times
    const limiter = rateLimiter(10, 3)
    const ended = withCancel(background)
    ended.cancel()
    const late = performed(limiter.wait().within(ended))
    const tooMuch = performed(limiter.wait(4))
    await settle()
    expect(late.now).toEqual(thrownError('context canceled'))
    expect(tooMuch.now).toEqual(thrownError("rate: Wait(n=4) exceeds limiter's burst 3"))
    expect(limiter.tokens()).toBe(3)
    const two = performed(limiter.wait(2))
    await settle()
    expect(two.now).toEqual(done(undefined))
    const three = performed(limiter.wait(3))
    await clock.advance(199)
    expect(three.now).toEqual(waiting)
    await clock.advance(1)
    await settle()
    expect(three.now).toEqual(done(undefined))
  })

  it('RL-025 wait fails at once where the deadline is too near, and uses nothing', async () => {
    using times = new Times()
    using ctx = withTimeout(background, 100)
    const limiter = rateLimiter(10, 3)
    const two = performed(limiter.wait(2).within(ctx))
    const three = performed(limiter.wait(3).within(ctx))
    await settle()
    expect(two.now).toEqual(done(undefined))
    expect(three.now).toEqual(thrownError('rate: Wait(n=3) would exceed context deadline'))
    expect(limiter.tokens()).toBe(1)
    expect(performed(limiter.wait(2).within(ctx)).now).toEqual(waiting) // just in time
    await times.clock.advance(100)
  })

  it('RL-026 no limit ignores the burst', async () => {
    using _times = new Times()
    const limiter = rateLimiter(Infinity, 0)
    const wait = performed(limiter.wait(3))
    await settle()
    expect(wait.now).toEqual(done(undefined))
    expect(limiter.allow(1000)).toBe(true)
    expect(limiter.reserve(1000)).toMatchObject({ ok: true })
    expect(limiter.reserve(1000).delay()).toBe(0)
  })

  it('RL-027 a limit of zero gives the burst and nothing more, until changed', async () => {
    using times = new Times()
    const limiter = rateLimiter(0, 1)
    expect(limiter.allow()).toBe(true)
    for (const t of [0, 10, 1e9]) expect(times.allow(limiter, t, 1)).toBe(false)
    expect(limiter.reserve().ok).toBe(false)
    limiter.setLimit(10)
    const wait = performed(limiter.wait())
    await times.clock.advance(99)
    expect(wait.now).toEqual(waiting)
    await times.clock.advance(1)
    await settle()
    expect(wait.now).toEqual(done(undefined))
  })

  it('RL-029 tiny limits do not overflow', () => {
    using times = new Times()
    const limiter = rateLimiter(1e-10, 1)
    expect(limiter.allow()).toBe(true)
    expect(limiter.allow()).toBe(false)
    expect(times.allow(limiter, 1e9, 1)).toBe(false)
  })

  it('RL-031 a lower burst clips what was saved, a higher one lets it grow', () => {
    using times = new Times()
    const limiter = rateLimiter(10, 10)
    limiter.setBurst(3)
    expect(limiter.tokens()).toBe(3)
    limiter.setBurst(10)
    expect(limiter.tokens()).toBe(3)
    times.to(1)
    expect(limiter.tokens()).toBe(4)
  })
})

describe('rateLimiter, its queue', () => {
  it('waiters are served first in, first out, each at its own time; a small request does not overtake', async () => {
    using times = new Times()
    const { clock } = times
    const limiter = rateLimiter(10, 3)
    limiter.allow(3)
    const served: [number, number][] = []
    for (const n of [1, 3, 1])
      go(function* () {
        yield* limiter.wait(n)
        served.push([n, clock.now() - times.start])
      })
    await settle()
    expect(limiter.allow(0)).toBe(false)
    await clock.advance(1000)
    expect(served).toEqual([
      [1, 100],
      [3, 400],
      [1, 500],
    ])
    expect(clock.waiting).toBe(0)
  })

  it('one timer serves any number of waiters', async () => {
    using times = new Times()
    const limiter = rateLimiter(10, 1)
    const waits = Array.from({ length: 100 }, () => performed(limiter.wait()))
    await settle()
    expect(times.clock.waiting).toBe(1)
    await times.clock.advance(10_000)
    expect(waits.map(({ now }) => now)).toEqual(Array(100).fill(done(undefined)))
  })

  it('a waiter that leaves takes nothing, and the waiters behind it move up', async () => {
    using times = new Times()
    const limiter = rateLimiter(10, 3)
    limiter.allow(2)
    const large = performed(limiter.wait(3))
    await settle()
    const small = performed(limiter.wait(1))
    await settle()
    expect(small.now).toEqual(waiting)
    large.leave()
    await settle()
    expect(small.now).toEqual(done(undefined))
    expect(limiter.tokens()).toBe(0)
    expect(times.clock.waiting).toBe(0) // no timer without a waiter
  })

  it('the last waiter to leave leaves no timer', async () => {
    using times = new Times()
    const limiter = rateLimiter(10, 1)
    limiter.allow()
    const wait = performed(limiter.wait())
    await settle()
    expect(times.clock.waiting).toBe(1)
    wait.leave()
    expect(times.clock.waiting).toBe(0)
    await settle()
  })

  it('a case that is not chosen takes nothing', async () => {
    using times = new Times()
    const limiter = rateLimiter(10, 1)
    limiter.allow()
    const choice = performed(select({ token: limiter.wait(), timeout: sleep(50) }))
    await times.clock.advance(50)
    expect(choice.now).toEqual(done({ case: 'timeout', value: undefined }))
    await times.clock.advance(50)
    expect(limiter.allow()).toBe(true)
  })

  it('two cases for one limiter are granted once, whichever is ahead', async () => {
    using times = new Times()
    const limiter = rateLimiter(10, 3)
    limiter.allow(2)
    const stop = withCancel(background)
    limiter.reserve(2) // so that both wait
    const choice = performed(select([limiter.wait(3), stop.done(), limiter.wait(1)], { biased: true }))
    await settle()
    times.to(2) // the small request would be served now, were the large one not ahead
    stop.cancel()
    await settle()
    expect(choice.now).toEqual(done({ case: 1, value: undefined }))
    expect(limiter.tokens()).toBe(1)
  })

  it('tokens granted to a subscriber that unsubscribed before the delivery pass to the next waiter', async () => {
    using times = new Times()
    const limiter = rateLimiter(10, 1)
    limiter.allow()
    let delivered = 0
    const leaving = from(limiter.wait()).subscribe(() => delivered++)
    const next = performed(limiter.wait())
    await settle()
    times.to(1)
    expect(limiter.allow()).toBe(false) // reading the tokens grants due requests
    leaving.unsubscribe()
    await settle()
    expect(delivered).toBe(0)
    expect(next.now).toEqual(done(undefined))
  })

  it('a reservation keeps its place among the waiters, and a canceled one lets them move up', async () => {
    using times = new Times()
    const limiter = rateLimiter(10, 2)
    limiter.allow(2)
    const first = performed(limiter.wait(2))
    await settle()
    const booked = limiter.reserve(2)
    const last = performed(limiter.wait(1))
    await settle()
    expect(booked.delay()).toBe(400)
    await times.clock.advance(200)
    expect(first.now).toEqual(done(undefined))
    booked.cancel()
    booked.cancel()
    await times.clock.advance(100)
    await settle()
    expect(last.now).toEqual(done(undefined))
    expect(limiter.tokens()).toBe(0)
  })

  it('a due reservation can be canceled in the same instant, and not later', () => {
    using times = new Times()
    const limiter = rateLimiter(10, 2)
    limiter.reserve(2).cancel()
    expect(limiter.tokens()).toBe(2)
    const [now, later] = [limiter.reserve(2), limiter.reserve(1)]
    times.to(1.5)
    now.cancel()
    later.cancel()
    expect(limiter.tokens()).toBe(0.5)
  })

  it('a higher limit applies to the waiters; no limit releases them all', async () => {
    using times = new Times()
    const { clock } = times
    const limiter = rateLimiter(1, 1)
    limiter.allow()
    const waits = [1, 2, 3].map(() => performed(limiter.wait()))
    await settle()
    limiter.setLimit(10)
    await clock.advance(100)
    expect(waits.map(({ now }) => now.is)).toEqual(['done', 'waiting', 'waiting'])
    limiter.setLimit(Infinity)
    await settle()
    expect(waits.map(({ now }) => now.is)).toEqual(['done', 'done', 'done'])
    expect(clock.waiting).toBe(0)
  })

  it('a lower burst does not strand a waiter for more', async () => {
    using times = new Times()
    const limiter = rateLimiter(10, 3)
    limiter.allow(3)
    const wait = performed(limiter.wait(3))
    await settle()
    limiter.setBurst(1)
    await times.clock.advance(200)
    limiter.setBurst(2)
    expect(limiter.tokens()).toBe(-1)
    await times.clock.advance(100)
    expect(wait.now).toEqual(done(undefined))
  })

  it('reading the tokens does not delay the waiters', async () => {
    using times = new Times()
    const limiter = rateLimiter(7, 1)
    limiter.allow()
    const wait = performed(limiter.wait())
    for (let i = 0; i < 10; i++) {
      await times.clock.advance(1000 / 70)
      limiter.tokens()
      limiter.allow()
    }
    await times.clock.advance(1e-3)
    expect(wait.now).toEqual(done(undefined))
  })

  it('a wait ends with the cause of its context', async () => {
    using _times = new Times()
    const limiter = rateLimiter(1, 1)
    limiter.allow()
    const ctx = withCancel(background)
    const cause = new Error('enough')
    const wait = performed(limiter.wait().within(ctx))
    await settle()
    ctx.cancel(cause)
    await settle()
    expect(wait.now).toEqual(thrown(cause))
  })
})

describe('rateLimiter, its arguments', () => {
  it.each([-1, NaN, '5', undefined])('refuses a rate of %s', (rate) => {
    expect(() => rateLimiter(rate as number, 1)).toThrow('rateLimiter(perSecond, burst): perSecond: expected a number from 0 up')
    expect(() => rateLimiter(1, 1).setLimit(rate as number)).toThrow('rateLimiter.setLimit(perSecond): expected a number from 0 up')
  })

  it.each([-1, 1.5, NaN, '5', undefined])('refuses a burst of %s', (burst) => {
    expect(() => rateLimiter(1, burst as number)).toThrow('rateLimiter(perSecond, burst): burst: expected a whole number from 0 up')
    expect(() => rateLimiter(1, 1).setBurst(burst as number)).toThrow('rateLimiter.setBurst(burst): expected a whole number from 0 up')
  })

  it.each([-1, 0.5, NaN, '1', null])('refuses %s tokens', (n) => {
    const limiter = rateLimiter(1, 1)
    expect(() => limiter.allow(n as number)).toThrow('rateLimiter.allow(n): expected a whole number from 0 up')
    expect(() => limiter.reserve(n as number)).toThrow('rateLimiter.reserve(n): expected a whole number from 0 up')
    expect(() => limiter.wait(n as number)).toThrow('rateLimiter.wait(n): expected a whole number from 0 up')
    expect(limiter.allow()).toBe(true)
  })

  it('rejects a longest wait that is not a time', () => {
    expect(() => rateLimiter(1, 1).reserve(1, NaN)).toThrow('rateLimiter.reserve(n, longest): expected a number of ms, got NaN')
  })
})
