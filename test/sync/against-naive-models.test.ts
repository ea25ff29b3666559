/**
 * The locks and limiters against naive models (naive-models.ts): random programs, with all states compared after each step.
 * A failure prints the shrunk program and its seed.
 */
import fc from 'fast-check'
import { cond, go, mutex, rateLimiter, rwMutex, semaphore, type Op, type Reservation } from 'millrace'
import { describe, expect, it } from 'vitest'
import { performed, subscribed, type Outcome } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { NaiveCond, NaiveLimiter, NaiveRWMutex, NaiveSemaphore, type State } from './naive-models.js'

const RUNS = { numRuns: 400, seed: 7 }

/** The waiters: half of them goroutines, half subscribers. */
class Asking {
  private readonly outcomes: { outcome: Outcome<unknown>; hasLeft: boolean }[] = []

  add(op: Op<unknown>): void {
    const perform = this.outcomes.length % 2 === 0 ? performed : subscribed
    this.outcomes.push({ outcome: perform(op), hasLeft: false })
  }
  leave(i: number): void {
    const one = this.outcomes[i]
    one.hasLeft ||= one.outcome.now.is === 'waiting'
    one.outcome.leave()
  }
  get states(): State[] {
    return this.outcomes.map(({ outcome, hasLeft }) =>
      hasLeft || outcome.now.is === 'thrown' ? 'left' : outcome.now.is === 'done' ? 'done' : 'waiting',
    )
  }
  get count(): number {
    return this.outcomes.length
  }
}

/** Whether `f` returned without a throw. */
function goes(f: () => void): boolean {
  try {
    f()
    return true
  } catch {
    return false
  }
}

type Step = readonly [name: string, n: number]
const steps = (names: Record<string, fc.Arbitrary<number>>): fc.Arbitrary<Step[]> =>
  fc.array(fc.oneof(...Object.entries(names).map(([name, n]) => fc.tuple(fc.constant(name), n))), { minLength: 1, maxLength: 25 })

const any = fc.nat(100)
const none = fc.constant(0)

describe('against naive models', () => {
  it('a semaphore grants the same waiters', async () => {
    const weight = fc.integer({ min: 0, max: 4 })
    const program = steps({ acquire: weight, try: weight, release: weight, leave: any })
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const [real, naive, asking] = [semaphore(3), new NaiveSemaphore(3), new Asking()]
        for (const [name, n] of steps) {
          if (name === 'try') expect(real.tryAcquire(n)).toBe(naive.tryAcquire(n))
          else if (name === 'release') expect(goes(() => real.release(n))).toBe(naive.release(n))
          else if (name === 'acquire') {
            asking.add(real.acquire(n))
            naive.acquire(n)
          } else if (asking.count > 0) {
            asking.leave(n % asking.count)
            naive.leave(n % asking.count)
          }
          await settle()
          expect(asking.states).toEqual(naive.states)
        }
        expect(goes(() => real.release(naive.held))).toBe(true)
      }),
      RUNS,
    )
  })

  it('an rwMutex grants the same waiters', async () => {
    const program = steps({ lock: none, rLock: none, tryLock: none, tryRLock: none, unlock: none, rUnlock: none, leave: any })
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const [real, naive, asking] = [rwMutex(), new NaiveRWMutex(), new Asking()]
        for (const [name, n] of steps) {
          if (name === 'tryLock') expect(real.tryLock()).toBe(naive.try(true))
          else if (name === 'tryRLock') expect(real.tryRLock()).toBe(naive.try(false))
          else if (name === 'unlock') expect(goes(() => real.unlock())).toBe(naive.unlock())
          else if (name === 'rUnlock') expect(goes(() => real.rUnlock())).toBe(naive.rUnlock())
          else if (name !== 'leave') {
            asking.add(name === 'lock' ? real.lock() : real.rLock())
            naive.ask(name === 'lock')
          } else if (asking.count > 0) {
            asking.leave(n % asking.count)
            naive.leave(n % asking.count)
          }
          await settle()
          expect(asking.states).toEqual(naive.states)
        }
      }),
      RUNS,
    )
  })

  it('a cond wakes the same waiters', async () => {
    const program = steps({ wait: none, signal: none, broadcast: none, leave: any })
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const mu = mutex()
        const [real, naive, asking] = [cond(mu), new NaiveCond(), new Asking()]
        function* waits() {
          using _guard = yield* mu.lock()
          yield* real.wait()
        }
        const waiting: ReturnType<typeof go>[] = []
        for (const [name, n] of steps) {
          if (name === 'wait') {
            const goroutine = go(waits)
            waiting.push(goroutine)
            asking.add(goroutine.join())
            naive.wait()
          } else if (name === 'signal') {
            real.signal()
            naive.signal()
          } else if (name === 'broadcast') {
            real.broadcast()
            naive.broadcast()
          } else if (waiting.length > 0) {
            waiting[n % waiting.length].cancel()
            naive.leave(n % waiting.length)
          }
          await settle()
          expect(asking.states).toEqual(naive.states)
          expect(mu.tryLock()).toBe(true)
          mu.unlock()
        }
      }),
      RUNS,
    )
  })

  it('a rate limiter grants the same waiters at the same time', async () => {
    const few = fc.integer({ min: 0, max: 4 })
    const program = steps({ allow: few, wait: few, reserve: few, cancel: any, leave: any, burst: few, ticks: few })
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        using clock = virtualTime()
        const [real, naive, asking] = [rateLimiter(10, 3), new NaiveLimiter(3), new Asking()]
        const bookings: Reservation[] = []
        for (const [name, n] of steps) {
          if (name === 'allow') expect(real.allow(n)).toBe(naive.allow(n))
          else if (name === 'wait') {
            asking.add(real.wait(n))
            naive.wait(n)
          } else if (name === 'reserve') {
            const booking = real.reserve(n)
            bookings.push(booking)
            expect(booking.delay()).toBe(naive.reserve(n) * 100)
          } else if (name === 'burst') {
            real.setBurst(n)
            naive.setBurst(n)
          } else if (name === 'ticks') {
            for (let i = 0; i < n; i++) naive.tick()
            await clock.advance(n * 100)
          } else if (name === 'cancel' && bookings.length > 0) {
            bookings[n % bookings.length].cancel()
            naive.cancel(n % bookings.length)
          } else if (name === 'leave' && asking.count > 0) {
            asking.leave(n % asking.count)
            naive.leave(n % asking.count)
          }
          await settle()
          expect(asking.states).toEqual(naive.states)
          expect(real.tokens()).toBe(naive.free())
        }
      }),
      RUNS,
    )
  })
})
