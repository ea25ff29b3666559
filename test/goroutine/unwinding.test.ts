import { some } from 'fp-ts/lib/Option.js'
import { chan, go, gosched, mutex, onCrash, onLateFailure, sleep, type Goroutine } from 'millrace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { done, performed, thrown, thrownError, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const cause = new Error('called off')
const canceled = thrown(expect.objectContaining({ name: 'CanceledError', cause }))
const forever = chan<never>()

let log: unknown[] = []
let off = (): void => {}
beforeEach(() => {
  log = []
  const offCrash = onCrash((error) => log.push(['crash', error]))
  const offLate = onLateFailure((error) => log.push(['late', error]))
  off = () => (offCrash(), offLate())
})
afterEach(() => off())

/** Cancels the goroutine after it has settled, and lets the unwinding settle. */
async function unwind(goroutine: Goroutine<unknown>) {
  const join = performed(goroutine.join())
  await settle()
  goroutine.cancel(cause)
  await settle()
  return join
}

describe('unwinding', () => {
  it('goes innermost first: a helper finishes its finally, waits included, before its caller returns', async () => {
    const gate = chan<string>()
    function* at(depth: number): Generator<never, void> {
      try {
        if (depth === 0) yield* forever.receive()
        else yield* at(depth - 1)
        log.push(`body of ${depth} resumed`)
      } catch {
        log.push(`catch of ${depth}`)
      } finally {
        log.push(`${depth} waits`)
        log.push(yield* gate.receive())
        log.push(`${depth} is over`)
      }
      log.push(`after ${depth}`)
    }
    const join = await unwind(go(at, 3))
    for (const depth of [0, 1, 2, 3]) {
      expect(log.splice(0)).toEqual([`${depth} waits`])
      expect(join.now).toEqual(waiting)
      gate.trySend(`value ${depth}`)
      await settle()
      expect(log.splice(0, 2)).toEqual([some(`value ${depth}`), `${depth} is over`])
    }
    expect(log).toEqual([])
    expect(join.now).toEqual(canceled)
  })

  it('reaches through 1,000 helpers', async () => {
    let cleanups = 0
    function* at(depth: number): Generator<never, void> {
      try {
        if (depth > 0) yield* at(depth - 1)
        else yield* forever.receive()
      } finally {
        expect(cleanups++).toBe(depth)
        if (depth % 100 === 0) yield* gosched()
      }
    }
    const join = await unwind(go(at, 999))
    expect(join.now).toEqual(canceled)
    expect(cleanups).toBe(1000)
  })

  it.each([199, 200, 201, 400, 401, 2_500])(
    'needs no stack for each of %i helpers, whichever of them waits or throws on the way out',
    async (depth) => {
      for (const every of [Infinity, 199, 7]) {
        const left: number[] = []
        function* at(level: number): Generator<never, void> {
          try {
            if (level < depth) yield* at(level + 1)
            else yield* forever.receive()
            expect.unreachable()
          } finally {
            if (level % every === 0) yield* gosched()
            left.push(level)
          }
        }
        const join = await unwind(go(at, 1))
        expect(join.now).toEqual(canceled)
        expect(left).toEqual(Array.from({ length: depth }, (_, i) => depth - i))
      }
    },
  )

  it('hands the throw of a clean-up to its callers, across any number of helpers', async () => {
    const boom = new Error('boom')
    const caught: number[] = []
    function* at(level: number): Generator<never, void> {
      try {
        if (level < 450) yield* at(level + 1)
        else yield* forever.receive()
      } catch (error) {
        caught.push(level)
        if (level > 1) throw error
      } finally {
        if (level === 430) throw boom // eslint-disable-line no-unsafe-finally -- the fault of the clean-up
      }
    }
    const join = await unwind(go(at, 1))
    expect(caught).toEqual(Array.from({ length: 429 }, (_, i) => 429 - i))
    expect(join.now).toEqual(done(undefined)) // the body itself caught it, and returned
  })

  it('goes through a helper that is called in a catch or a finally block', async () => {
    function* helper() {
      try {
        yield* forever.receive()
      } finally {
        yield* gosched()
        log.push('helper')
      }
    }
    function* caller(place: string) {
      try {
        try {
          if (place === 'catch') throw new Error('into the catch block')
        } catch {
          yield* helper()
          log.push('catch resumed')
        } finally {
          if (place === 'finally') yield* helper()
          log.push('inner')
        }
      } finally {
        log.push('outer')
      }
    }
    expect((await unwind(go(caller, 'catch'))).now).toEqual(canceled)
    expect(log.splice(0)).toEqual(['helper', 'inner', 'outer'])
    // A finally block that is itself unwound ends at its wait, as if it returned there.
    expect((await unwind(go(caller, 'finally'))).now).toEqual(canceled)
    expect(log).toEqual(['helper', 'outer'])
  })

  it('lets a cleanup call helpers, and their results arrive', async () => {
    const gate = chan<number>()
    function* twice() {
      const [a, b] = [yield* gate.receive(), yield* gate.receive()]
      return [a, b]
    }
    function* inner() {
      try {
        yield* forever.receive()
      } finally {
        log.push(['inner', yield* twice()])
      }
    }
    const goroutine = go(function* () {
      try {
        yield* inner()
      } finally {
        log.push(['outer', yield* twice()])
      }
    })
    const join = await unwind(goroutine)
    for (let i = 0; i < 4; i++) {
      gate.trySend(i)
      await settle()
    }
    expect(log).toEqual([
      ['inner', [some(0), some(1)]],
      ['outer', [some(2), some(3)]],
    ])
    expect(join.now).toEqual(canceled)
  })

  it('may yield and sleep in a cleanup', async () => {
    using clock = virtualTime()
    const goroutine = go(function* () {
      try {
        yield* forever.receive()
      } finally {
        yield* gosched()
        yield* sleep(50)
        log.push('slept')
      }
    })
    const join = await unwind(goroutine)
    await clock.advance(49)
    expect([log, join.now]).toEqual([[], waiting])
    await clock.advance(1)
    expect([log, join.now]).toEqual([['slept'], canceled])
  })

  it('disposes of what `using` holds, so a lock is free again', async () => {
    const mu = mutex()
    const goroutine = go(function* () {
      using _lock = yield* mu.lock()
      yield* forever.receive()
    })
    await settle()
    expect(mu.tryLock()).toBe(false)
    await unwind(goroutine)
    expect(mu.tryLock()).toBe(true)
  })

  it('leaves the prototype of generators as it was, also where a cleanup throws', async () => {
    const generators = Object.getPrototypeOf(Object.getPrototypeOf((function* () {})())) as object
    const before = Object.getOwnPropertyDescriptor(generators, 'return')
    expect(before?.value).toBeTypeOf('function')
    function* failing() {
      try {
        yield* forever.receive()
      } finally {
        throw cause // eslint-disable-line no-unsafe-finally -- as a cleanup may
      }
    }
    await unwind(
      go(function* () {
        yield* failing()
      }),
    )
    expect(Object.getOwnPropertyDescriptor(generators, 'return')).toEqual(before)
  })

  it('works on a wrapper of a generator through its own `return`', async () => {
    function* helper() {
      try {
        yield* forever.receive()
      } finally {
        yield* gosched()
        log.push('helper')
      }
    }
    function* body() {
      try {
        yield* helper()
        log.push('body resumed')
      } finally {
        yield* gosched()
        log.push('body')
      }
    }
    /** A wrapper as a tracer makes: it forwards every call and records the end. */
    function wrapped(inner: Generator<never, void>): Generator<never, void> {
      const wrapper = {
        next: () => inner.next(),
        return(value: undefined) {
          const result = inner.return(value)
          if (result.done === true) log.push('wrapper')
          return result
        },
        throw: (error: unknown) => inner.throw(error),
        [Symbol.iterator]: () => wrapper,
      }
      return wrapper as unknown as Generator<never, void>
    }
    expect((await unwind(go(() => wrapped(body())))).now).toEqual(canceled)
    expect(log.splice(0)).toEqual(['helper', 'body', 'wrapper'])

    const through = go(function* () {
      try {
        yield* wrapped(body())
      } finally {
        log.push('outermost')
      }
    })
    expect((await unwind(through)).now).toEqual(canceled)
    expect(log).toEqual(['helper', 'body', 'wrapper', 'outermost'])
  })
})

describe('a finally block', () => {
  it('that returns overrides the cancel in the body of the goroutine, and not in a helper, whose caller was cut off', async () => {
    function* helper() {
      try {
        yield* forever.receive()
      } finally {
        yield* gosched()
        return 'overridden' // eslint-disable-line no-unsafe-finally -- as a cleanup may
      }
    }
    const goroutine = go(function* () {
      try {
        log.push(yield* helper())
      } finally {
        log.push('outer')
      }
      return 'never reached'
    })
    expect((await unwind(goroutine)).now).toEqual(canceled)
    expect(log).toEqual(['outer'])
    expect((await unwind(go(helper))).now).toEqual(done('overridden'))
  })

  it('that throws overrides the cancel; a caller that catches the error continues', async () => {
    function* helper() {
      try {
        yield* forever.receive()
      } finally {
        yield* gosched()
        throw new Error('cleanup failed') // eslint-disable-line no-unsafe-finally -- as a cleanup may
      }
    }
    const goroutine = go(function* () {
      try {
        yield* helper()
      } catch (error) {
        log.push((error as Error).message)
        yield* gosched()
      }
      return 'went on'
    })
    expect((await unwind(goroutine)).now).toEqual(done('went on'))
    expect(log).toEqual(['cleanup failed'])
  })

  it('that throws an uncaught error fails the joiners, and is a late failure without joiners', async () => {
    const failing = () =>
      go(function* () {
        try {
          yield* forever.receive()
        } finally {
          throw new Error('cleanup failed') // eslint-disable-line no-unsafe-finally -- as a cleanup may
        }
      })
    expect((await unwind(failing())).now).toEqual(thrownError('cleanup failed'))
    expect(log).toEqual([])
    const alone = failing()
    await settle()
    alone.cancel()
    await settle()
    expect(log).toEqual([['late', new Error('cleanup failed')]])
  })

  it('that never ends keeps its joiners waiting', async () => {
    const goroutine = go(function* () {
      try {
        yield* chan().receive()
      } finally {
        yield* forever.receive()
      }
    })
    const join = await unwind(goroutine)
    goroutine.cancel()
    await settle()
    expect(join.now).toEqual(waiting)
  })

  it('has no part in the generators that the clean-up returns by itself', async () => {
    function* slow(): Generator<string, void> {
      try {
        yield 'an item'
      } finally {
        yield 'a clean-up that the user steps by hand'
        log.push('not reached by the unwinding')
      }
    }
    const goroutine = go(function* () {
      const items = slow()
      items.next()
      try {
        yield* forever.receive()
      } finally {
        log.push(items.return(undefined))
        yield* gosched()
        log.push('cleaned up')
      }
    })
    expect((await unwind(goroutine)).now).toEqual(canceled)
    expect(log).toEqual([{ done: false, value: 'a clean-up that the user steps by hand' }, 'cleaned up'])
  })
})
