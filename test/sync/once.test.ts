import { chan, go, gosched, once, onCrash, select } from 'millrace'
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

  it('ON-002 a throw counts as done: the first caller gets the error, later callers return', async () => {
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

  it('an error that the first caller did not wait for is a crash, even with other waiters', async () => {
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

  it('rejects an argument that is not a function, and does not count that call', async () => {
    const o = once()
    expect(() => o.do(undefined as never)).toThrow('once.do(f): expected a function, got undefined')
    let ran = 0
    await o.do(() => void ran++)
    expect(ran).toBe(1)
  })
})
