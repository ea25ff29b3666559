import { getEventListeners } from 'node:events'
import {
  afterFunc,
  background,
  chan,
  contextKey,
  fromSignal,
  go,
  todo,
  withCancel,
  withoutCancel,
  withTimeout,
  withValue,
  type CancelContext,
  type Context,
} from 'millrace'
import { describe, expect, it } from 'vitest'
import { performed, thrown } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { survivorsOf } from '../support/survivors.js'
import { canceled, deadlineError, live, stateOf, timedOut } from './context-state.js'
import { wrapped } from './user-contexts.js'

const cause = new Error('because')
const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

describe('fromSignal', () => {
  it('CX-044 ends when the signal aborts, in that turn, with its reason as the cause', () => {
    const controller = new AbortController()
    const ctx = fromSignal(controller.signal)
    const child = withCancel(withValue(ctx, contextKey('k'), 1))
    expect([ctx, child].map(stateOf)).toEqual([live, live])
    controller.abort(cause)
    expect([ctx, child].map(stateOf)).toEqual([canceled(cause), canceled(cause)])
  })

  it.each([
    ['null', null],
    ['an Error', cause],
    ['a text', 'enough'],
  ])('CX-044 of a signal that was aborted with %s has ended on return', (_, reason) => {
    const signal = AbortSignal.abort(reason)
    expect(stateOf(fromSignal(signal))).toEqual({ ...canceled(reason) })
    expect(listenersOf(signal)).toBe(0)
  })

  it('without a reason takes the one of the platform', () => {
    const ctx = fromSignal(AbortSignal.abort())
    expect(ctx.cause()).toMatchObject({ value: { name: 'AbortError' } })
  })

  it('CX-044 hangs one listener on a signal, however many are made of it, and none once all have ended', () => {
    const { signal } = new AbortController()
    const all = Array.from({ length: 100 }, () => fromSignal(signal))
    expect(listenersOf(signal)).toBe(1)
    const [last, ...others] = all
    for (const ctx of others) ctx.cancel()
    expect(listenersOf(signal)).toBe(1)
    last.cancel(cause)
    expect(listenersOf(signal)).toBe(0)
    expect(all.map(stateOf)).toEqual([canceled(cause), ...others.map(() => canceled())])
    expect(signal.aborted).toBe(false)

    const again = fromSignal(signal)
    expect(listenersOf(signal)).toBe(1)
    again.cancel()
    expect(listenersOf(signal)).toBe(0)
  })

  it('is canceled on its own, without the others of its signal', () => {
    const controller = new AbortController()
    const [one, other] = [fromSignal(controller.signal), fromSignal(controller.signal)]
    one.cancel()
    expect([one, other].map(stateOf)).toEqual([canceled(), live])
    controller.abort(cause)
    expect([one, other].map(stateOf)).toEqual([canceled(), canceled(cause)])
    expect(listenersOf(controller.signal)).toBe(0)
  })

  it('works for all that are made of a signal again after all had ended', () => {
    const controller = new AbortController()
    fromSignal(controller.signal).cancel()
    const again = fromSignal(controller.signal)
    controller.abort(cause)
    expect(stateOf(again)).toEqual(canceled(cause))
  })

  it('ends a wait', async () => {
    const controller = new AbortController()
    const receive = performed(chan<number>().receive().within(fromSignal(controller.signal)))
    await settle()
    controller.abort(cause)
    await settle()
    expect(receive.now).toEqual(thrown(cause))
  })

  const uses: Record<string, (ctx: CancelContext) => unknown> = {
    'were canceled': (ctx) => ctx.cancel(),
    'were canceled while somebody waited': (ctx) => {
      go(() => ctx.done())
      ctx.cancel()
    },
    'nobody watches': (ctx) => ctx.err(),
    'nobody watches since their children have ended': (ctx) => withCancel(ctx).cancel(),
    'nobody watches since the wait is over': (ctx) => afterFunc(ctx, () => {})(),
  }
  it.each(Object.keys(uses))('of a long-lived signal remembers nothing of those that %s', async (kind) => {
    const { signal } = new AbortController()
    const survivors = await survivorsOf(1000, () => {
      const ctx = fromSignal(signal)
      uses[kind](ctx)
      return ctx
    })
    expect(survivors).toBeLessThan(10)
  })
})

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

  it('has the error as its reason where there is no cause', async () => {
    using clock = virtualTime()
    const [ctx, timed] = [withCancel(background), withTimeout(background, 10)]
    const signals = [ctx.signal, timed.signal]
    ctx.cancel()
    await clock.advance(10)
    expect(signals.map(({ reason }) => reason as unknown)).toEqual([canceled().cause, deadlineError])
    expect(stateOf(timed)).toEqual(timedOut())
  })

  it('is one and the same each time, also through values and contexts of the user’s own', () => {
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

  it('calls its listeners once, after all who wait were told, and a listener may cancel and derive', async () => {
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

  it('goes round: a context of the signal of a context', () => {
    const ctx = withCancel(background)
    const round = fromSignal(fromSignal(ctx.signal).signal)
    ctx.cancel(cause)
    expect(stateOf(round)).toEqual(canceled(cause))
  })
})
