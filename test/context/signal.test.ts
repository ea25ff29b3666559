import { background, contextKey, fromSignal, todo, withCancel, withoutCancel, withTimeout, withValue, type Context } from 'millrace'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { canceled, deadlineError, stateOf, timedOut } from './context-state.js'
import { wrapped } from './user-contexts.js'

const cause = new Error('because')

describe('the signal of a context', () => {
  it('CX-044 aborts when the context ends, in that turn, with its cause as the reason', () => {
    const ctx = withCancel(background)
    const { signal } = withCancel(ctx)
    expect(signal.aborted).toBe(false)
    ctx.cancel(cause)
    expect([signal.aborted, signal.reason]).toEqual([true, cause])
  })

  it('CX-044 is aborted from the start where the context has ended', () => {
    const ctx = withCancel(background)
    ctx.cancel(cause)
    expect([ctx.signal.aborted, ctx.signal.reason]).toEqual([true, cause])
    expect(() => ctx.signal.throwIfAborted()).toThrow(cause)
  })

  it('has the error as its reason when there is no cause', async () => {
    using clock = virtualTime()
    const [ctx, timed] = [withCancel(background), withTimeout(background, 10)]
    const signals = [ctx.signal, timed.signal]
    ctx.cancel()
    await clock.advance(10)
    expect(signals.map(({ reason }) => reason as unknown)).toEqual([canceled().cause, deadlineError])
    expect(stateOf(timed)).toEqual(timedOut())
  })

  it('is the same object each time, also through value contexts and user contexts', () => {
    const ctx = withCancel(background)
    const derived: Context[] = [ctx, withValue(ctx, contextKey('k'), 1), wrapped(ctx)]
    for (const one of derived) expect(one.signal).toBe(ctx.signal)
    expect(withCancel(ctx).signal).not.toBe(ctx.signal)
  })

  it.each([
    ['background', background],
    ['todo', todo],
    ['withoutCancel', withoutCancel(withTimeout(background, 0))],
  ])('of %s never aborts', (_, ctx) => {
    expect(ctx.signal).toBe(ctx.signal)
    expect(ctx.signal.aborted).toBe(false)
  })

  it('calls its listeners once, after all waiters are settled, and a listener may cancel and derive', async () => {
    const ctx = withCancel(background)
    const child = withCancel(ctx)
    const seen: unknown[] = []
    ctx.signal.addEventListener('abort', () => {
      ctx.cancel('again')
      seen.push(stateOf(child), stateOf(withTimeout(ctx, 1000)))
    })
    ctx.cancel(cause)
    await settle()
    expect(seen).toEqual([canceled(cause), canceled(cause)])
  })

  it('a context made of the signal of a context ends with it', () => {
    const ctx = withCancel(background)
    const round = fromSignal(fromSignal(ctx.signal).signal)
    ctx.cancel(cause)
    expect(stateOf(round)).toEqual(canceled(cause))
  })
})
