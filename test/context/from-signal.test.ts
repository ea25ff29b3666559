import { afterFunc, chan, contextKey, fromSignal, go, withCancel, withValue, type CancelContext } from 'millrace'
import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { performed, thrown } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { few, survivorsOf } from '../support/survivors.js'
import { canceled, live, stateOf } from './context-state.js'

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

  it("an abort without a reason has the platform's reason as its cause", () => {
    const ctx = fromSignal(AbortSignal.abort())
    expect(ctx.cause()).toMatchObject({ value: { name: 'AbortError' } })
  })

  it('CX-044 any number of contexts of one signal share one listener, which goes when all have ended', () => {
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

  it('canceling one context of a signal leaves the others alone', () => {
    const controller = new AbortController()
    const [one, other] = [fromSignal(controller.signal), fromSignal(controller.signal)]
    one.cancel()
    expect([one, other].map(stateOf)).toEqual([canceled(), live])
    controller.abort(cause)
    expect([one, other].map(stateOf)).toEqual([canceled(), canceled(cause)])
    expect(listenersOf(controller.signal)).toBe(0)
  })

  it('works again for a signal whose earlier contexts have all ended', () => {
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
  it.each(Object.keys(uses))('leaves nothing on a long-lived signal for contexts that %s', async (kind) => {
    const { signal } = new AbortController()
    const survivors = await survivorsOf(1000, () => {
      const ctx = fromSignal(signal)
      uses[kind](ctx)
      return ctx
    })
    expect(survivors).toBeLessThan(few())
  })
})
