import { chan, go, gosched, numGoroutine, onCrash, range, setProbe, type Body } from 'millrace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kinds } from '../support/function-kinds.js'
import { done, performed, thrown, thrownError, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'

const crashes: unknown[] = []
let off = (): void => {}
beforeEach(() => {
  crashes.length = 0
  off = onCrash((error) => crashes.push(error))
})
afterEach(() => off())

const anyBody = (body: unknown) => body as Body<[], unknown> // what JavaScript may pass

describe.each(kinds)('a goroutine of a function that is $kind', ({ of }) => {
  it('starts soon, never inline', async () => {
    const order: string[] = []
    go(of(() => order.push('body')))
    order.push('after go')
    await settle()
    expect(order).toEqual(['after go', 'body'])
  })

  it('GO-001 gets its arguments as they were at the go call', async () => {
    let x = 1
    const seen = go(
      of((n: number) => n),
      x,
    )
    x = 2
    expect(await seen.join()).toBe(1)
    expect(x).toBe(2)
  })

  it('GO-002 may have a result that nobody joins', async () => {
    const before = numGoroutine()
    go(of(() => 42))
    go(of(() => new Error('a value like any other')))
    await settle()
    expect(crashes).toEqual([])
    expect(numGoroutine()).toBe(before)
  })

  it('MM-001 sees what was written before go', async () => {
    let a = ''
    const seen = () => a
    a = 'hello, world'
    expect(await go(of(seen)).join()).toBe('hello, world')
  })

  it('gives its result, or the thrown value itself, to every joiner, before and after its end', async () => {
    const cause = { reason: 'thrown as it is' }
    const returned = go(of(() => 42))
    const failed = go(
      of(() => {
        throw cause
      }),
    )
    const early = [performed(returned.join()), performed(returned.join()), performed(failed.join()), performed(failed.join())]
    await settle()
    const late = [performed(returned.join()), performed(failed.join())]
    await settle()
    expect(early.map(({ now }) => now)).toEqual([done(42), done(42), thrown(cause), thrown(cause)])
    expect(late.map(({ now }) => now)).toEqual([done(42), thrown(cause)])
    expect(crashes).toEqual([])
  })

  it('GO-024 fails with undefined or null as with anything else', async () => {
    for (const nothing of [undefined, null]) {
      const failed = go(
        of(() => {
          throw nothing
        }),
      )
      const join = performed(failed.join())
      await settle()
      expect(join.now).toEqual(thrown(nothing))
    }
    go(
      of(() => {
        throw undefined
      }),
    )
    await settle()
    expect(crashes).toEqual([undefined])
  })

  it('GO-026 started in a loop sees the variable of its own round', async () => {
    const seen: number[] = []
    for (let i = 0; i < 10; i++) go(of(() => seen.push(i)))
    await settle()
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('GO-030 keeps in the stack the name of the function that threw, across a channel and a join', async () => {
    const breakDown = () => {
      throw new Error('it broke')
    }
    const failed = go(of(breakDown))
    const errors = chan<unknown>(1)
    go(function* () {
      try {
        yield* failed.join()
      } catch (error) {
        yield* errors.send(error)
      }
    })
    const relayed = go(function* () {
      const message = yield* errors.receive()
      if (message._tag === 'Some') throw message.value
    })
    const join = performed(relayed.join())
    await settle()
    expect(join.now).toEqual(thrown(expect.objectContaining({ stack: expect.stringContaining('breakDown') as string })))
  })
})

describe('go', () => {
  it('numbers its goroutines from one up and names them after their functions', () => {
    function* fetchPage() {}
    const first = go(fetchPage)
    const second = go(async () => {})
    expect(second.id).toBe(first.id + 1)
    expect(first.id).toBeGreaterThan(0)
    expect([first.name, second.name]).toEqual(['fetchPage', 'anonymous'])
  })

  it('starts goroutines in the order of the calls', async () => {
    const order: number[] = []
    for (let i = 0; i < 5; i++) for (const { of } of kinds) go(of(() => order.push(i)))
    await settle()
    expect(order).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4])
  })

  it.each([
    ['null', null, 'go of nil func value'],
    ['undefined', undefined, 'go of nil func value'],
    ['42', 42, 'go(fn)'],
    ['"worker"', 'worker', 'go(fn)'],
    ['an object', {}, 'go(fn)'],
    ['an instance of Task', go(() => {}), 'go(fn)'],
  ])('GO-016 of %s, which is no function, throws at once and starts nothing', (shown, value, where) => {
    const before = numGoroutine()
    expect(() => go(anyBody(value))).toThrow(new TypeError(`${where}: expected a function, got ${shown}`))
    expect(numGoroutine()).toBe(before)
  })

  it.each([
    ['a generator', (function* () {})(), ': pass the function and its arguments, as in go(worker, 1)'],
    ['an async generator', (async function* () {})(), ': pass the function and its arguments, as in go(worker, 1)'],
    ['a promise', Promise.resolve(), ': pass the function and its arguments, as in go(worker, 1)'],
    ['a promise', { then() {} }, ': pass the function and its arguments, as in go(worker, 1)'],
    ['an instance of Receive', chan().receive(), ''],
    ['an object', new (class {})(), ''],
  ])('given %s in place of a function it says so, with the cure where there is one', (shown, value, cure) => {
    expect(() => go(anyBody(value))).toThrow(new TypeError(`go(fn): expected a function, got ${shown}${cure}`))
  })

  it('waits for the operation that a plain function returns', async () => {
    const ch = chan<number>()
    const result = performed(go(() => ch.receive().map((message) => message._tag)).join())
    await settle()
    expect(result.now).toEqual(waiting)
    ch.close()
    await settle()
    expect(result.now).toEqual(done('None'))
  })

  it('waits for any thenable once, and takes its failure', async () => {
    const twice = { then: (resolve: (value: number) => void) => (resolve(1), resolve(2)) }
    const cause = new Error('no promise')
    const broken = {
      then() {
        throw cause
      },
    }
    const before = numGoroutine()
    const joins = [performed(go(anyBody(() => twice)).join()), performed(go(anyBody(() => broken)).join())]
    await settle()
    expect(joins.map(({ now }) => now)).toEqual([done(1), thrown(cause)])
    expect(numGoroutine()).toBe(before)
  })

  it('does not join a goroutine that its function returns', async () => {
    const inner = chan<void>()
    const outer = await go(() => go(() => inner.receive())).join()
    expect(outer.name).toBe('anonymous')
    inner.close()
    await outer.join()
  })

  it('waits for a goroutine that its function joins', async () => {
    const result = go(async () => {
      const inner = go(function* () {
        yield* gosched()
        return 'inner'
      })
      return await inner.join()
    })
    expect(await result.join()).toBe('inner')
  })
})

describe('code that is not allowed in a goroutine', () => {
  it.each([
    ['a plain yield', 42, '42'],
    ['a yield without its star', chan().receive(), 'an instance of Receive'],
    ['a promise', Promise.resolve(), 'an instance of Promise'],
  ])('%s is an error that names the goroutine and the value', async (_, value, shown) => {
    function* mistaken() {
      yield value
    }
    const goroutine = go(anyBody(mistaken))
    const join = performed(goroutine.join())
    await settle()
    expect(join.now).toEqual(
      thrownError(
        `goroutine ${goroutine.id} (mistaken) yielded ${shown}: only operations may be yielded, with yield* (a plain yield, or a generator driven by hand, does not wait)`,
      ),
    )
  })

  it('an async generator is an error that names it, also where its first step throws', async () => {
    for (const fault of [false, true]) {
      const goroutine = go(async function* streaming() {
        await Promise.resolve()
        if (fault) throw new Error('unhandled')
        yield 1
      })
      const join = performed(goroutine.join())
      await settle()
      expect(join.now).toEqual(
        thrownError(`goroutine ${goroutine.id} (streaming) is an async generator: use function* with yield*, or an async function`),
      )
    }
  })

  it('an operation pulled by a spread is an error, never a lost wake-up', async () => {
    const ch = chan<number>()
    const join = performed(go(() => [...(ch.receive() as unknown as Iterable<unknown>)]).join())
    const spread = performed(
      go(function* () {
        yield* gosched()
        return [...(ch.receive() as unknown as Iterable<unknown>)]
      }).join(),
    )
    await settle()
    expect(join.now).toEqual(thrown(expect.objectContaining({ message: expect.stringContaining('a spread') as string })))
    expect(spread.now).toEqual(thrown(expect.objectContaining({ message: expect.stringContaining('a spread') as string })))
  })

  it('an operation abandoned half-driven is an error at the end of the goroutine', async () => {
    const ch = chan<number>()
    function* helper() {
      yield* ch.receive()
    }
    const goroutine = go(function* leaver() {
      helper().next()
    })
    const join = performed(goroutine.join())
    await settle()
    expect(join.now).toEqual(
      thrownError(
        `goroutine ${goroutine.id} (leaver) ended while an operation (chan receive) was under way: it was performed by something other than yield* (an async generator, a generator driven by hand)`,
      ),
    )
  })

  it('a range is a goroutine loop like any other', async () => {
    const ch = chan<number>(3)
    for (let i = 0; i < 3; i++) ch.trySend(i)
    ch.close()
    const sum = go(function* () {
      let total = 0
      for (const it = range(ch); yield* it.next();) total += it.value
      return total
    })
    expect(await sum.join()).toBe(3)
  })
})

describe('go.named', () => {
  it('gives the goroutine a name, and its function the arguments', async () => {
    const add = (a: number, b: number) => a + b
    const sum = go.named('sum', add, 1, 2)
    expect([sum.name, go(add, 1, 2).name]).toEqual(['sum', 'add'])
    expect(await sum.join()).toBe(3)
  })

  it('the name is there from the start, and stays when the goroutine is canceled', async () => {
    const seen: string[] = []
    const note = ({ name }: { readonly name: string }) => seen.push(name)
    const before = setProbe({ spawn: note, cancel: note, end: note })
    try {
      go.named('poller', function* () {
        yield* chan().receive()
      }).cancel()
      await settle()
    } finally {
      setProbe(before)
    }
    expect(seen).toEqual(['poller', 'poller', 'poller'])
  })

  it('throws at once where the name is not a string, or the body is not a function', () => {
    const live = numGoroutine()
    expect(() => go.named(1 as unknown as string, () => {})).toThrow(new TypeError('go.named(name, fn): expected a name, got 1'))
    expect(() => go.named('worker', anyBody(null))).toThrow(new TypeError('go of nil func value: expected a function, got null'))
    expect(numGoroutine()).toBe(live)
  })
})
