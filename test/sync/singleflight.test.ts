import { describe, expect, it } from 'vitest'
import {
  background,
  chan,
  go,
  never,
  numGoroutine,
  select,
  singleflight,
  sleep,
  waitGroup,
  withCancel,
  withTimeout,
  type Context,
} from 'millrace'
import { done, performed, thrown, thrownError, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

describe('singleflight', () => {
  it('SF-001 a single caller gets the result, not shared', async () => {
    const flights = singleflight<string, string>()
    expect(await flights.do('key', () => 'bar')).toEqual({ value: 'bar', shared: false })
    expect(await flights.do('key', async () => 'bar')).toEqual({ value: 'bar', shared: false })
  })

  it('SF-002 the error passes by identity', async () => {
    const flights = singleflight<string, string>()
    const error = new Error('some error')
    const call = performed(
      flights.do('key', () => {
        throw error
      }),
    )
    await settle()
    expect(call.now).toEqual(thrown(error))
  })

  it('SF-003 callers of one key share a run', async () => {
    const flights = singleflight<string, string>()
    const gate = chan<string>()
    let runs = 0
    const wg = waitGroup()
    const seen: unknown[] = []
    for (let i = 0; i < 10; i++)
      wg.go(function* () {
        const { value } = yield* flights.do('key', async () => {
          runs++
          const message = await gate.receive()
          return message._tag === 'Some' ? message.value : 'closed'
        })
        seen.push(value)
      })
    await settle()
    await gate.send('bar')
    await wg.wait()
    expect(seen).toEqual(Array(10).fill('bar'))
    expect(runs).toBe(1)
  })

  it('runs nothing before it is performed, and each performance asks anew', async () => {
    const flights = singleflight<string, number>()
    let runs = 0
    const call = flights.do('key', () => ++runs)
    await settle()
    expect(runs).toBe(0)
    expect([await call, await call].map(({ value }) => value)).toEqual([1, 2])
  })

  it('SF-004 each performance gets its result exactly once, by yield*, by await and as a case of a select', async () => {
    const flights = singleflight<string, string>()
    const [gate, results] = [chan<void>(), [] as unknown[]]
    let runs = 0
    const call = flights.do('key', function* () {
      runs++
      yield* gate.receive()
      return 'bar'
    })
    go(function* () {
      results.push(['yield*', yield* call])
    })
    void call.then((result) => results.push(['await', result]))
    void select({ call: go(call).join() }).then(({ value }) => results.push(['select', value]))
    await settle()
    expect(results).toEqual([])
    gate.close()
    await settle()
    expect(results.sort()).toEqual(['await', 'select', 'yield*'].map((way) => [way, { value: 'bar', shared: true }]))
    expect(runs).toBe(1)
  })

  it('is no case of a select, but its goroutine is joined as one', async () => {
    const flights = singleflight<string, string>()
    const call = flights.do('key', () => 'bar')
    expect(() => select({ call: call as never })).toThrow('select: case "call": a job has effects before it is chosen')
    expect(await select({ call: go(call).join() })).toEqual({ case: 'call', value: { value: 'bar', shared: false } })
  })

  it('SF-007 every caller of a shared run gets shared = true', async () => {
    const flights = singleflight<string, number>()
    const gate = chan<void>()
    const calls = [1, 2, 3].map((n) =>
      performed(
        flights.do('key', function* () {
          yield* gate.receive()
          return n
        }),
      ),
    )
    const e = new Error('e')
    const failing = [1, 2, 3].map(() =>
      performed(
        flights.do('failing', async () => {
          await gate.receive()
          throw e
        }),
      ),
    )
    await settle()
    gate.close()
    await settle()
    expect(calls.map(({ now }) => now)).toEqual(Array(3).fill(done({ value: 1, shared: true })))
    expect(failing.map(({ now }) => now)).toEqual(Array(3).fill(thrown(e)))
  })

  it("SF-012 a second caller's function never runs while the first does", async () => {
    const flights = singleflight<string, string>()
    const gate = chan<void>()
    const first = performed(
      flights.do('key', async () => {
        await gate.receive()
        return 'func 1'
      }),
    )
    const second = performed(flights.do('key', () => expect.unreachable()))
    await settle()
    gate.close()
    await settle()
    expect([first.now, second.now]).toEqual(Array(2).fill(done({ value: 'func 1', shared: true })))
  })

  it('SF-013 keys are independent and nothing is cached', async () => {
    const flights = singleflight<string, number>()
    const gate = chan<void>()
    const slow = performed(
      flights.do('slow', async () => {
        await gate.receive()
        return 0
      }),
    )
    let runs = 0
    expect(await flights.do('quick', () => ++runs)).toEqual({ value: 1, shared: false })
    expect(await flights.do('quick', () => ++runs)).toEqual({ value: 2, shared: false })
    expect(slow.now).toEqual(waiting)
    gate.close()
    await settle()
    expect(slow.now).toEqual(done({ value: 0, shared: false }))
  })

  it('SF-015 forgetting what does not run is harmless', async () => {
    const flights = singleflight<string, number>()
    flights.forget('unknown')
    expect(await flights.do('key', () => 1)).toEqual({ value: 1, shared: false })
    flights.forget('key')
    expect(await flights.do('key', () => 2)).toEqual({ value: 2, shared: false })
  })

  it('after forget the next caller starts a new run beside the current one', async () => {
    const flights = singleflight<string, number>()
    const gates = [chan<void>(), chan<void>()]
    const call = (i: number) =>
      performed(
        flights.do('key', async () => {
          await gates[i].receive()
          return i
        }),
      )
    const first = call(0)
    await settle()
    flights.forget('key')
    const second = call(1)
    await settle()
    gates[0].close() // its end does not forget the second run
    await settle()
    const third = call(0)
    await settle()
    gates[1].close()
    await settle()
    expect(first.now).toEqual(done({ value: 0, shared: false }))
    expect([second.now, third.now]).toEqual(Array(2).fill(done({ value: 1, shared: true })))
  })

  it('SF-016 a caller that leaves does not cancel the others', async () => {
    using clock = virtualTime()
    using short = withTimeout(background, 10)
    const flights = singleflight<string, string>()
    const seen: Context[] = []
    function* work(ctx: Context) {
      seen.push(ctx)
      yield* sleep(20)
      return 'done'
    }
    const leaving = performed(flights.do('key', work).within(short))
    const staying = performed(flights.do('key', work))
    await clock.advance(10)
    await settle()
    expect(leaving.now).toEqual(thrownError('context deadline exceeded'))
    await clock.advance(10)
    await settle()
    expect(staying.now).toEqual(done({ value: 'done', shared: true }))
    expect(seen).toHaveLength(1)
    expect(seen[0].err()._tag).toBe('None') // no caller's context
  })
})

describe('singleflight, when the last caller leaves', () => {
  it('a generator is unwound, the context of an async function ends, and the key is free', async () => {
    const before = numGoroutine()
    const flights = singleflight<string, string>()
    const log: string[] = []
    using ctx = withCancel(background)
    const calls = [
      performed(
        flights
          .do('generator', function* () {
            try {
              yield* select({})
            } finally {
              log.push('unwound')
            }
            return ''
          })
          .within(ctx),
      ),
      performed(
        flights
          .do('async', async (its) => {
            await its.done()
            log.push('told')
            return ''
          })
          .within(ctx),
      ),
    ]
    await settle()
    ctx.cancel()
    await settle()
    expect(calls.map(({ now }) => now.is)).toEqual(['thrown', 'thrown'])
    expect(log.sort()).toEqual(['told', 'unwound'])
    expect(await flights.do('generator', () => 'anew')).toEqual({ value: 'anew', shared: false })
    expect(numGoroutine()).toBe(before)
  })

  it('a caller that comes during the clean-up starts a new run', async () => {
    const flights = singleflight<string, number>()
    const gate = chan<void>()
    const first = performed(
      flights.do('key', function* () {
        try {
          yield* never()
        } finally {
          yield* gate.receive()
        }
        return 1
      }),
    )
    await settle()
    first.leave()
    expect(await flights.do('key', () => 2)).toEqual({ value: 2, shared: false })
    gate.close()
    await settle()
  })

  it('waits for the clean-up of the run before it goes on', async () => {
    const flights = singleflight<string, number>()
    const gate = chan<void>()
    const log: string[] = []
    const caller = go(function* () {
      try {
        yield* flights.do('key', function* () {
          try {
            return yield* never()
          } finally {
            yield* gate.receive()
            log.push('run')
          }
        })
      } finally {
        log.push('caller')
      }
    })
    await settle()
    caller.cancel()
    await settle()
    expect(log).toEqual([])
    gate.close()
    await settle()
    expect(log).toEqual(['run', 'caller'])
  })

  it('rejects an argument that is not a function', () => {
    expect(() => singleflight().do('key', 1 as never)).toThrow('singleflight.do(key, f): expected a function, got 1')
  })
})
