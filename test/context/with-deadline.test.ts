import { none, some } from 'fp-ts/lib/Option.js'
import {
  after,
  afterFunc,
  background,
  contextKey,
  select,
  trySelect,
  withCancel,
  withDeadline,
  withTimeout,
  withValue,
  type CancelContext,
} from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { canceled, deadlineError, live, stateOf, timedOut } from './context-state.js'
import { wrapped } from './user-contexts.js'

const HOUR = 3_600_000
const tooSlow = new Error('too slow')
const never = [-1, 0, -Infinity]

describe('withDeadline', () => {
  it('CX-006 ends at its time, and so do a wrapper and a child with a later deadline', async () => {
    using clock = virtualTime()
    const ctx = withDeadline(background, clock.now() + 10)
    const outer = wrapped(ctx)
    const child = withDeadline(outer, clock.now() + HOUR)
    await clock.advance(9)
    expect([ctx, outer, child].map(stateOf)).toEqual([live, live, live])
    await clock.advance(1)
    expect([ctx, outer, child].map(stateOf)).toEqual([timedOut(), timedOut(), timedOut()])
    expect(clock.waiting).toBe(0)
  })

  it.each(never)('CX-006 that is now or in the past (%d) has ended on return', (ms) => {
    using clock = virtualTime()
    for (const ctx of [withDeadline(background, clock.now() + ms), withTimeout(background, ms)]) expect(stateOf(ctx)).toEqual(timedOut())
    expect(clock.waiting).toBe(0)
  })

  it('that has passed has ended although its timer is late', async () => {
    using clock = virtualTime()
    const ctx = withTimeout(background, 10)
    clock.block(20)
    const child = withTimeout(ctx, 5, tooSlow)
    expect(stateOf(ctx)).toEqual(live)
    await clock.advance(0)
    expect(stateOf(ctx)).toEqual(timedOut())
    expect(stateOf(child)).toEqual(timedOut())
  })

  it('CX-038 of two, the earlier holds, and cancel and value inherit it', () => {
    using clock = virtualTime()
    const at = clock.now()
    const parent = withDeadline(background, at + 1000)
    const [later, earlier] = [withDeadline(parent, at + 2000), withDeadline(parent, at + 500)]
    expect(later.deadline()).toEqual(some(at + 1000))
    expect(earlier.deadline()).toEqual(some(at + 500))
    for (const ctx of [parent, earlier]) {
      const derived = withValue(withCancel(wrapped(ctx)), contextKey('k'), 1)
      expect(derived.deadline()).toEqual(ctx.deadline())
    }
    expect(withDeadline(withDeadline(later, at + 9000), at + 8000).deadline()).toEqual(some(at + 1000))
    expect(withCancel(background).deadline()).toEqual(none)
    parent.cancel()
  })

  it('of Infinity is none: it ends with its parent, and no timer is set', () => {
    using clock = virtualTime()
    const parent = withCancel(background)
    const ctx = withTimeout(parent, Infinity)
    expect([ctx.deadline(), withDeadline(background, Infinity).deadline()]).toEqual([none, none])
    expect(withDeadline(withTimeout(parent, 1000), Infinity).deadline()).toEqual(some(clock.now() + 1000))
    expect(clock.waiting).toBe(1)
    parent.cancel()
    expect(stateOf(ctx)).toEqual(canceled())
    expect(clock.waiting).toBe(0)
  })

  it('that its parent ends before sets no timer of its own', () => {
    using clock = virtualTime()
    using parent = withTimeout(background, 1000)
    const children = Array.from({ length: 100 }, (_, i) => withTimeout(withCancel(parent), 1000 + i))
    expect(clock.waiting).toBe(1)
    expect(children.map((child) => child.deadline())).toEqual(children.map(() => parent.deadline()))
  })
})

describe('withTimeout', () => {
  it('CX-007 is a deadline counted from now, and so is its text', async () => {
    using clock = virtualTime()
    const ctx = withTimeout(background, 50)
    expect(ctx.deadline()).toEqual(some(clock.now() + 50))
    expect(String(ctx)).toMatch(/^context\.Background\.WithDeadline\(2000-01-01T00:00:00\.050Z/)
    const outer = wrapped(ctx)
    const child = withTimeout(outer, HOUR)
    await clock.advance(50)
    expect([ctx, outer, child].map(stateOf)).toEqual([timedOut(), timedOut(), timedOut()])
  })

  it('CX-008 canceled early is canceled, and its timer is gone', async () => {
    using clock = virtualTime()
    const all = [withTimeout(background, HOUR), withDeadline(background, clock.now() + HOUR)]
    expect(clock.waiting).toBe(2)
    for (const ctx of all) ctx.cancel()
    expect(clock.waiting).toBe(0)
    await clock.advance(2 * HOUR)
    expect(all.map(stateOf)).toEqual([canceled(), canceled()])
  })

  it('leaves no timer behind when its parent ends', () => {
    using clock = virtualTime()
    const parent = withCancel(background)
    for (let i = 0; i < 100; i++) withTimeout(withCancel(parent), HOUR)
    expect(clock.waiting).toBe(100)
    parent.cancel()
    expect(clock.waiting).toBe(0)
  })

  it('CX-018 has the cause it was given, unless it is canceled first', async () => {
    using clock = virtualTime()
    const past = withTimeout(background, 0, tooSlow)
    expect(stateOf(past)).toEqual(timedOut(tooSlow))
    past.cancel('later')
    expect(stateOf(past)).toEqual(timedOut(tooSlow))

    const early = withTimeout(background, HOUR, tooSlow)
    early.cancel()
    expect(stateOf(early)).toEqual(canceled())

    const late = withDeadline(background, clock.now() + 10, tooSlow)
    const child = withCancel(late)
    await clock.advance(10)
    expect([late, child].map(stateOf)).toEqual([timedOut(tooSlow), timedOut(tooSlow)])
  })

  it('CX-037 a cancel after the deadline changes nothing', async () => {
    using clock = virtualTime()
    const ctx = withTimeout(background, 10)
    await clock.advance(10)
    ctx.cancel('late')
    expect(stateOf(ctx)).toEqual(timedOut())
  })

  it('is Disposable: `using` takes back its timer', () => {
    using clock = virtualTime()
    {
      using ctx = withTimeout(background, HOUR)
      expect(stateOf(ctx)).toEqual(live)
      expect(clock.waiting).toBe(1)
    }
    expect(clock.waiting).toBe(0)
  })

  it('CX-045 a short one wins a select against an hour, which leaves nothing behind', async () => {
    using clock = virtualTime()
    const ctx = withTimeout(background, 1)
    const answer = performed(select({ hour: after(HOUR), end: ctx.done() }))
    await clock.advance(1)
    expect(answer.now).toEqual(done({ case: 'end', value: undefined }))
    expect(ctx.err()).toEqual(some(deadlineError))
    expect(clock.waiting).toBe(0)
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

  it('CX-045 is let go by its stop', async () => {
    const [first, second] = [withCancel(background), withCancel(background)]
    const { ctx, stop } = merged(first, second)
    expect(stop()).toBe(true)
    second.cancel()
    await settle()
    expect(trySelect({ end: ctx.done() })).toEqual(none)
  })
})
