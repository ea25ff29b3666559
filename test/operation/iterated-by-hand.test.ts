// Iterating an operation outside the run queue is a clear error, and never a lost wake-up.
import { some } from 'fp-ts/lib/Option.js'
import { chan, go, gosched, select, sleep, type Op } from 'millrace'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { nobody, waitersOf } from '../support/waiters.js'

const outside =
  /^an operation \(chan receive\) was iterated outside a goroutine: use yield\* in a generator started by go\(\), or await in an async function$/
const iterated =
  /^an operation \(chan receive\) was iterated by something other than yield\* \(a spread, a for…of, a destructuring\): use yield\*/
const underWay = /^an operation \(chan receive\) was performed while another is under way: something other than the run queue drives it/
const ended = /^goroutine \d+ \(\w+\) ended while an operation \(chan receive\) was under way/

const pulled = (op: Op<unknown>) => op as Iterable<unknown>

/** `toThrow` would also accept a throw of undefined. */
function thrownBy(f: () => unknown): unknown {
  try {
    f()
  } catch (error) {
    return error
  }
  return expect.unreachable('it threw nothing')
}

describe('outside a goroutine', () => {
  it.each([
    ['a spread', (op: Op<unknown>) => [...pulled(op)]],
    ['Array.from', (op: Op<unknown>) => Array.from(pulled(op))],
    ['a destructuring', (op: Op<unknown>) => { const [first] = pulled(op); return first }], // prettier-ignore
    ['a for…of', (op: Op<unknown>) => { for (const _ of pulled(op)) return 'a round' }], // prettier-ignore
    ['a generator driven by hand', (op: Op<unknown>) => (function* () { yield* op })().next()], // prettier-ignore
    ['new Set', (op: Op<unknown>) => new Set(pulled(op))],
  ])('%s throws, and leaves no waiter', (_, pull) => {
    const ch = chan<number>()
    expect(() => pull(ch.receive())).toThrow(outside)
    expect(thrownBy(() => pull(ch.receive()))).toBeInstanceOf(Error)
    expect(waitersOf(ch)).toEqual(nobody)
    const ready = chan<number>(1)
    ready.trySend(1)
    expect(() => pull(ready.receive())).toThrow(outside)
    expect(ready.size).toBe(1)
  })

  it('an async generator throws', async () => {
    async function* generator(op: Op<unknown>) {
      yield* pulled(op)
    }
    const ch = chan<number>()
    await expect(generator(ch.receive()).next()).rejects.toThrow(outside)
    expect(waitersOf(ch)).toEqual(nobody)
  })

  it('an async function between two awaits throws', async () => {
    const ch = chan<number>()
    const goroutine = go(async () => {
      await Promise.resolve()
      return [...pulled(ch.receive())]
    })
    await expect(goroutine.join()).rejects.toThrow(outside)
  })
})

describe('inside a goroutine', () => {
  it.each([
    ['a spread', (op: Op<unknown>) => [...pulled(op)]],
    ['Array.from', (op: Op<unknown>) => Array.from(pulled(op))],
    ['new Set', (op: Op<unknown>) => new Set(pulled(op))],
    ['a destructuring', (op: Op<unknown>) => { const [first] = pulled(op); return first }], // prettier-ignore
    ['a for…of', (op: Op<unknown>) => { for (const _ of pulled(op)); }], // prettier-ignore
    ['a call of next', (op: Op<unknown>) => op[Symbol.iterator]().next()],
  ])('%s throws at once and receives nothing, ready or not, and the goroutine can continue', async (_, pull) => {
    for (const ready of [true, false]) {
      const ch = chan<number>(1)
      if (ready) ch.trySend(7)
      const goroutine = go(function* () {
        expect(() => pull(ch.receive())).toThrow(iterated)
        expect(() => pull(gosched())).toThrow(/^an operation \(gosched\) was iterated by something other than yield\*/)
        return yield* ch.receive()
      })
      await settle()
      expect([ch.size, waitersOf(ch).receivers]).toEqual(ready ? [0, 0] : [0, 1])
      ch.trySend(7)
      expect(await goroutine.join()).toEqual(some(7))
    }
  })

  it('a generator driven to its end by hand throws at the second step, and leaves no waiter', async () => {
    const ch = chan<number>()
    function* helper() {
      yield* ch.receive()
    }
    function* body() {
      void [...helper()]
    }
    await expect(go(body).join()).rejects.toThrow(underWay)
    await expect(go(body).join()).rejects.toBeInstanceOf(Error)
    expect(waitersOf(ch)).toEqual(nobody)
  })

  it.each([
    ['a generator driven one step by hand', (op: Op<unknown>) => (function* () { yield* op })().next()], // prettier-ignore
    ['an async generator', (op: Op<unknown>) => void (async function* () { yield* pulled(op) })().next()], // prettier-ignore
  ])('%s is an error at the next operation, or at the end', async (_, pull) => {
    const ch = chan<number>()
    function* toTheNext() {
      pull(ch.receive())
      yield* sleep(0)
    }
    function* toTheEnd() {
      pull(ch.receive())
    }
    await expect(go(toTheNext).join()).rejects.toThrow(/was performed while another is under way/)
    await expect(go(toTheEnd).join()).rejects.toThrow(ended)
    expect(waitersOf(ch)).toEqual(nobody)
    expect(ch.trySend(1)).toBe(false)
  })

  it('a delegation by hand, as compilers write yield* for old engines, waits as yield* does', async () => {
    const ch = chan<number>()
    function* inner() {
      return yield* ch.receive()
    }
    function* body(): Generator<never, unknown> {
      const delegate: Iterator<unknown, unknown, unknown> = inner()
      let result = delegate.next(undefined)
      while (result.done !== true) result = delegate.next(yield result.value as never)
      return result.value
    }
    const goroutine = go(body)
    await settle()
    ch.trySend(7)
    expect(await goroutine.join()).toEqual(some(7))
  })

  it('a delegation by hand that drops the generator after its wait is an error', async () => {
    const ch = chan<number>()
    function* inner() {
      yield* ch.receive()
    }
    function* body(): Generator<never, void> {
      yield inner().next().value as never
    }
    const goroutine = go(body)
    await settle()
    expect(ch.trySend(7)).toBe(true)
    await expect(goroutine.join()).rejects.toThrow(ended)
    expect(waitersOf(ch)).toEqual(nobody)
  })

  it('after an operation was started by hand, the next one throws rather than lose a wake-up', async () => {
    const ch = chan<number>(1)
    const log: string[] = []
    function* helper() {
      yield* ch.receive()
    }
    function* body() {
      helper().next()
      for (const name of ['first', 'second']) {
        try {
          yield* ch.receive()
        } catch {
          log.push(name)
        }
      }
    }
    await expect(go(body).join()).rejects.toThrow(ended)
    expect(log).toEqual(['first', 'second'])
    expect(waitersOf(ch)).toEqual(nobody)
  })

  it.each([
    [undefined, 'undefined'],
    [42, '42'],
    ['x', '"x"'],
    [Promise.resolve(), 'an instance of Promise'],
    [{}, 'an object'],
  ])('a plain yield of %o is an error that shows it', async (value, shown) => {
    function* body(): Generator<never, void> {
      yield value as never
    }
    await expect(go(body).join()).rejects.toThrow(TypeError)
    await expect(go(body).join()).rejects.toThrow(`yielded ${shown}: only operations may be yielded`)
  })

  it('a yield without its star is an error that names the operation’s kind', async () => {
    const ch = chan<number>()
    function* body(): Generator<never, void> {
      yield ch.receive() as never
    }
    await expect(go(body).join()).rejects.toThrow(/yielded an instance of \w+: only operations may be yielded, with yield\*/)
    expect(waitersOf(ch)).toEqual(nobody)
  })
})

it('helpers reached by yield* wait as if written in place, however deep', async () => {
  const ch = chan<number>()
  function* deep(levels: number): Generator<never, unknown> {
    return levels === 0 ? yield* ch.receive() : yield* deep(levels - 1)
  }
  const goroutine = go(deep, 100)
  await settle()
  ch.trySend(7)
  expect(await goroutine.join()).toEqual(some(7))
})

it("a user's iterable between the goroutine and the operation passes the operation on", async () => {
  const ch = chan<number>()
  const passing = { [Symbol.iterator]: () => ch.receive()[Symbol.iterator]() }
  const goroutine = go(function* () {
    return yield* passing
  })
  await settle()
  ch.trySend(7)
  expect(await goroutine.join()).toEqual(some(7))
})

it("a user's iterable that continues with another operation than the pending one is an error", async () => {
  const [a, b] = [chan<number>(), chan<number>(1)]
  b.trySend(7)
  const rounds = [a, b]
  const changing = {
    [Symbol.iterator]: () => ({ next: (sent: unknown) => (rounds.shift() ?? b).receive()[Symbol.iterator]().next(sent) }),
  }
  const goroutine = go(function* () {
    return yield* changing
  })
  await settle()
  expect(a.trySend(1)).toBe(true)
  await expect(goroutine.join()).rejects.toThrow(underWay)
  expect([rounds, b.size]).toEqual([[], 1])
})

it('iterating a case inside map throws in the performer', async () => {
  const [a, b] = [chan<number>(1), chan<number>()]
  a.trySend(1)
  function* body() {
    return yield* select({ a: a.receive().map(() => [...pulled(b.receive())]) })
  }
  await expect(go(body).join()).rejects.toThrow(iterated)
  expect(waitersOf(b)).toEqual(nobody)
})
