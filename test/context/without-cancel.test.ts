import { none, some } from 'fp-ts/lib/Option.js'
import { background, contextKey, withCancel, withoutCancel, withTimeout, withValue } from 'millrace'
import { describe, expect, it } from 'vitest'
import { canceled, live, stateOf } from './context-state.js'

const key = contextKey<string>('key')

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
