import { none, some } from 'fp-ts/lib/Option.js'
import { afterFunc, background, chan, go, onCrash, sleep, trySelect, withCancel, withTimeout, type CancelContext } from 'millrace'
import { describe, expect, it } from 'vitest'
import { kinds } from '../support/function-kinds.js'
import { settle } from '../support/settle.js'
import { few, survivorsOf } from '../support/survivors.js'
import { virtualTime } from '../support/virtual-time.js'
import { canceled, stateOf } from './context-state.js'
import { wrapped } from './user-contexts.js'

const tooSlow = new Error('too slow')

describe.each(kinds)('afterFunc with a function that is $kind', ({ of }) => {
  it('CX-024 runs it once after the end, never inline; stop then returns false', async () => {
    const ctx = withCancel(background)
    let calls = 0
    const stop = afterFunc(
      ctx,
      of(() => void calls++),
    )
    await settle()
    expect(calls).toBe(0)
    ctx.cancel()
    expect(calls).toBe(0)
    expect(stop()).toBe(false)
    await settle()
    expect(calls).toBe(1)
    expect(stop()).toBe(false)
    ctx.cancel()
    await settle()
    expect(calls).toBe(1)
  })

  it('CX-024 runs it at the deadline', async () => {
    using clock = virtualTime()
    const ctx = withTimeout(background, 10)
    let calls = 0
    afterFunc(
      ctx,
      of(() => void calls++),
    )
    await clock.advance(9)
    expect(calls).toBe(0)
    await clock.advance(1)
    expect(calls).toBe(1)
  })

  it('CX-025 starts it soon, never inline, when the context has already ended', async () => {
    const ctx = withCancel(background)
    ctx.cancel()
    let calls = 0
    const stop = afterFunc(
      ctx,
      of(() => void calls++),
    )
    expect([calls, stop()]).toEqual([0, false])
    await settle()
    expect([calls, stop()]).toEqual([1, false])
  })

  it('CX-026 never runs it after a stop in time; a second stop returns false', async () => {
    const ctx = withCancel(background)
    const stop = afterFunc(
      ctx,
      of(() => expect.unreachable('it was stopped')),
    )
    expect([stop(), stop()]).toEqual([true, false])
    ctx.cancel()
    await settle()
    expect(stop()).toBe(false)
  })
})

describe('afterFunc', () => {
  it('runs each function in its own goroutine, so a function that waits blocks no other', async () => {
    using clock = virtualTime()
    const ctx = withCancel(background)
    const order: string[] = []
    afterFunc(ctx, function* () {
      order.push('slow starts')
      yield* sleep(1000)
      order.push('slow ends')
    })
    afterFunc(ctx, () => order.push('quick'))
    ctx.cancel()
    await settle()
    expect(order).toEqual(['slow starts', 'quick'])
    await clock.advance(1000)
    expect(order).toEqual(['slow starts', 'quick', 'slow ends'])
  })

  it('never runs its function when the context never ends, and can be stopped', async () => {
    const stop = afterFunc(background, () => expect.unreachable('background has ended'))
    await settle()
    expect([stop(), stop()]).toEqual([true, false])
  })

  it('a function that throws is a crash', async () => {
    const crashes: unknown[] = []
    const off = onCrash((error) => crashes.push(error))
    const ctx = withCancel(background)
    const cause = new Error('boom')
    afterFunc(ctx, () => {
      throw cause
    })
    ctx.cancel()
    await settle()
    off()
    expect(crashes).toEqual([cause])
  })

  it.each([
    ['ours', (ctx: ReturnType<typeof withCancel>) => ctx],
    ['the user’s own', wrapped],
  ])('CX-031 stopped 1,000 times, leaves nothing on a context of %s', async (_, of) => {
    const ctx = of(withCancel(background))
    const survivors = await survivorsOf(1000, () => {
      const held = { held: true }
      expect(afterFunc(ctx, () => held)()).toBe(true)
      return held
    })
    expect(survivors).toBeLessThan(few())
    expect(ctx.err()._tag).toBe('None')
  })

  it('CX-031 leaves nothing on its context after it has run', async () => {
    const root = withCancel(background)
    const survivors = await survivorsOf(1000, () => {
      const held = { held: true }
      const ctx = withCancel(root)
      afterFunc(ctx, () => void held)
      ctx.cancel()
      return held
    })
    expect(survivors).toBeLessThan(few())
  })

  it('may start a function that waits for the same context', async () => {
    const ctx = withCancel(background)
    const ran = chan<string>(2)
    afterFunc(ctx, async () => {
      await ctx.done()
      await ran.send('async')
    })
    afterFunc(ctx, function* () {
      yield* ctx.done()
      yield* ran.send('generator')
    })
    ctx.cancel()
    const both = go(function* () {
      return [yield* ran.receive(), yield* ran.receive()]
    })
    const values = (await both.join()).map((message) => (message._tag === 'Some' ? message.value : null))
    expect(values.sort()).toEqual(['async', 'generator'])
  })
})

describe('a context merged of two', () => {
  /** Go's example: ends with the first, and takes the cause of the second. */
  function merged(first: CancelContext, second: CancelContext): { ctx: CancelContext; stop: () => boolean } {
    const ctx = withCancel(first)
    return { ctx, stop: afterFunc(second, () => ctx.cancel(second.cause())) }
  }

  it('CX-045 ends with the cause of the one that ends first', async () => {
    for (const which of [0, 1]) {
      const sources = [withCancel(background), withCancel(background)]
      const { ctx, stop } = merged(sources[0], sources[1])
      sources[which].cancel(tooSlow)
      await settle()
      expect(stateOf(ctx)).toEqual(canceled(which === 0 ? tooSlow : some(tooSlow)))
      expect(stop()).toBe(which === 0)
    }
  })

  it('CX-045 stop detaches it from the second context', async () => {
    const [first, second] = [withCancel(background), withCancel(background)]
    const { ctx, stop } = merged(first, second)
    expect(stop()).toBe(true)
    second.cancel()
    await settle()
    expect(trySelect({ end: ctx.done() })).toEqual(none)
  })
})
