/** Contexts that a user implements, alone and in the middle of a chain. */
import { none, some } from 'fp-ts/lib/Option.js'
import {
  afterFunc,
  background,
  chan,
  contextKey,
  go,
  never,
  withCancel,
  withDeadline,
  withTimeout,
  withValue,
  type CancelContext,
  type Context,
} from 'millrace'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { nobody, waitersOf } from '../support/waiters.js'
import { canceled, live, stateOf, timedOut } from './context-state.js'
import { OwnContext, wrapped } from './user-contexts.js'

const cause = new Error('because')

/** The ways to derive a context whose end follows its parent's. */
const derivations: Record<string, (parent: Context) => CancelContext> = {
  withCancel,
  withTimeout: (parent) => withTimeout(parent, 1000),
  'withCancel under a value': (parent) => withCancel(withValue(parent, contextKey('k'), 1)),
  'withCancel of a withCancel': (parent) => withCancel(withCancel(parent)),
}

describe.each(Object.keys(derivations))('%s of a context of the user’s own', (kind) => {
  const derive = derivations[kind]

  it("ends in the same turn as the user's context, with its error and its cause", () => {
    using clock = virtualTime()
    const own = new OwnContext()
    const child = derive(own)
    expect(stateOf(child)).toEqual(live)
    own.end(cause)
    expect(stateOf(child)).toEqual({ done: true, err: cause, cause })
    expect(clock.waiting).toBe(0)
  })

  it("ends at once when a canceled Millrace context is behind the user's context", () => {
    using _clock = virtualTime()
    const outer = withCancel(background)
    const child = derive(wrapped(withValue(outer, contextKey('k'), 1)))
    outer.cancel(cause)
    expect(stateOf(child)).toEqual(canceled(cause))
  })

  it("has ended from the start when the user's context has ended", () => {
    using clock = virtualTime()
    const own = new OwnContext()
    own.end(cause)
    expect(stateOf(derive(own))).toEqual({ done: true, err: cause, cause })
    expect(clock.waiting).toBe(0)
  })

  it('leaves no waiter behind when it ends first, however it ends', async () => {
    using clock = virtualTime()
    const own = new OwnContext()
    const [byCancel, byTime] = [derive(own), withTimeout(wrapped(own), 10)]
    expect(waitersOf(own.ended).receivers).toBe(2)
    byCancel.cancel()
    if (kind === 'withCancel of a withCancel') own.end(cause) // the context in between is still live
    await clock.advance(10)
    expect(waitersOf(own.ended)).toEqual(nobody)
    if (kind !== 'withCancel of a withCancel') expect([own, byCancel, byTime].map(stateOf)).toEqual([live, canceled(), timedOut()])
  })
})

describe('a context of the user’s own', () => {
  it('can end a wait', async () => {
    const own = new OwnContext()
    const ch = chan<number>()
    const result = go(function* () {
      return yield* ch.receive().within(own).attempt()
    })
    await settle()
    own.end(cause)
    expect(await result.join()).toMatchObject({ left: cause })
    expect([waitersOf(ch), waitersOf(own.ended)]).toEqual([nobody, nobody])
  })

  it('works with afterFunc, whose stop removes the waiter', async () => {
    const [own, stopped] = [new OwnContext(), new OwnContext()]
    let calls = 0
    afterFunc(own, () => calls++)
    const stop = afterFunc(stopped, () => expect.unreachable('it was stopped'))
    expect(stop()).toBe(true)
    expect(waitersOf(stopped.ended)).toEqual(nobody)
    own.end(cause)
    stopped.end(cause)
    await settle()
    expect(calls).toBe(1)
  })

  it('passes its values and deadline to derived contexts, and may hide others', () => {
    using clock = virtualTime()
    const [shown, hidden] = [contextKey<string>('shown'), contextKey<string>('hidden')]
    const outer = withDeadline(withValue(withValue(background, shown, 'v'), hidden, 'secret'), clock.now() + 1000)
    const own = wrapped(outer, {
      value: (key) => (key.name === 'hidden' ? none : outer.value(key)),
      deadline: () => some(clock.now() + 500),
    })
    const child = withTimeout(withCancel(own), 2000)
    expect([child.value(shown), child.value(hidden)]).toEqual([some('v'), none])
    expect(child.deadline()).toEqual(some(clock.now() + 500))
    outer.cancel()
  })

  it('its error and cause become those of its children', () => {
    const outer = withCancel(background)
    const error = new Error('my error')
    const own = wrapped(outer, { err: () => (outer.err()._tag === 'Some' ? some(error) : none), cause: () => some('my cause') })
    const child = withCancel(own)
    outer.cancel(cause)
    expect(stateOf(child)).toEqual({ done: true, err: error, cause: 'my cause' })
  })

  it('may occur 500 times in a chain', () => {
    const root = withCancel(background)
    let ctx: Context = root
    for (let i = 0; i < 500; i++) ctx = withCancel(wrapped(ctx))
    root.cancel(cause)
    expect(stateOf(ctx)).toEqual(canceled(cause))
  })

  it('an error thrown by its methods at its end is the cause of the contexts derived from it, and does not keep timers from firing', async () => {
    using clock = virtualTime()
    const outer = withTimeout(background, 10)
    let asked = 0
    const child = withCancel(
      wrapped(outer, {
        err: () => {
          if (asked++ > 0 && outer.err()._tag === 'Some') throw cause
          return none
        },
      }),
    )
    const later = withTimeout(background, 10)
    await clock.advance(10)
    expect(stateOf(later)).toEqual(timedOut())
    expect(stateOf(child)).toMatchObject({ done: true, cause })
  })

  it('one that never ends behaves as background does', () => {
    const ctx = withCancel(wrapped(background, { done: () => never() }))
    ctx.cancel(cause)
    expect(stateOf(ctx)).toEqual(canceled(cause))
  })
})
