/** Time, contexts and channels: nothing early, nothing twice, no value lost. */
import { perform, performBounded } from './ways.js'
import type { MakeInstrument } from './world.js'

const PER_MS = 1

export const rateLimiter: MakeInstrument = (w) => {
  const BURST = 2
  const limiter = w.lib.rateLimiter(PER_MS * 1000, BURST)
  let taken = 0
  const takes = (n: number): void => {
    taken += n
    w.check(taken <= BURST + w.now() * PER_MS, `rateLimiter: ${taken} tokens in ${w.now()} ms`)
  }
  return {
    *use() {
      const n = 1 + w.choose(BURST)
      switch (w.choose(4)) {
        case 1:
          if (limiter.allow(n)) takes(n)
          return
        case 2: {
          const reserved = limiter.reserve(n)
          let isUsed = false
          try {
            yield* w.pause()
            if (w.choose(2) === 0 && reserved.delay() === 0) {
              isUsed = true
              takes(n)
            }
          } finally {
            if (!isUsed) reserved.cancel()
          }
          return
        }
        default:
          yield* perform(w, limiter.wait(n))
          takes(n)
      }
    },
    *atRest() {
      yield* w.lib.sleep(100)
      w.check(limiter.tokens() === BURST, `rateLimiter: ${limiter.tokens()} tokens at rest`)
      w.check(limiter.allow(BURST) && !limiter.allow(), 'rateLimiter: not just the burst can be taken')
    },
  }
}

export const timers: MakeInstrument = (w) => ({
  *use() {
    const start = w.now()
    const ms = 1 + w.choose(3)
    const isDue = (what: string): void => w.check(w.now() >= start + ms, `${what}: ${w.now() - start} ms of ${ms} have passed`)
    switch (w.choose(4)) {
      case 1: {
        const timer = w.lib.newTimer(ms)
        try {
          yield* perform(w, timer.fired())
          isDue('newTimer')
        } finally {
          timer.stop()
        }
        return
      }
      case 2: {
        const beat = w.lib.ticker(ms)
        try {
          for (let tick = 1; tick <= 2; tick++) {
            yield* perform(w, beat.receive())
            isDue('ticker')
          }
          w.check(w.now() >= start + 2 * ms, 'ticker: the second tick is early')
        } finally {
          beat.stop()
        }
        return
      }
      case 3:
        yield* perform(w, w.lib.after(ms))
        return isDue('after')
      default:
        yield* perform(w, w.lib.sleep(ms))
        isDue('sleep')
    }
  },
})

export const contexts: MakeInstrument = (w) => ({
  *use() {
    const ms = [1, 2, 3, 100][w.choose(4)] // a timer of 100 ms that is left is found at the end
    const start = w.now()
    const outer = w.lib.withTimeout(w.ctx, ms)
    const inner = w.lib.withCancel(outer)
    let calls = 0
    const stop = w.lib.afterFunc(inner, () => void calls++)
    try {
      yield* perform(w, w.choose(2) === 0 ? inner.done() : outer.done())
      w.check(inner.err()._tag === 'Some' && outer.err()._tag === 'Some', 'contexts: done, and no error')
      w.check(w.ctx.err()._tag === 'Some' || w.now() >= start + ms, `contexts: a deadline of ${ms} ms ends after ${w.now() - start}`)
    } finally {
      const wasStopped = stop()
      const before = calls
      if (wasStopped) w.check(calls === 0, 'afterFunc: stopped, and called')
      outer.cancel(w.stop)
      w.check(inner.err()._tag === 'Some', 'contexts: a child outlives its parent')
      if (wasStopped) w.check(calls === before, 'afterFunc: called after the stop')
    }
  },
})

/** What was sent is received once, or is in the buffer at the end. */
export const channels: MakeInstrument = (w) => {
  const { lib } = w
  const ch = lib.chan<number>(w.choose(3))
  const sent = new Set<number>()
  const received = new Set<number>()
  let next = 0
  const take = (value: number): void => {
    w.check(value < next && !received.has(value), `channels: ${value} is received twice, or was never sent`)
    received.add(value)
  }
  return {
    *use() {
      const value = next++
      switch (w.choose(3)) {
        case 1: {
          const got = yield* performBounded(w, ch.receive())
          if (got._tag === 'Some') take(got.value)
          return
        }
        case 2: {
          const chosen = yield* lib.select({ send: ch.send(value), got: ch.receive(), late: lib.sleep(2) })
          if (chosen.case === 'send') sent.add(value)
          else if (chosen.case === 'got' && chosen.value._tag === 'Some') take(chosen.value.value)
          return
        }
        default:
          yield* performBounded(w, ch.send(value))
          sent.add(value)
      }
    },
    *atRest() {
      for (let left = ch.tryReceive(); left._tag === 'Right'; left = ch.tryReceive()) take(left.right)
      for (const value of sent) w.check(received.has(value), `channels: ${value} is lost`)
    },
  }
}
