import { none } from 'fp-ts/lib/Option.js'
import { background, contextKey, todo } from 'millrace'
import { describe, expect, it } from 'vitest'
import { performed, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { live, stateOf } from './context-state.js'

const key = contextKey<string>('key')

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
