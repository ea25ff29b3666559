/**
 * Random programs of a rate limiter in virtual time. Reservations, cancels and `allow` agree with Go's limiter (go-limiter.ts). With
 * waits, given up or not, the rate holds: whoever acts at the promised time, no more tokens are used in any window than the burst and
 * the tokens of that window.
 */
import { after, go, rateLimiter, select, sleep, type Reservation } from 'millrace'
import { bubble } from 'millrace/testing'
import { it } from 'vitest'
import { GoLimiter, type GoReservation } from './go-limiter.js'
import { Random } from '../../src/runtime/base/random.js'

const PROGRAMS = 800
const EPSILON = 1e-6

interface Act {
  readonly at: number
  readonly n: number
}

it('reserves, allows and cancels as Go does', async () => {
  for (let seed = 1; seed <= PROGRAMS; seed++) await bubble(() => againstGo(new Random(seed), seed))
})

function* againstGo(random: Random, seed: number): Generator<never, void> {
  const [rate, burst] = [[10, 100, 1, 1000 / 3][random.below(4)], 1 + random.below(6)]
  let now = 0
  const [limiter, oracle] = [rateLimiter(rate, burst), new GoLimiter(rate, burst)]
  const made: [Reservation, GoReservation][] = []
  const log: string[] = [`seed ${seed}: rateLimiter(${rate}, ${burst})`]
  const same = (what: string, got: number, expected: number): void => {
    if (got !== expected && !(Math.abs(got - expected) < EPSILON))
      throw new Error(`${log.join('; ')}: ${what} is ${got}, in Go ${expected}`)
  }
  for (let step = 0; step < 12; step++) {
    const n = 1 + random.below(burst)
    switch (random.below(5)) {
      case 0: {
        const ms = random.below(4) * (500 / rate)
        log.push(`sleep ${ms}`)
        yield* sleep(ms)
        now += ms
        break
      }
      case 1:
      case 2: {
        const longest = random.below(4) === 0 ? 1500 / rate : Infinity
        const [ours, theirs] = [limiter.reserve(n, longest), oracle.reserveN(now, n, longest)]
        log.push(`reserve ${n} within ${longest}: at ${theirs.timeToAct}`)
        same('ok', Number(ours.ok), Number(theirs.ok))
        if (ours.ok) same('the delay', ours.delay(), theirs.timeToAct - now)
        made.push([ours, theirs])
        break
      }
      case 3: {
        const [pair] = made.length === 0 ? [] : made.splice(random.below(made.length), 1)
        if (pair === undefined) break
        log.push(`cancel the one at ${pair[1].timeToAct}`)
        pair[0].cancel()
        oracle.cancelAt(pair[1], now)
        break
      }
      default:
        log.push(`allow ${n}`)
        same('allow', Number(limiter.allow(n)), Number(oracle.reserveN(now, n, 0).ok))
    }
    same('the number of tokens', limiter.tokens(), oracle.tokensAt(now))
  }
}

it('keeps the rate whoever waits, reserves, cancels and gives up', async () => {
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const random = new Random(seed)
    const [rate, burst] = [[10, 100, 1][random.below(3)], 1 + random.below(4)]
    const { acts, log } = await bubble(({ now }) => actsOf(random, rateLimiter(rate, burst), { rate, burst, now }))
    checkRate(acts, { rate, burst }, `seed ${seed}: rateLimiter(${rate}, ${burst}); ${log.join('; ')}`)
  }
})

function* actsOf(
  random: Random,
  limiter: ReturnType<typeof rateLimiter>,
  { rate, burst, now }: { rate: number; burst: number; now: () => number },
): Generator<never, { acts: Act[]; log: string[] }> {
  const acts: Act[] = []
  const log: string[] = []
  const start = now()
  const act = (n: number): void => void acts.push({ at: now() - start, n })
  const parties = Array.from({ length: 8 }, (_, i) => {
    const [n, begin, leave, kind] = [
      1 + random.below(burst),
      random.below(6) * (250 / rate),
      random.below(8) * (400 / rate),
      random.below(4),
    ]
    log.push(`${['waits', 'waits and gives up', 'reserves', 'reserves and cancels'][kind]}: ${n} at ${begin}, leaves after ${leave}`)
    return go.named(`party ${i}`, function* () {
      yield* sleep(begin)
      if (kind < 2) {
        const { case: name } = yield* select({ wait: limiter.wait(n), left: kind === 1 && after(leave) })
        if (name === 'wait') act(n)
        return
      }
      const reservation = limiter.reserve(n)
      if (kind === 3 && reservation.delay() > leave) {
        yield* sleep(leave)
        reservation.cancel()
        return
      }
      yield* sleep(reservation.delay())
      act(n)
    })
  })
  for (const party of parties) yield* party.join()
  return { acts, log }
}

function checkRate(acts: readonly Act[], { rate, burst }: { rate: number; burst: number }, program: string): void {
  for (const [i, first] of acts.entries()) {
    let used = 0
    for (const { at, n } of acts.slice(i)) {
      used += n
      if (used > burst + ((at - first.at) * rate) / 1000 + EPSILON)
        throw new Error(`${program}: ${used} tokens are used from ${first.at} to ${at} ms: ${JSON.stringify(acts)}`)
    }
  }
}
