// How an operation behaves as a thenable.
import { some, type Option } from 'fp-ts/lib/Option.js'
import { chan, choose, go, onceValue, select, type Chan, type Op } from 'millrace'
import { describe, expect, it } from 'vitest'
import { queue } from '../../src/runtime/scheduler/run-queue.js'
import { hostTurn, neverLooksAtTheClock, settle } from '../support/settle.js'
import { unhandledRejections } from '../support/unhandled.js'
import { nobody, waitersOf } from '../support/waiters.js'

function filled<T>(...values: readonly T[]): Chan<T> {
  const ch = chan<T>(values.length)
  for (const value of values) ch.trySend(value)
  return ch
}

const closed = chan<number>()
closed.close()

describe('then with two functions', () => {
  it('calls the first directly with the value of a ready operation', () => {
    neverLooksAtTheClock()
    const log: unknown[] = ['before']
    void filled(1).receive().then(
      (value) => log.push(value),
      () => log.push('thrown'),
    ) // prettier-ignore
    log.push('after')
    expect(log).toEqual(['before', some(1), 'after'])
  })

  it('calls the second directly with the thrown error', () => {
    const log: unknown[] = []
    void closed.send(1).then(
      () => log.push('value'),
      (cause: Error) => log.push(cause.message),
    )
    expect(log).toEqual(['send on closed channel'])
  })

  it('calls back after a wait', async () => {
    const ch = chan<number>()
    const log: unknown[] = []
    void ch.receive().then(
      (value) => log.push(value),
      () => log.push('thrown'),
    )
    expect(log).toEqual([])
    ch.trySend(1)
    await settle()
    expect(log).toEqual([some(1)])
  })

  it('an error thrown by a callback does not reach the call that settled the operation', async () => {
    using unhandled = unhandledRejections()
    const ch = chan<number>()
    const error = new Error('a callback that throws')
    void ch.receive().then(
      () => {
        throw error
      },
      () => {},
    )
    expect(ch.trySend(1)).toBe(true)
    await expect.poll(() => unhandled.reasons).toEqual([error]) // a browser reports it some turns later
  })
})

const failure = new Error('an operation that throws')
const thrown = new Error('a callback that throws')

/** Operations that result in 7 or throw `failure`, and how each becomes ready. */
const performances = {
  'ready operation': () => ({ good: filled(7).receive().map(valueOf), bad: failing(filled(7)), start() {} }),
  'operation that waits': () => {
    const [good, bad] = [chan<number>(), chan<number>()]
    return { good: good.receive().map(valueOf), bad: failing(bad), start: () => void (good.trySend(7), bad.trySend(7)) }
  },
  'operation at the end of a slice': () => {
    queue.pushAfterHost({ run() {} })
    return { good: filled(7).receive().map(valueOf), bad: failing(filled(7)), start() {} }
  },
  job: () => ({ good: onceValue(() => 7)(), bad: onceValue(() => Promise.reject(failure))(), start() {} }),
  'join of a goroutine': () => {
    const [good, bad] = [go(() => 7), go(() => Promise.reject(failure))]
    return { good: good.join(), bad: bad.join(), start() {} }
  },
} satisfies Record<string, () => { good: PromiseLike<number>; bad: PromiseLike<number>; start: () => void }>

function valueOf(message: Option<number>): number {
  return message._tag === 'Some' ? message.value : NaN
}

function failing(ch: Chan<number>): Op<number> {
  return ch.receive().map(() => {
    throw failure
  })
}

/** Callbacks of each kind, with the outcome that the chain has for them. */
const callbacks: Record<string, { f: (value: unknown) => unknown; outcome: (value: unknown) => unknown }> = {
  'returns its argument': { f: (value) => value, outcome: (value) => value },
  'returns a value': { f: (value) => [value], outcome: (value) => [value] },
  'returns nothing': { f: () => {}, outcome: () => undefined },
  'returns null': { f: () => null, outcome: () => null },
  'is async': { f: async (value) => [value], outcome: (value) => [value] },
  'returns a thenable': { f: (value) => ({ then: (r: (v: unknown) => void) => r([value]) }), outcome: (value) => [value] },
  'returns an operation': { f: (value) => filled(value).receive(), outcome: (value) => some(value) },
  'throws': { f: () => { throw thrown }, outcome: () => Promise.reject(thrown) }, // prettier-ignore
  'returns a rejected promise': { f: () => Promise.reject(thrown), outcome: () => Promise.reject(thrown) },
}

/** The ways to use the result of `then(f, r)`. */
const uses: Record<string, (result: PromiseLike<unknown>) => Promise<unknown>> = {
  awaited: async (result) => result,
  chained: (result) => new Promise((resolve, reject) => void result.then(resolve, reject)),
  'chained twice': async (result) => (await Promise.all([result.then(), result.then((value) => value)]))[1],
  'in Promise.all': async (result) => (await Promise.all([result]))[0],
  'in Promise.race': (result) => Promise.race([result]),
  'chained later': async (result) => {
    const early = result.then(
      () => {},
      () => {},
    )
    await early
    return result
  },
}

describe.each(Object.entries(performances))('then(f, r) of a %s', (_kind, make) => {
  const rows = Object.keys(callbacks).flatMap((callback) => Object.keys(uses).map((use) => [callback, use] as const))
  it.each(rows)('whose callback %s, %s: the result is that of the callback', async (callback, use) => {
    const { f, outcome } = callbacks[callback]
    const { good, bad, start } = make()
    const never = (value: unknown) => expect.unreachable(String(value))
    const results = [uses[use](good.then(f, never)), uses[use](bad.then(never, f))]
    start()
    const seen = await Promise.allSettled(results)
    expect(seen).toEqual(await Promise.allSettled([outcome(7), outcome(failure)]))
  })
})

it('the result of then(f, r) has catch and finally where it waits', async () => {
  const ch = chan<number>()
  const result = ch.receive().then(() => Promise.reject(thrown), () => {}) as Promise<unknown> // prettier-ignore
  const log: unknown[] = []
  const chained = result.finally(() => log.push('finally')).catch((error: unknown) => log.push(error))
  ch.trySend(1)
  await chained
  expect(log).toEqual(['finally', thrown])
})

it('a callback that returns the result of its own then(f, r) rejects it', async () => {
  const ch = chan<number>()
  const result: PromiseLike<unknown> = ch.receive().then(() => result, () => {}) // prettier-ignore
  ch.trySend(1)
  await expect(result).rejects.toThrow('Chaining cycle detected for promise')
})

describe('while the host is due', () => {
  it.each(['ready', 'made ready'])('an operation that is %s is answered after its turn', async (how) => {
    const ch = how === 'ready' ? filled(1) : chan<number>()
    const log: unknown[] = []
    await settle()
    const read = () =>
      void ch.receive().then(
        (value) => log.push(value),
        () => log.push('thrown'),
      )
    if (how === 'made ready') read()
    neverLooksAtTheClock()
    queue.pushAfterHost({ run: () => log.push('the host had its turn') })
    if (how === 'ready') read()
    else expect(ch.trySend(1)).toBe(true)
    expect(log).toEqual([])
    await settle()
    expect(log).toEqual(['the host had its turn', some(1)])
  })
})

it('a caller of then counts as resumed in its callback, until its next operation', async () => {
  await new Promise<void>((resolve) => queue.pushAfterHost({ run: resolve })) // a slice begins
  neverLooksAtTheClock()
  queue.async.count = 0
  const seen: number[] = []
  const note = () => void seen.push(queue.async.count)
  const ch = filled(1)
  void ch.receive().then(note, note) // at once
  void ch.receive().then(note, note) // after a wait
  ch.trySend(2)
  void closed.send(1).attempt().then(note, note)
  expect(seen).toEqual([1, 1, 1])
  queue.async.count = 0
})

describe('then otherwise', () => {
  it("returns a promise of the function's result", async () => {
    const promise = filled(1).receive().then((message) => [message]) // prettier-ignore
    expect(promise).toBeInstanceOf(Promise)
    expect(await promise).toEqual([some(1)])
  })

  it('without functions it returns a promise of the result', async () => {
    expect(await filled(1).receive().then()).toEqual(some(1))
    await expect(closed.send(1).then()).rejects.toThrow('send on closed channel')
    await expect(closed.send(1).then(null, null)).rejects.toThrow('send on closed channel')
  })

  it('with a second function only, calls it with the thrown error', async () => {
    expect(await closed.send(1).then(undefined, (cause: Error) => cause.message)).toBe('send on closed channel')
    expect(
      await filled(1)
        .receive()
        .then(undefined, () => 'thrown'),
    ).toEqual(some(1))
  })

  it('an error or a promise from the function settles the returned promise', async () => {
    const error = new Error('f throws')
    await expect(
      filled(1).receive().then(() => { throw error }), // prettier-ignore
    ).rejects.toBe(error)
    expect(await filled(1).receive().then(async () => 2)).toBe(2) // prettier-ignore
  })
})

it('Promise.resolve, Promise.all and a return from an async function perform it once', async () => {
  const ch = filled(1, 2, 3, 4)
  const returned = async () => ch.receive()
  expect(await Promise.resolve(ch.receive())).toEqual(some(1))
  expect(await Promise.all([ch.receive(), ch.receive()])).toEqual([some(2), some(3)])
  expect(await returned()).toEqual(some(4))
  expect(ch.size).toBe(0)
})

it('Promise.race over operations performs them all: values of the losers are lost, and the others go on waiting', async () => {
  const [a, b, c] = [filled('a'), filled('b'), chan<string>()]
  expect(await Promise.race([a.receive(), b.receive(), c.receive()])).toEqual(some('a'))
  expect([a.size, b.size]).toEqual([0, 0])
  expect(waitersOf(c).receivers).toBe(1)
  c.trySend('lost')
  await settle()
  expect(c.tryReceive()._tag).toBe('Left')
})

it('choose and select take one value where Promise.race loses values', async () => {
  const [a, b, c] = [filled('a'), filled('b'), chan<string>()]
  await choose(a.receive(), b.receive(), c.receive())
  expect(a.size + b.size).toBe(1)
  await select([a.receive(), b.receive(), c.receive()])
  expect(a.size + b.size).toBe(0)
  expect(waitersOf(c)).toEqual(nobody)
})

describe('callbacks that perform the next operation by then', () => {
  const rounds = 20_000

  it('go on for any number of ready operations', async () => {
    const ch = filled(...Array(rounds).keys())
    ch.close()
    let received = 0
    await new Promise<void>((resolve, reject) => {
      const next = (message?: Option<number>): void => {
        if (message !== undefined && ++received > rounds) resolve()
        else void ch.receive().then(next, reject)
      }
      next()
    })
    expect(received).toBe(rounds + 1)
  })

  it('go on for any number of operations that throw, and leave the microtasks', async () => {
    const ch = chan<number>()
    ch.close('cause')
    let thrown = 0
    await new Promise<unknown>((resolve) => {
      const next = (): void => {
        if (++thrown > rounds) resolve(null)
        else void ch.receive().then(resolve, next)
      }
      next()
    })
    expect(thrown).toBe(rounds + 1)
    let turns = 0
    void hostTurn().then(() => turns++)
    for (let i = 0; i < 1_000_000 && turns === 0; i++) await ch.receive().then(() => {}, () => {}) // prettier-ignore
    expect(turns).toBe(1)
  })

  it('go on where each wakes the other', async () => {
    const [there, back] = [chan<number>(), chan<number>()]
    await new Promise<void>((resolve, reject) => {
      const returns = (message: Option<number>): void => {
        void there.receive().then(returns, reject)
        if (message._tag === 'Some') back.trySend(message.value)
      }
      const comes = (message: Option<number>): void => {
        if (message._tag === 'Some' && message.value === rounds) return resolve()
        void back.receive().then(comes, reject)
        there.trySend(message._tag === 'Some' ? message.value + 1 : 0)
      }
      void there.receive().then(returns, reject)
      comes(some(0))
    })
  })
})
