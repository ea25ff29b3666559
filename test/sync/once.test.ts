import { chan, go, gosched, once, onCrash } from 'millrace'
import { describe, expect, it } from 'vitest'
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

  it('ON-002 a throw counts as done: every caller gets the error, and the function is not run again', async () => {
    const o = once()
    const boom = new Error('boom')
    const first = performed(
      o.do(() => {
        throw boom
      }),
    )
    const meanwhile = performed(o.do(() => expect.unreachable()))
    await settle()
    expect([first.now, meanwhile.now]).toEqual([thrown(boom), thrown(boom)])
    const late = performed(o.do(() => expect.unreachable()))
    await settle()
    expect(late.now).toEqual(thrown(boom))
  })

  it('runs nothing before it is performed', async () => {
    const o = once()
    const unused = o.do(() => expect.unreachable())
    await settle()
    let ran = 0
    await o.do(() => void ran++)
    await unused
    expect(ran).toBe(1)
  })

  it('the function continues when the caller that started it stops waiting', async () => {
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

  it('keeps its failure for later callers when the caller that started it has left', async () => {
    const crashes: unknown[] = []
    const restore = onCrash((error) => crashes.push(error))
    const o = once()
    const boom = new Error('boom')
    const gate = chan<void>()
    const first = performed(
      o.do(function* () {
        yield* gate.receive()
        throw boom
      }),
    )
    await settle()
    first.leave()
    const meanwhile = performed(o.do(() => expect.unreachable()))
    await settle()
    gate.close()
    await settle()
    const late = performed(o.do(() => expect.unreachable()))
    await settle()
    restore()
    expect([meanwhile.now, late.now]).toEqual([thrown(boom), thrown(boom)])
    expect(crashes).toEqual([])
  })

  it('rejects an argument that is not a function, and does not count that call', async () => {
    const o = once()
    expect(() => o.do(undefined as never)).toThrow('once.do(f): expected a function, got undefined')
    let ran = 0
    await o.do(() => void ran++)
    expect(ran).toBe(1)
  })
})
