import { some } from 'fp-ts/lib/Option.js'
import { chan, choose, never } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, waiting, ways } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { nobody, waitersOf } from '../support/waiters.js'

describe.each(ways)('by %s', (_, perform) => {
  it('choose returns the value of the ready operation, at once or after a wait', async () => {
    const [a, b] = [chan<number>(1), chan<string>()]
    a.trySend(1)
    const op = choose(a.receive(), b.receive(), never())
    const choices = [perform(op), perform(op)]
    await settle()
    expect(choices.map(({ now }) => now)).toEqual([done(some(1)), waiting])
    b.trySend('x')
    await settle()
    expect(choices[1].now).toEqual(done(some('x')))
    expect([waitersOf(a), waitersOf(b)]).toEqual([nobody, nobody])
  })

  it('choose of nothing, and of never, waits for ever', async () => {
    using clock = virtualTime()
    const waits = [perform(choose()), perform(choose(never())), perform(choose(never(), choose()))]
    await clock.advance(10)
    expect(waits.map(({ now }) => now)).toEqual([waiting, waiting, waiting])
  })
})

it('choose rejects a value that is not an operation, and says which', () => {
  for (const value of [Promise.resolve(1), undefined, null, false, 1, {}])
    expect(() => choose(never(), value as never)).toThrow(/^choose: operation 1: expected an operation, got /)
})
