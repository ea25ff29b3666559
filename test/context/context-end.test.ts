import { some } from 'fp-ts/lib/Option.js'
import {
  background,
  CanceledError,
  chan,
  contextKey,
  DeadlineExceededError,
  go,
  gosched,
  withCancel,
  withTimeout,
  withValue,
} from 'millrace'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { canceled, canceledError, live, stateOf } from './context-state.js'

const key = contextKey<string>('key')
const cause = new Error('because')

describe('the end of a context', () => {
  it("CX-003 has Go's error texts, and a deadline error has timeout set", () => {
    expect(new CanceledError().message).toBe('context canceled')
    expect(new DeadlineExceededError().message).toBe('context deadline exceeded')
    expect(new DeadlineExceededError().timeout).toBe(true)
    const [canceledOne, timed] = [withCancel(background), withTimeout(background, 0)]
    canceledOne.cancel()
    expect(canceledOne.err()).toMatchObject({ value: expect.any(CanceledError) as unknown })
    expect(timed.err()).toMatchObject({ value: expect.any(DeadlineExceededError) as unknown })
  })

  it('CX-015 cause() is the given cause, else the error, and None before the end', () => {
    const parent = withCancel(background)
    const child = withCancel(parent)
    expect(stateOf(child)).toEqual(live)
    child.cancel(cause)
    expect([parent, child].map(stateOf)).toEqual([live, canceled(cause)])
    parent.cancel()
    expect([parent, child].map(stateOf)).toEqual([canceled(), canceled(cause)])
    expect(parent.cause()).toEqual(parent.err())
    const nothing = withCancel(background)
    nothing.cancel(null)
    expect(stateOf(nothing)).toEqual(canceled())
  })

  it.each([0, '', false])('accepts %j as a cause', (value) => {
    const ctx = withCancel(background)
    ctx.cancel(value)
    expect(ctx.cause()).toEqual(some(value))
  })

  it('CX-032 a polled cause is None and then exactly the given one', async () => {
    const ctx = withCancel(background)
    const poller = go(function* () {
      const seen = new Set<unknown>()
      for (let i = 0; i < 100; i++) {
        const polled = ctx.cause()
        seen.add(polled._tag === 'None' ? 'none' : polled.value)
        yield* gosched()
      }
      return [...seen]
    })
    go(function* () {
      for (let i = 0; i < 50; i++) yield* gosched()
      ctx.cancel(cause)
    })
    expect(await poller.join()).toEqual(['none', cause])
  })

  it('CX-041 done and err change together, and done returns the same operation each time', () => {
    const ctx = withCancel(background)
    const child = withValue(withCancel(ctx), key, 'v')
    expect(ctx.done()).toBe(ctx.done())
    expect(child.done()).toBe(child.done())
    const done = child.done()
    ctx.cancel()
    expect(child.done()).toBe(done)
    // Both change in the same turn, never one without the other.
    expect([ctx, child].map(stateOf)).toEqual([canceled(), canceled()])
  })

  it('reaches the whole tree before the first listener is called', async () => {
    const parent = withCancel(background)
    const children = [withCancel(parent), withCancel(parent)]
    const grandchild = withTimeout(children[1], 1000)
    const all = [parent, ...children, grandchild]
    const seen: unknown[] = []
    for (const ctx of all) ctx.signal.addEventListener('abort', () => seen.push(all.map(stateOf)))
    parent.cancel(cause)
    expect(seen).toEqual(all.map(() => all.map(() => canceled(cause))))
  })

  it('wakes every waiter, and each sees the context ended', async () => {
    const ctx = withCancel(background)
    const child = withValue(ctx, key, 'v')
    const seen = go(function* () {
      yield* child.done()
      return child.err()
    })
    const within = go(function* () {
      return yield* chan<number>().receive().within(child).attempt()
    })
    await settle()
    ctx.cancel(cause)
    expect(await seen.join()).toEqual(some(canceledError))
    expect(await within.join()).toMatchObject({ left: cause })
  })

  it('wins over a ready operation, which is not performed', async () => {
    const ctx = withCancel(background)
    ctx.cancel(cause)
    const ch = chan<number>(1)
    ch.trySend(1)
    expect(await ch.receive().within(ctx).attempt()).toMatchObject({ left: cause })
    expect(ch.size).toBe(1)
  })
})
