import { none, some } from 'fp-ts/lib/Option.js'
import { background, contextKey, trySelect, withCancel, withDeadline, withTimeout, withValue } from 'millrace'
import { describe, expect, it } from 'vitest'
import { virtualTime } from '../support/virtual-time.js'
import { canceled, live, stateOf, timedOut } from './context-state.js'
import { wrapped } from './user-contexts.js'

const HOUR = 3_600_000
const tooSlow = new Error('too slow')
const never = [-1, 0, -Infinity]
const key = contextKey<string>('key')

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

  it.each(never)('CX-006 with a deadline now or in the past (%d) has ended on return', (ms) => {
    using clock = virtualTime()
    for (const ctx of [withDeadline(background, clock.now() + ms), withTimeout(background, ms)]) expect(stateOf(ctx)).toEqual(timedOut())
    expect(clock.waiting).toBe(0)
  })

  it('a passed deadline ends the context although its timer is late', async () => {
    using clock = virtualTime()
    const ctx = withTimeout(background, 10)
    clock.block(20)
    const child = withTimeout(ctx, 5, tooSlow)
    expect(stateOf(ctx)).toEqual(live)
    await clock.advance(0)
    expect(stateOf(ctx)).toEqual(timedOut())
    expect(stateOf(child)).toEqual(timedOut())
  })

  it('CX-038 the earlier of two deadlines holds, and derived contexts inherit it', () => {
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

  it('Infinity is no deadline: the context ends with its parent, and no timer is set', () => {
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

  it("a deadline after the parent's sets no timer", () => {
    using clock = virtualTime()
    using parent = withTimeout(background, 1000)
    const children = Array.from({ length: 100 }, (_, i) => withTimeout(withCancel(parent), 1000 + i))
    expect(clock.waiting).toBe(1)
    expect(children.map((child) => child.deadline())).toEqual(children.map(() => parent.deadline()))
  })
})

it('derived contexts have the deadline of the parent, also through withCancel', () => {
  const at = Date.now() + 10_000
  using parent = withDeadline(background, at)
  expect(withValue(withCancel(parent), key, 'v').deadline()).toEqual(some(at))
  expect(trySelect({ done: parent.done() })).toEqual(none)
})
