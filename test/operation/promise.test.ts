// Promises as cases.
import { none, some } from 'fp-ts/lib/Option.js'
import { background, chan, choose, go, never, select, sleep, trySelect, withCancel, type Op } from 'millrace'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Random } from '../../src/runtime/base/random.js'
import { done, performed, thrown, waiting, ways } from '../support/outcome.js'
import { seeded } from '../support/seeded.js'
import { hostTurn, settle } from '../support/settle.js'
import { unhandledRejections } from '../support/unhandled.js'
import { virtualTime } from '../support/virtual-time.js'
import { nobody, waitersOf } from '../support/waiters.js'

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

function filled<T>(...values: readonly T[]) {
  const ch = chan<T>(values.length)
  for (const value of values) ch.trySend(value)
  return ch
}

interface Deferred {
  readonly promise: Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (cause: unknown) => void
}

function deferred(): Deferred {
  let [resolve, reject]: ((value: unknown) => void)[] = []
  const promise = new Promise((...both) => ([resolve, reject] = both))
  return { promise, resolve: (value) => resolve(value), reject: (cause) => reject(cause) }
}

/** The settled result of a promise as a value, so that two results can be compared. */
const outcome = (promise: PromiseLike<unknown>) =>
  Promise.resolve(promise).then(
    (value) => ({ value }),
    (cause: unknown) => ({ cause }),
  )

let unhandled: ReturnType<typeof unhandledRejections>
beforeEach(() => void (unhandled = unhandledRejections()))
afterEach(() => unhandled[Symbol.dispose]())

describe.each(ways)('by %s', (_, perform) => {
  it('a promise that resolves is chosen with its value', async () => {
    const { promise, resolve } = deferred()
    const choice = perform(select({ user: promise, other: chan().receive() }))
    await settle()
    expect(choice.now).toEqual(waiting)
    resolve('Ada')
    await settle()
    expect(choice.now).toEqual(done({ case: 'user', value: 'Ada' }))
  })

  it('a promise that rejects makes the select throw its reason', async () => {
    const { promise, reject } = deferred()
    const ch = chan<number>()
    const choice = perform(select({ user: promise, other: ch.receive() }))
    await settle()
    reject('no such user')
    await settle()
    expect(choice.now).toEqual(thrown('no such user'))
    expect(waitersOf(ch)).toEqual(nobody)
  })

  it('JS-012 a promise of undefined is ready with undefined', async () => {
    const choice = perform(select({ nothing: Promise.resolve(undefined), other: chan().receive() }))
    await settle()
    expect(choice.now).toStrictEqual(done({ case: 'nothing', value: undefined }))
  })

  it('an async function’s call is a case', async () => {
    const choice = perform(select({ call: (async () => 7)(), other: never() }))
    await settle()
    expect(choice.now).toEqual(done({ case: 'call', value: 7 }))
  })
})

it('JS-012 a channel with the value undefined is ready with that value, and not closed', async () => {
  expect(await select({ value: filled(undefined).receive(), other: never() })).toStrictEqual({ case: 'value', value: some(undefined) })
})

it('JS-010 of promises that settle in any order a select takes the one that Promise.race takes', async () => {
  const random = new Random(10)
  for (const _ of upTo(1000)) {
    const each = upTo(1 + random.below(10)).map(deferred)
    const race = outcome(Promise.race(each.map(({ promise }) => promise)))
    const choice = outcome(select(Object.fromEntries(each.map(({ promise }, i) => [`p${i}`, promise]))).map(({ value }) => value))
    const left = [...each.entries()]
    while (left.length > 0) {
      const [[i, one]] = left.splice(random.below(left.length), 1)
      if (random.below(2) === 0) one.resolve(i)
      else one.reject(`rejected ${i}`)
      if (random.below(4) === 0) await Promise.resolve()
    }
    expect(await choice).toEqual(await race)
  }
  await hostTurn()
  expect(unhandled.reasons).toEqual([])
})

describe('one reaction to a promise', () => {
  it('is all that any number of lost selects add', async () => {
    const { promise, resolve } = deferred()
    const then = vi.spyOn(promise, 'then')
    const ch = chan<number>(1)
    for (const i of upTo(1000)) {
      ch.trySend(i)
      const answer = await select({ user: promise, value: ch.receive() })
      expect(answer.case).toBe('value')
    }
    const parked = upTo(1000).map(() => performed(select({ user: promise, value: ch.receive() })))
    await settle()
    for (const i of upTo(1000)) ch.trySend(i)
    await settle()
    expect(parked.every(({ now }) => now.is === 'done')).toBe(true)
    expect(then).toHaveBeenCalledTimes(1)
    resolve('at last')
    expect(await select({ user: promise })).toEqual({ case: 'user', value: 'at last' })
    expect(then).toHaveBeenCalledTimes(1)
  })

  it('serves all selects that wait for the promise at once', async () => {
    const { promise, resolve } = deferred()
    const then = vi.spyOn(promise, 'then')
    const choices = upTo(10).map((i) => performed(select({ [`case ${i}`]: promise })))
    await settle()
    resolve(7)
    await settle()
    expect(choices.map(({ now }) => now)).toEqual(upTo(10).map((i) => done({ case: `case ${i}`, value: 7 })))
    expect(then).toHaveBeenCalledTimes(1)
  })

  it('holds nothing of a select that is over', async () => {
    const { promise } = deferred()
    const ref = await (async () => {
      const big = { name: 'a result that is large' }
      const ch = filled(big)
      await select({ user: promise, value: ch.receive().map((message) => [message, big]) })
      return new WeakRef(big)
    })()
    await collected(ref)
    expect(ref.deref()).toBe(undefined)
    expect(promise).toBeInstanceOf(Promise)
  })

  it('keeps no promise alive', async () => {
    const ref = await (async () => {
      const { promise } = deferred()
      await select({ user: promise, value: filled(1).receive() })
      return new WeakRef(promise)
    })()
    await collected(ref)
    expect(ref.deref()).toBe(undefined)
  })
})

async function collected(ref: WeakRef<object>): Promise<void> {
  for (let i = 0; i < 50 && ref.deref() !== undefined; i++) {
    await hostTurn()
    globalThis.gc?.()
  }
}

describe('a rejection that loses a select is not unhandled', () => {
  const reject = () => Promise.reject(new Error('the loser'))

  it('when the other was ready at once, whichever was polled first', async () => {
    using _ = seeded(1)
    await go(function* () {
      for (const _ of upTo(20)) yield* select({ user: reject(), value: filled(1).receive() })
      yield* select({ value: filled(1).receive(), user: reject() }, { biased: true })
    }).join()
    await hostTurn()
    expect(unhandled.reasons).toEqual([])
  })

  it('when the other came later', async () => {
    const { promise, reject } = deferred()
    const ch = chan<number>()
    const choice = performed(select({ user: promise, value: ch.receive() }))
    await settle()
    ch.trySend(1)
    await settle()
    expect(choice.now.is).toBe('done')
    reject(new Error('the loser'))
    await hostTurn()
    expect(unhandled.reasons).toEqual([])
  })

  it('in a trySelect that returned None', async () => {
    expect(trySelect({ user: reject() })).toEqual(none)
    expect(trySelect({ value: filled(1).receive(), user: reject() })._tag).toBe('Some')
    await hostTurn()
    expect(unhandled.reasons).toEqual([])
  })

  it('in a select within a context that had ended', async () => {
    const ctx = withCancel(background)
    ctx.cancel('over')
    await expect(select({ user: reject() }).within(ctx)).rejects.toBe('over')
    await hostTurn()
    expect(unhandled.reasons).toEqual([])
  })

  it('in a nested choice that was not polled', async () => {
    await select([filled(1).receive(), choose(never(), select({ user: reject() }))], { biased: true })
    await hostTurn()
    expect(unhandled.reasons).toEqual([])
  })

  it('in a select that was made and not yet performed', async () => {
    const made = select({ user: reject() })
    await hostTurn()
    expect(unhandled.reasons).toEqual([])
    await expect(made).rejects.toThrow('the loser')
  })

  it('but the rejection of a promise that is no case is unhandled', async () => {
    void reject()
    while (unhandled.reasons.length === 0) await hostTurn() // a browser reports it some turns later
    expect(unhandled.reasons).toEqual([new Error('the loser')])
  })
})

describe('the earliest a promise is ready', () => {
  it('is one microtask after it became a case: trySelect returns None at first, even for a settled promise', async () => {
    const promise = Promise.resolve(7)
    expect(trySelect({ user: promise })).toEqual(none)
    expect(trySelect({ user: promise })).toEqual(none)
    await Promise.resolve()
    expect(trySelect({ user: promise })).toEqual(some({ case: 'user', value: 7 }))
  })

  it('so a ready operation wins over a settled promise seen for the first time', async () => {
    using _ = seeded(5)
    await go(function* () {
      for (const _ of upTo(50)) expect((yield* select({ user: Promise.resolve(7), value: filled(1).receive() })).case).toBe('value')
    }).join()
  })

  it('from then on it stays ready; an await polls one microtask after the select was made', async () => {
    using _ = seeded(6)
    const counts = { user: 0, value: 0 }
    for (const _ of upTo(1000)) counts[(await select({ user: Promise.resolve(7), value: filled(1).receive() })).case]++
    expect(Math.min(counts.user, counts.value)).toBeGreaterThan(400)
  })
})

describe('a thenable of the user’s own', () => {
  it('is a case', async () => {
    const thenable: PromiseLike<number> = { then: (onValue) => Promise.resolve(onValue?.(7) as never) }
    expect(await select({ value: thenable })).toEqual({ case: 'value', value: 7 })
  })

  it('that throws from `then` counts as rejected, now and later', async () => {
    const thenable = {
      then() {
        throw new Error('a then that throws')
      },
    } as unknown as PromiseLike<number>
    await expect(select({ value: thenable })).rejects.toThrow('a then that throws')
    await expect(select({ value: thenable })).rejects.toThrow('a then that throws')
  })

  it('that calls back twice is settled by the first call', async () => {
    let again: (() => void) | undefined
    const thenable = {
      then(onValue: (value: number) => void, onThrow: (cause: unknown) => void) {
        onValue(1)
        again = () => (onValue(2), onThrow(3))
      },
    } as unknown as PromiseLike<number>
    expect(await select({ value: thenable })).toEqual({ case: 'value', value: 1 })
    again?.()
    expect(await select({ value: thenable })).toEqual({ case: 'value', value: 1 })
  })
})

it('a select of a promise and a timeout leaves nothing behind', async () => {
  using clock = virtualTime()
  const { promise, resolve } = deferred()
  const choice: Op<{ case: string }> = select({ user: promise, timeout: sleep(10) })
  const [early, late] = [performed(choice), performed(choice)]
  await clock.advance(9)
  resolve(7)
  await settle()
  expect([early.now, late.now]).toEqual([done({ case: 'user', value: 7 }), done({ case: 'user', value: 7 })])
  expect(clock.waiting).toBe(0)

  const slow = performed(select({ user: deferred().promise, timeout: sleep(10) }))
  await clock.advance(10)
  expect(slow.now).toEqual(done({ case: 'timeout', value: undefined }))
})

it('a canceled goroutine stops waiting for a promise', async () => {
  const { promise, resolve } = deferred()
  const goroutine = go(function* () {
    yield* select({ user: promise })
  })
  await settle()
  goroutine.cancel()
  resolve(1)
  await settle()
  await expect(goroutine.join()).rejects.toThrow('context canceled')
})
