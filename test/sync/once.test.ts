import { describe, expect, it } from 'vitest'
import { chan, go, gosched, onCrash, once, onceFunc, onceValue, select, type Op } from 'millrace'
import { done, performed, thrown, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'

describe('once', () => {
  it('ON-001 of ten callers one runs the function and all wait for it', async () => {
    const o = once()
    let n = 0
    function* increment() {
      yield* gosched()
      n++
    }
    for (let i = 0; i < 10; i++)
      go(function* () {
        yield* o.do(increment)
        expect(n).toBe(1)
      })
    await o.do(increment)
    await settle()
    expect(n).toBe(1)
  })

  it('ON-002 a throw counts as done: it is for the first caller, the others return', async () => {
    const o = once()
    const boom = new Error('boom')
    const first = performed(
      o.do(() => {
        throw boom
      }),
    )
    const meanwhile = performed(o.do(() => expect.unreachable()))
    await settle()
    expect(first.now).toEqual(thrown(boom))
    expect(meanwhile.now).toEqual(done(undefined))
    await o.do(() => expect.unreachable())
  })

  it('the function goes on where the caller who started it gives up', async () => {
    const o = once()
    const gate = chan<void>()
    let ran = 0
    const caller = go(function* () {
      yield* o.do(function* () {
        yield* gate.receive()
        ran++
      })
    })
    await settle()
    caller.cancel()
    const other = performed(o.do(() => expect.unreachable()))
    await settle()
    expect(other.now).toEqual(waiting)
    gate.close()
    await settle()
    expect(ran).toBe(1)
    expect(other.now).toEqual(done(undefined))
  })

  it('a throw that the first caller did not wait for is a crash, though others waited for the end', async () => {
    const crashes: unknown[] = []
    const restore = onCrash((error) => crashes.push(error))
    const o = once()
    const boom = new Error('boom')
    void o.do(async () => {
      throw boom
    })
    await o.do(() => {})
    await settle()
    restore()
    expect(crashes).toEqual([boom])
  })

  it('is a case of a select', async () => {
    const o = once()
    void o.do(() => new Promise<void>(() => {}))
    const choice = performed(select({ once: o.do(() => expect.unreachable()), now: Promise.resolve(1) }))
    await settle()
    expect(choice.now).toEqual(done({ case: 'now', value: 1 }))
  })

  it('refuses what is no function, and has not run by that', async () => {
    const o = once()
    expect(() => o.do(undefined as never)).toThrow('once.do(f): expected a function, got undefined')
    let ran = 0
    await o.do(() => void ran++)
    expect(ran).toBe(1)
  })
})

describe('onceFunc and onceValue', () => {
  it('ON-006 run once and answer the same for ever', async () => {
    const calls = { func: 0, value: 0, values: 0 }
    const func = onceFunc(() => void calls.func++)
    const value = onceValue(() => ++calls.value)
    const values = onceValue(() => [++calls.values, 2] as const)
    for (let i = 0; i < 3; i++) {
      await func()
      expect(await value()).toBe(1)
      expect(await values()).toEqual([1, 2])
    }
    expect(calls).toEqual({ func: 1, value: 1, values: 1 })
  })

  it.each([undefined, null, false, 0, '', NaN])('ON-011 %s as a result is cached too', async (falsy) => {
    let calls = 0
    const value = onceValue(() => {
      calls++
      return falsy
    })
    expect([await value(), await value()]).toEqual([falsy, falsy])
    expect(calls).toBe(1)
  })

  it('ON-013 callers of an async once share its one run', async () => {
    const gate = chan<number>()
    let runs = 0
    const value = onceValue(async () => {
      runs++
      return await gate.receive()
    })
    const callers = [1, 2, 3].map(() => performed(value()))
    await settle()
    expect(callers.map(({ now }) => now)).toEqual([waiting, waiting, waiting])
    await gate.send(42)
    await settle()
    const result = { _tag: 'Some', value: 42 }
    expect(callers.map(({ now }) => now)).toEqual(Array(3).fill(done(result)))
    expect(await value()).toEqual(result)
    expect(runs).toBe(1)
  })

  it('ON-013 or share its one failure', async () => {
    const boom = new Error('boom')
    let runs = 0
    for (const make of [onceValue, onceFunc] as ((f: () => Promise<never>) => () => Op<unknown>)[]) {
      const value = make(async () => {
        runs++
        throw boom
      })
      const callers = [1, 2, 3].map(() => performed(value()))
      await settle()
      callers.push(performed(value()))
      await settle()
      expect(callers.map(({ now }) => now)).toEqual(Array(4).fill(thrown(boom)))
    }
    expect(runs).toBe(2)
  })

  it('nothing runs before the first call', async () => {
    let runs = 0
    onceFunc(() => void runs++)
    onceValue(() => runs++)
    await settle()
    expect(runs).toBe(0)
  })

  it('refuse what is no function', () => {
    expect(() => onceFunc(1 as never)).toThrow('onceFunc(f): expected a function, got 1')
    expect(() => onceValue(null as never)).toThrow('onceValue(f): expected a function, got null')
  })
})
