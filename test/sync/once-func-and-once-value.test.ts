import { chan, onceFunc, onceValue, type Job } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, thrown, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { few, survivorsOf } from '../support/survivors.js'

describe('onceFunc and onceValue', () => {
  it('ON-006 run once and return the same result for ever', async () => {
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

  it('ON-013 callers of an async once share its one failure', async () => {
    const boom = new Error('boom')
    let runs = 0
    for (const make of [onceValue, onceFunc] as ((f: () => Promise<never>) => () => Job<unknown>)[]) {
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

  it('nothing runs before the first performance', async () => {
    let runs = 0
    void [onceFunc(() => void runs++)(), onceValue(() => runs++)()]
    await settle()
    expect(runs).toBe(0)
  })

  it('let their function go when it has run, whatever keeps them and their jobs', async () => {
    const kept: unknown[] = []
    for (const make of [onceFunc, onceValue]) {
      const survivors = await survivorsOf(100, () => {
        const f = () => 1
        const call = make(f)
        const job: PromiseLike<unknown> = call()
        void job.then(() => {})
        kept.push(call, job, call())
        return f
      })
      expect(survivors).toBeLessThan(few(2)) // the last may be in a register
    }
    expect(kept).toHaveLength(600)
  })

  it('reject an argument that is not a function', () => {
    expect(() => onceFunc(1 as never)).toThrow('onceFunc(f): expected a function, got 1')
    expect(() => onceValue(null as never)).toThrow('onceValue(f): expected a function, got null')
  })
})
