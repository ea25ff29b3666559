import { some } from 'fp-ts/lib/Option.js'
import { after, background, select, withCancel, withDeadline, withTimeout } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed } from '../support/outcome.js'
import { virtualTime } from '../support/virtual-time.js'
import { canceled, deadlineError, live, stateOf, timedOut } from './context-state.js'
import { wrapped } from './user-contexts.js'

const HOUR = 3_600_000
const tooSlow = new Error('too slow')

describe('withTimeout', () => {
  it('CX-007 is a deadline counted from now, and its text shows the deadline', async () => {
    using clock = virtualTime()
    const ctx = withTimeout(background, 50)
    expect(ctx.deadline()).toEqual(some(clock.now() + 50))
    expect(String(ctx)).toMatch(/^context\.Background\.WithDeadline\(2000-01-01T00:00:00\.050Z/)
    const outer = wrapped(ctx)
    const child = withTimeout(outer, HOUR)
    await clock.advance(50)
    expect([ctx, outer, child].map(stateOf)).toEqual([timedOut(), timedOut(), timedOut()])
  })

  it('CX-008 canceled early, it is canceled and its timer is gone', async () => {
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

  it('CX-018 ends with the given cause, unless it is canceled first', async () => {
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

  it('is Disposable: `using` stops its timer', () => {
    using clock = virtualTime()
    {
      using ctx = withTimeout(background, HOUR)
      expect(stateOf(ctx)).toEqual(live)
      expect(clock.waiting).toBe(1)
    }
    expect(clock.waiting).toBe(0)
  })

  it('CX-045 wins a select against a longer timeout, which leaves nothing behind', async () => {
    using clock = virtualTime()
    const ctx = withTimeout(background, 1)
    const answer = performed(select({ hour: after(HOUR), end: ctx.done() }))
    await clock.advance(1)
    expect(answer.now).toEqual(done({ case: 'end', value: undefined }))
    expect(ctx.err()).toEqual(some(deadlineError))
    expect(clock.waiting).toBe(0)
  })
})
