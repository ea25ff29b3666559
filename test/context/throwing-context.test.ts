/** A user's context that throws is the problem of its own waiters: it keeps no other from the end. */
import { background, chan, go, select, withCancel, withTimeout, type CancelContext, type Context } from 'millrace'
import { describe, expect, it } from 'vitest'
import { bubble } from 'millrace/testing'
import { done, performed, thrown } from '../support/outcome.js'
import { settle } from '../support/settle.js'

const fault = new Error('a bad context')
type Method = 'err' | 'cause'

/** A context over another; from the moment it is bad, its method throws, or results in nonsense. */
function over(base: Context, method: Method, how: 'throws' | 'is nonsense') {
  let isBad = false
  const bad = (): never => {
    if (how === 'throws') throw fault
    return undefined as never
  }
  const ctx: Context = {
    done: () => base.done(),
    err: () => (isBad && method === 'err' ? bad() : base.err()),
    cause: () => (isBad && method === 'cause' ? bad() : base.cause()),
    deadline: () => base.deadline(),
    value: (key) => base.value(key),
    signal: base.signal,
  }
  return { ctx, turnBad: () => void (isBad = true) }
}

const methods: readonly Method[] = ['err', 'cause']
describe.each(methods)('a context whose %s', (method) => {
  describe.each(['throws', 'is nonsense'] as const)('%s', (how) => {
    const innocents = (base: CancelContext) => [
      performed(base.done()),
      performed(select({ end: base.done() })).now && performed(base.done().map(() => undefined)),
      performed(
        go(function* () {
          yield* chan<never>().receive().within(withCancel(base)).attempt()
        }).join(),
      ),
    ]

    it('ends the contexts derived from it, with its error as the cause, and silences no other waiter', async () => {
      const base = withCancel(background)
      const { ctx, turnBad } = over(base, method, how)
      const before = innocents(base)
      const derived = withCancel(ctx)
      const below = withTimeout(derived, 1e6)
      const wait = performed(chan<never>().receive().within(below))
      const after = innocents(base)
      await settle()
      turnBad()
      base.cancel()
      await settle()
      for (const { now } of [...before, ...after]) expect(now).toEqual(done(undefined))
      expect(derived.err()._tag).toBe('Some')
      expect(wait.now).toEqual(thrown(how === 'throws' ? fault : expect.any(TypeError)))
    })

    it('holds up no timer', async () => {
      await bubble(function* () {
        const base = withTimeout(background, 10)
        const { ctx, turnBad } = over(base, method, how)
        withCancel(ctx)
        const second = withTimeout(background, 10)
        turnBad()
        yield* second.done()
        yield* base.done()
      })
    })
  })
})
