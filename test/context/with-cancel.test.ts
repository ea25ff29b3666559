import { background, CanceledError, contextKey, go, gosched, withCancel, withTimeout, withValue, type Context } from 'millrace'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { canceled, live, stateOf } from './context-state.js'
import { wrapped } from './user-contexts.js'

const key = contextKey<string>('key')
const cause = new Error('because')

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

  it('CX-004 ends every derived context at once, and a context derived later has ended from the start', () => {
    const parent = withCancel(background)
    const child = withCancel(parent)
    const valued = withValue(parent, key, 'v')
    const timed = withTimeout(valued, 3_600_000)
    parent.cancel()
    const late = withValue(parent, key, 'late')
    expect([parent, child, valued, timed, late].map(stateOf)).toEqual(Array(5).fill(canceled()))
    expect(stateOf(withCancel(late))).toEqual(canceled())
  })

  it('has one error of its own, whoever asks first, and however often', () => {
    const asked: readonly ((ctx: ReturnType<typeof withCancel>) => unknown)[] = [
      (ctx) => (ctx.err() as { readonly value?: unknown }).value,
      (ctx) => (ctx.cause() as { readonly value?: unknown }).value,
      (ctx) => ctx.signal.reason as unknown,
      (ctx) => (withCancel(ctx).err() as { readonly value?: unknown }).value,
    ]
    const errors = new Set<unknown>()
    for (const first of asked) {
      const ctx = withCancel(background)
      ctx.cancel()
      const error = first(ctx)
      expect(error).toBeInstanceOf(CanceledError)
      for (const ask of asked) expect(ask(ctx)).toBe(error)
      errors.add(error)
    }
    expect(errors.size).toBe(asked.length)
  })

  it('has one error with its children and its signal, and no other context has that', () => {
    const ends = Array.from({ length: 2 }, () => {
      const ctx = withCancel(background)
      const [child, { signal }] = [withCancel(ctx), withCancel(ctx)]
      const own = withCancel(background)
      const reasons = [own.signal, signal]
      ctx.cancel()
      own.cancel()
      const value = (option: unknown) => (option as { readonly value: unknown }).value
      expect(reasons[1].reason).toBe(value(ctx.err()))
      expect(value(child.cause())).toBe(value(ctx.err()))
      expect(reasons[0].reason).toBe(value(own.err()))
      return [value(ctx.err()), value(own.err())]
    }).flat()
    expect(new Set(ends).size).toBe(4)
  })

  it('CX-005 ending first leaves its parent alone', () => {
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

  it("CX-013 may be canceled again by a goroutine that its parent's cancel wakes", async () => {
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

  it('CX-035 derived from an ended context, has ended from the start with the same cause', () => {
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
