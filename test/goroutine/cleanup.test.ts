/** Go's defer is `finally` and `using`, its recover is `catch`, and its Goexit is a goroutine that cancels itself. */
import { chan, go, gosched, onLateFailure, type Goroutine } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, thrownError } from '../support/outcome.js'
import { settle } from '../support/settle.js'

/** Ends a goroutine in its body: by return, by throw, or (Goexit) by a cancel that takes effect at the next operation. */
const ends: Record<string, (self: Goroutine<unknown>) => unknown> = {
  return: () => 'returned',
  throw: () => {
    throw new Error('boom')
  },
  'its own cancel': (self) => self.cancel(),
}
const outcomes: Record<string, unknown> = {
  return: done('returned'),
  throw: thrownError('boom'),
  'its own cancel': thrownError('context canceled'),
}

describe.each(Object.keys(ends))('a goroutine that ends by %s', (how) => {
  it('GO-005 runs its cleanups last in, first out, and each may wait', async () => {
    const order: string[] = []
    const cleanUp = (name: string) => ({ [Symbol.dispose]: () => void order.push(name) })
    const self: Goroutine<unknown> = go(function* () {
      using _first = cleanUp('first')
      try {
        using _second = cleanUp('second')
        try {
          const result = ends[how](self)
          if (how === 'return') return result
          yield* gosched()
          return 'not reached'
        } finally {
          yield* gosched()
          order.push('third')
        }
      } finally {
        order.push('between')
      }
    })
    const join = performed(self.join())
    await settle()
    expect(order).toEqual(['third', 'second', 'between', 'first'])
    expect(join.now).toEqual(outcomes[how])
  })
})

describe('a failure', () => {
  it('GO-006 that is caught is the thrown value itself, once, and the goroutine returns normally', async () => {
    const cause = { any: 'value' }
    const caught: unknown[] = []
    const inner = () =>
      go(function* () {
        yield* gosched()
        throw cause
      })
    const join = performed(
      go(function* () {
        try {
          yield* inner().join()
        } catch (error) {
          caught.push(error)
        }
        try {
          yield* gosched()
        } catch (error) {
          caught.push(error)
        }
        return 'fine'
      }).join(),
    )
    await settle()
    expect(join.now).toEqual(done('fine'))
    expect(caught).toHaveLength(1)
    expect(caught[0]).toBe(cause)
  })

  it('GO-007 runs the cleanups that were reached, with the values of that time', async () => {
    const order: number[] = []
    const cleanUp = (n: number) => ({ [Symbol.dispose]: () => void order.push(n) })
    const reach = (n: number, isReached: boolean) => (isReached ? cleanUp(n) : null)
    const join = performed(
      go(function* () {
        let n = 1
        using _one = reach(n, true)
        n = 2
        using _two = reach(n, n > 1)
        using _three = reach(3, n > 2)
        yield* gosched()
        using _four = reach(2 * n, true)
        n = 9
        throw new Error('boom')
      }).join(),
    )
    await settle()
    expect(order).toEqual([4, 2, 1])
    expect(join.now).toEqual(thrownError('boom'))
  })

  it('GO-010 in a cleanup does not stop the other cleanups, and the last error escapes', async () => {
    const order: string[] = []
    const join = performed(
      go(function* () {
        try {
          try {
            try {
              throw new Error('first')
            } catch (error) {
              order.push(`caught ${(error as Error).message}`)
            } finally {
              yield* gosched()
              throw new Error('second') // eslint-disable-line no-unsafe-finally -- as a cleanup may
            }
          } catch (error) {
            order.push(`caught ${(error as Error).message}`)
          } finally {
            yield* gosched()
            throw new Error('third') // eslint-disable-line no-unsafe-finally -- as a cleanup may
          }
        } finally {
          order.push('last cleanup')
        }
      }).join(),
    )
    await settle()
    expect(order).toEqual(['caught first', 'caught second', 'last cleanup'])
    expect(join.now).toEqual(thrownError('third'))
  })
})

describe('a goroutine that ends itself', () => {
  it('GO-012 runs its cleanups, without an error to catch, and nothing else; other goroutines continue', async () => {
    const order: unknown[] = []
    const ch = chan<string>(1)
    const self: Goroutine<unknown> = go(function* () {
      try {
        self.cancel()
        order.push('until the next operation')
        yield* ch.send('never sent, although there is room')
        order.push('after')
      } catch (error) {
        order.push(error)
      } finally {
        try {
          order.push('cleanup')
          yield* gosched()
        } catch (error) {
          order.push(error)
        }
      }
      order.push('after all')
    })
    const other = performed(
      go(function* () {
        for (let i = 0; i < 5; i++) yield* gosched()
        return 'went on'
      }).join(),
    )
    await settle()
    expect(order).toEqual(['until the next operation', 'cleanup'])
    expect(other.now).toEqual(done('went on'))
    expect(ch.size).toBe(0)
  })

  it('is no failure, but an error in its cleanup is a late failure', async () => {
    const late: unknown[] = []
    const off = onLateFailure((error) => late.push(error))
    const cause = new Error('cleanup failed')
    const quiet: Goroutine<void> = go(function* () {
      quiet.cancel()
      yield* gosched()
    })
    const loud: Goroutine<void> = go(function* () {
      try {
        loud.cancel()
        yield* gosched()
      } finally {
        throw cause // eslint-disable-line no-unsafe-finally -- as a cleanup may
      }
    })
    await settle()
    off()
    expect(late).toEqual([cause])
  })
})
