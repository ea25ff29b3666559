import { chan, go, gosched, numGoroutine, onCrash, select, type Goroutine } from 'millrace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { performed, subscribed, thrown, ways, type Outcome } from '../support/outcome.js'
import { hostTurn, settle } from '../support/settle.js'
import { kinds } from '../support/function-kinds.js'

const cause = new Error('boom')
const failing = (): Goroutine<never> =>
  go(() => {
    throw cause
  })

let crashes: [unknown, string][] = []
let off = (): void => {}
beforeEach(() => {
  crashes = []
  off = onCrash((error, goroutine) => crashes.push([error, goroutine.name]))
})
afterEach(() => off())

describe('a failure that nobody joins', () => {
  it.each(kinds)('is a crash, once, with its goroutine ($kind)', async ({ of }) => {
    const body = of(() => {
      throw cause
    })
    Object.defineProperty(body, 'name', { value: 'worker' })
    const goroutine = go(body)
    await settle()
    expect(crashes).toEqual([[cause, 'worker']])
    // A late join still throws it.
    const join = performed(goroutine.join())
    await settle()
    expect(join.now).toEqual(thrown(cause))
    expect(crashes).toHaveLength(1)
  })

  it('is not a crash before the event loop has turned', async () => {
    let atNextTurn: unknown = null
    go(() => {
      void hostTurn().then(() => (atNextTurn = [...crashes]))
      throw cause
    })
    await settle()
    expect(atNextTurn).toEqual([])
    expect(crashes).toHaveLength(1)
  })

  it('is a crash while the joiner waits for another goroutine: join in order of failure, or use a group', async () => {
    const gate = chan<never>()
    const a = go(function* () {
      yield* gate.receive()
    })
    const b = failing()
    const joined = performed(
      go(function* () {
        yield* a.join()
        yield* b.join()
      }).join(),
    )
    await settle()
    expect(crashes).toHaveLength(1)
    gate.close()
    await settle()
    expect(joined.now).toEqual(thrown(cause))
  })
})

describe('a failure that a goroutine joins', () => {
  it.each(ways)('before it happens is not a crash (%s)', async (_, perform) => {
    const goroutine = go(function* () {
      yield* gosched()
      throw cause
    })
    const join = perform(goroutine.join())
    await settle()
    expect(join.now).toEqual(thrown(cause))
    expect(crashes).toEqual([])
  })

  it.each(ways)('after it happened, in the same turn of the event loop, is not a crash (%s)', async (_, perform) => {
    const before = numGoroutine()
    let join: Outcome<never> | null = null
    const goroutine = go((): never => {
      queueMicrotask(() => {
        expect(numGoroutine()).toBe(before) // it has ended
        join = perform(goroutine.join())
      })
      throw cause
    })
    await settle()
    expect(join).toMatchObject({ now: thrown(cause) })
    expect(crashes).toEqual([])
  })

  it('is thrown to each joiner', async () => {
    const goroutine = failing()
    const joins = [performed(goroutine.join()), subscribed(goroutine.join()), performed(select({ end: goroutine.join() }))]
    await settle()
    expect(joins.map(({ now }) => now)).toEqual([thrown(cause), thrown(cause), thrown(cause)])
    expect(crashes).toEqual([])
  })
})

describe('onCrash', () => {
  it.each([null, undefined, 42, {}])('of %s, which is no function, throws', (hook) => {
    expect(() => onCrash(hook as never)).toThrow(TypeError)
    expect(() => onCrash(hook as never)).toThrow('onCrash(hook): expected a function')
  })

  it('the last hook is in force; removed, the one before it, in any order of removal', async () => {
    const seen: string[] = []
    const first = onCrash(() => seen.push('first'))
    const second = onCrash(() => seen.push('second'))
    const crash = async () => {
      failing()
      await settle()
      return seen.splice(0)
    }
    expect(await crash()).toEqual(['second'])
    first()
    expect(await crash()).toEqual(['second'])
    second()
    expect(await crash()).toEqual([])
    expect(crashes).toHaveLength(1)
    second()
    failing()
    await settle()
    expect(crashes).toHaveLength(2)
  })
})
