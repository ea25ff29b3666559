import { none, some } from 'fp-ts/lib/Option.js'
import {
  background,
  CanceledError,
  chan,
  contextKey,
  DeadlineExceededError,
  go,
  gosched,
  todo,
  trySelect,
  withCancel,
  withDeadline,
  withTimeout,
  withValue,
  withoutCancel,
  type Context,
} from 'millrace'
import { describe, expect, it } from 'vitest'
import { performed, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { canceled, canceledError, live, stateOf } from './context-state.js'
import { wrapped } from './user-contexts.js'

const key = contextKey<string>('key')
const cause = new Error('because')

describe('background and todo', () => {
  it.each([
    ['context.Background', background],
    ['context.TODO', todo],
  ])('CX-001 %s is never done and has no error, cause, deadline or value', async (text, ctx) => {
    expect(stateOf(ctx)).toEqual(live)
    expect(ctx.deadline()).toEqual(none)
    expect(ctx.value(key)).toEqual(none)
    expect(ctx.signal.aborted).toBe(false)
    expect(String(ctx)).toBe(text)
    const done = performed(ctx.done())
    await settle()
    expect(done.now).toEqual(waiting)
    done.leave()
  })
})

describe('withCancel', () => {
  it('CX-002 ends before cancel returns, for itself, for a wrapper and for a child of the wrapper', () => {
    const ctx = withCancel(background)
    const outer = wrapped(ctx)
    const child = withCancel(outer)
    expect(String(ctx)).toBe('context.Background.WithCancel')
    expect([ctx, outer, child].map(stateOf)).toEqual([live, live, live])
    ctx.cancel()
    expect([ctx, outer, child].map(stateOf)).toEqual([canceled(), canceled(), canceled()])
  })

  it('CX-004 ends all that is derived from it at once, and what is derived later is born ended', () => {
    const parent = withCancel(background)
    const child = withCancel(parent)
    const valued = withValue(parent, key, 'v')
    const timed = withTimeout(valued, 3_600_000)
    parent.cancel()
    const late = withValue(parent, key, 'late')
    expect([parent, child, valued, timed, late].map(stateOf)).toEqual(Array(5).fill(canceled()))
    expect(stateOf(withCancel(late))).toEqual(canceled())
  })

  it('CX-005 leaves its parent alone when it ends first', () => {
    const parent = withCancel(background)
    const [first, second] = [withCancel(parent), withCancel(parent)]
    first.cancel()
    expect([parent, first, second].map(stateOf)).toEqual([live, canceled(), live])
    parent.cancel()
    expect(stateOf(second)).toEqual(canceled())
  })

  it('CX-012 ends when 100 contexts of a tree are canceled in random order by 100 goroutines', async () => {
    const all = [withCancel(background)]
    while (all.length < 100) all.push(withCancel(all[(all.length * 7919) % all.length]))
    const dones = all.map((ctx) => go(() => ctx.done()))
    const cancels = all.map((_, i) =>
      go(function* () {
        for (let turn = 0; turn < (i * 37) % 100; turn++) yield* gosched()
        all[(i * 61) % 100].cancel()
      }),
    )
    for (const goroutine of [...dones, ...cancels]) await goroutine.join()
    expect(all.map(stateOf)).toEqual(all.map(() => canceled()))
  })

  it('CX-013 meets a cancel of its parent that makes a goroutine cancel it too, without a collision', async () => {
    const parent = withCancel(background)
    const child = withCancel(parent)
    const canceler = go(function* () {
      yield* parent.done()
      child.cancel('too late')
    })
    await settle()
    parent.cancel(cause)
    await canceler.join()
    expect(stateOf(child)).toEqual(canceled(cause))
  })

  it('CX-035 of a context that has ended is born ended, with its cause', () => {
    const parent = withCancel(background)
    parent.cancel(cause)
    expect(stateOf(withCancel(parent))).toEqual(canceled(cause))
    expect(stateOf(withCancel(withValue(wrapped(parent), key, 'v')))).toEqual(canceled(cause))
  })

  it('CX-037 a second cancel changes neither error nor cause', () => {
    const ctx = withCancel(background)
    ctx.cancel(cause)
    const error = ctx.err()
    ctx.cancel('again')
    ctx.cancel()
    expect(stateOf(ctx)).toEqual(canceled(cause))
    expect(ctx.err()).toEqual(error)
  })

  it('is Disposable: `using` ends it with its block', () => {
    let escaped: Context
    {
      using ctx = withCancel(background)
      escaped = ctx
      expect(stateOf(ctx)).toEqual(live)
    }
    expect(stateOf(escaped)).toEqual(canceled())
  })
})

describe('the end of a context', () => {
  it('CX-003 has the texts of Go, and a deadline says that it is a timeout', () => {
    expect(new CanceledError().message).toBe('context canceled')
    expect(new DeadlineExceededError().message).toBe('context deadline exceeded')
    expect(new DeadlineExceededError().timeout).toBe(true)
    const [canceledOne, timed] = [withCancel(background), withTimeout(background, 0)]
    canceledOne.cancel()
    expect(canceledOne.err()).toMatchObject({ value: expect.any(CanceledError) as unknown })
    expect(timed.err()).toMatchObject({ value: expect.any(DeadlineExceededError) as unknown })
  })

  it('CX-015 with a cause reports it, without one the error itself, and none while it has not ended', () => {
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

  it.each([0, '', false])('takes %j as the cause it is', (value) => {
    const ctx = withCancel(background)
    ctx.cancel(value)
    expect(ctx.cause()).toEqual(some(value))
  })

  it('CX-032 polled, its cause is none and then exactly the one given', async () => {
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

  it('CX-041 changes done and err together, and done answers the same operation each time', () => {
    const ctx = withCancel(background)
    const child = withValue(withCancel(ctx), key, 'v')
    expect(ctx.done()).toBe(ctx.done())
    expect(child.done()).toBe(child.done())
    const done = child.done()
    ctx.cancel()
    expect(child.done()).toBe(done)
    // Both, in the same turn; never one without the other.
    expect([ctx, child].map(stateOf)).toEqual([canceled(), canceled()])
  })

  it('is there for the whole tree before anybody is told of it', async () => {
    const parent = withCancel(background)
    const children = [withCancel(parent), withCancel(parent)]
    const grandchild = withTimeout(children[1], 1000)
    const all = [parent, ...children, grandchild]
    const seen: unknown[] = []
    for (const ctx of all) ctx.signal.addEventListener('abort', () => seen.push(all.map(stateOf)))
    parent.cancel(cause)
    expect(seen).toEqual(all.map(() => all.map(() => canceled(cause))))
  })

  it('wakes those who wait for it, and they see it', async () => {
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

  it('wins over an operation that is ready, which it leaves untouched', async () => {
    const ctx = withCancel(background)
    ctx.cancel(cause)
    const ch = chan<number>(1)
    ch.trySend(1)
    expect(await ch.receive().within(ctx).attempt()).toMatchObject({ left: cause })
    expect(ch.size).toBe(1)
  })
})

describe('withValue', () => {
  it('CX-009 is looked up outward, by the identity of its key, through everything that is derived', () => {
    const [k1, k1Too, k2] = [contextKey<string>('k1'), contextKey<string>('k1'), contextKey<undefined | string>('k2')]
    const outer = withValue(background, k1, 'outer')
    const middle = withCancel(withValue(wrapped(outer), k2, 'hidden'))
    const inner = withTimeout(withValue(withValue(middle, k2, undefined), k1Too, 'another key'), 1000)
    expect(inner.value(k1)).toEqual(some('outer'))
    expect(inner.value(k1Too)).toEqual(some('another key'))
    expect(inner.value(k2)).toEqual(some(undefined))
    expect(middle.value(k2)).toEqual(some('hidden'))
    expect(middle.value(k1Too)).toEqual(none)
    expect(withValue(inner, k1, 'inner').value(k1)).toEqual(some('inner'))
    expect(String(outer)).toBe('context.Background.WithValue(k1)')
    inner.cancel()
  })

  it('CX-014 keeps its values in 32 random layers, before and after the end, and ends with any layer under it', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      using clock = virtualTime()
      const draw = drawing(seed)
      let ctx: Context = background
      const values: [ReturnType<typeof contextKey<number>>, number][] = []
      const layers = []
      for (let i = 0; i < 32; i++) {
        const kind = draw(3)
        if (kind === 0) {
          values.push([contextKey(`v${i}`), i])
          ctx = withValue(ctx, ...values[values.length - 1])
        } else {
          const layer = kind === 1 ? withCancel(ctx) : withTimeout(ctx, 1000 + draw(1000))
          layers.push(layer)
          ctx = layer
        }
      }
      const check = () => expect(values.map(([k]) => ctx.value(k))).toEqual(values.map(([, v]) => some(v)))
      check()
      expect(stateOf(ctx)).toEqual(live)
      if (seed % 2 === 0) layers[draw(layers.length)].cancel()
      else await clock.advance(2000)
      expect(stateOf(ctx).done).toBe(true)
      check()
      layers[0].cancel()
      expect(clock.waiting).toBe(0)
    }
  })
})

describe('withoutCancel', () => {
  it('CX-021 keeps the values and drops deadline, end and signal', () => {
    const parent = withTimeout(withValue(background, key, 'v'), 1000)
    const ctx = withoutCancel(parent)
    parent.cancel()
    expect(stateOf(ctx)).toEqual(live)
    expect(ctx.deadline()).toEqual(none)
    expect(ctx.signal.aborted).toBe(false)
    expect(ctx.value(key)).toEqual(some('v'))
    expect(String(ctx)).toMatch(/\.WithoutCancel$/)
    const child = withCancel(ctx)
    expect(stateOf(child)).toEqual(live)
    expect(child.value(key)).toEqual(some('v'))
    child.cancel()
    expect([ctx, child].map(stateOf)).toEqual([live, canceled()])
  })
})

it('a deadline of the parent is the one of all that is derived, also past a cancel', () => {
  const at = Date.now() + 10_000
  using parent = withDeadline(background, at)
  expect(withValue(withCancel(parent), key, 'v').deadline()).toEqual(some(at))
  expect(trySelect({ done: parent.done() })).toEqual(none)
})

function drawing(seed: number): (n: number) => number {
  let state = seed
  return (n) => (state = (state * 48271) % 2147483647) % n
}
