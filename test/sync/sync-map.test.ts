import { describe, expect, it } from 'vitest'
import { background, chan, go, gosched, syncMap, waitGroup, withCancel, type SyncMap } from 'millrace'
import { done, performed, thrown, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'

const none = { _tag: 'None' }
const some = (value: unknown) => ({ _tag: 'Some', value })

describe('syncMap', () => {
  it('MP-001 load returns None, the value, and None after delete', () => {
    const map = syncMap<string, number>()
    expect(map.load('a')).toEqual(none)
    map.store('a', 1)
    expect(map.load('a')).toEqual(some(1))
    map.delete('a')
    map.delete('a')
    expect(map.load('a')).toEqual(none)
  })

  it('MP-002 loadOrStore and loadAndDelete return the previous value', () => {
    const map = syncMap<string, number>()
    expect(map.loadOrStore('a', 1)).toEqual({ value: 1, loaded: false })
    expect(map.loadOrStore('a', 2)).toEqual({ value: 1, loaded: true })
    expect(map.load('a')).toEqual(some(1))
    expect(map.loadAndDelete('a')).toEqual(some(1))
    expect(map.loadAndDelete('a')).toEqual(none)
  })

  it('MP-003 clear empties and the map stays usable', () => {
    const map = syncMap<number, number>()
    for (let i = 0; i < 3; i++) map.store(i, i)
    map.clear()
    expect(map.load(1)).toEqual(none)
    map.range(() => expect.unreachable())
    map.store(1, 1)
    expect(map.load(1)).toEqual(some(1))
  })

  it('MP-004 swap returns the previous value; range stops on false', () => {
    const map = syncMap<string, number>()
    expect(map.swap('a', 1)).toEqual(none)
    expect(map.swap('a', 2)).toEqual(some(1))
    map.store('b', 3)
    map.store('c', 4)
    const seen: [string, number][] = []
    map.range((key, value) => {
      seen.push([key, value])
      return key !== 'b'
    })
    expect(seen).toEqual([
      ['a', 2],
      ['b', 3],
    ])
  })

  it('MP-007 range visits each old key once while others store', async () => {
    const n = 1024
    const map = syncMap<number, number>()
    for (let i = 1; i <= n; i++) map.store(i, i)
    const wg = waitGroup()
    for (let g = 1; g <= 4; g++)
      wg.go(function* () {
        for (let i = 1; i <= n; i++) {
          map.delete(i)
          map.store(i, i * g)
          if (i % 16 === 0) yield* gosched()
        }
      })
    for (let round = 0; round < 16; round++) {
      const seen = new Set<number>()
      const wrong: number[] = []
      map.range((key, value) => {
        if (value % key !== 0 || seen.has(key)) wrong.push(key)
        seen.add(key)
        map.delete(key) // and stored again: an iterated Map would visit it again
        map.store(key, value)
        map.store(n + seen.size, n + seen.size)
      })
      for (let i = 1; i <= n; i++) if (!seen.has(i)) wrong.push(i)
      expect(wrong).toEqual([])
      await go(() => {}).join()
    }
    await wg.wait()
  })

  it('MP-009 after a last clear nothing is left', async () => {
    const map = syncMap<number, number>()
    const wg = waitGroup()
    for (let i = 0; i < 10; i++) {
      wg.go(function* () {
        yield* gosched()
        map.store(i, i)
      })
      wg.go(function* () {
        yield* gosched()
        map.load(i)
      })
      wg.go(function* () {
        yield* gosched()
        map.clear()
      })
    }
    await wg.wait()
    map.clear()
    map.range(() => expect.unreachable())
  })

  it('compareAndSwap and compareAndDelete act on a match only', () => {
    const map = syncMap<string, object | number | undefined>()
    const [one, other] = [{}, {}]
    expect(map.compareAndSwap('a', undefined, 1)).toBe(false) // a missing key does not equal undefined
    expect(map.compareAndDelete('a', undefined)).toBe(false)
    map.store('a', one)
    expect(map.compareAndSwap('a', other, 1)).toBe(false)
    expect(map.compareAndSwap('a', one, other)).toBe(true)
    expect(map.load('a')).toEqual(some(other))
    expect(map.compareAndDelete('a', one)).toBe(false)
    expect(map.compareAndDelete('a', other)).toBe(true)
    expect(map.load('a')).toEqual(none)
  })

  it('undefined is a value like any other', () => {
    const map = syncMap<string, undefined>()
    map.store('a', undefined)
    expect(map.load('a')).toEqual(some(undefined))
    expect(map.loadOrStore('a', undefined).loaded).toBe(true)
    expect(map.compareAndDelete('a', undefined)).toBe(true)
    expect(map.load('a')).toEqual(none)
  })
})

describe('syncMap.loadOrCompute', () => {
  it.each([
    ['a generator', (gate: ReturnType<typeof chan<number>>) => function* (key: string) {
      const message = yield* gate.receive()
      return `${key} ${message._tag === 'Some' && message.value}`
    }],
    ['an async function', (gate: ReturnType<typeof chan<number>>) => async (key: string) => {
      const message = await gate.receive()
      return `${key} ${message._tag === 'Some' && message.value}`
    }],
  ])('runs its function once for concurrent callers, and stores its result: %s', async (_, make) => {
    const map = syncMap<string, string>()
    const gate = chan<number>()
    const f = make(gate)
    const asks = [1, 2, 3].map(() => performed(map.loadOrCompute('key', f)))
    await settle()
    expect(asks.map(({ now }) => now)).toEqual([waiting, waiting, waiting])
    expect(map.load('key')).toEqual(none)
    await gate.send(7)
    await settle()
    expect(asks.map(({ now }) => now)).toEqual(Array(3).fill(done('key 7')))
    expect(map.load('key')).toEqual(some('key 7'))
    expect(await map.loadOrCompute('key', () => expect.unreachable())).toBe('key 7')
  }) // prettier-ignore

  it('an error is thrown to all concurrent callers, and the next caller tries again', async () => {
    const map = syncMap<string, number>()
    const boom = new Error('boom')
    const fails = async (): Promise<number> => {
      throw boom
    }
    const asks = [performed(map.loadOrCompute('key', fails)), performed(map.loadOrCompute('key', fails))]
    await settle()
    expect(asks.map(({ now }) => now)).toEqual([thrown(boom), thrown(boom)])
    expect(await map.loadOrCompute('key', () => 5)).toBe(5)
  })

  it('a value stored meanwhile wins', async () => {
    const map = syncMap<string, string>()
    const gate = chan<void>()
    const ask = performed(
      map.loadOrCompute('key', function* () {
        yield* gate.receive()
        return 'computed'
      }),
    )
    await settle()
    map.store('key', 'stored')
    gate.close()
    await settle()
    expect(ask.now).toEqual(done('stored'))
    expect(map.load('key')).toEqual(some('stored'))
  })

  it('a caller that leaves does not stop the run for the others', async () => {
    using ctx = withCancel(background)
    const map = syncMap<string, number>()
    const gate = chan<void>()
    const load = async () => {
      await gate.receive()
      return 1
    }
    const impatient = performed(map.loadOrCompute('key', load).within(ctx))
    const patient = performed(map.loadOrCompute('key', load))
    await settle()
    ctx.cancel()
    gate.close()
    await settle()
    expect(impatient.now.is).toBe('thrown')
    expect(patient.now).toEqual(done(1))
    expect(map.load('key')).toEqual(some(1))
  })

  it('the last caller that leaves cancels the run, and nothing is stored', async () => {
    const map = syncMap<string, number>()
    const gate = chan<void>()
    const ends: string[] = []
    const only = performed(
      map.loadOrCompute('key', async (_, ctx) => {
        ctx.signal.addEventListener('abort', () => ends.push('context'))
        await gate.receive()
        return 1
      }),
    )
    await settle()
    only.leave()
    await settle()
    expect(ends).toEqual(['context'])
    gate.close()
    await settle()
    expect(map.load('key')).toEqual(none)
    expect(await map.loadOrCompute('key', () => 2)).toBe(2)
  })

  it.each([
    ['delete', (map: SyncMap<string, string>) => map.delete('key')],
    ['loadAndDelete', (map: SyncMap<string, string>) => void map.loadAndDelete('key')],
    ['clear', (map: SyncMap<string, string>) => map.clear()],
  ])('a %s makes a run stale: its callers get its result, and later callers a new run', async (_, remove) => {
    const map = syncMap<string, string>()
    const gates = [chan<void>(), chan<void>()]
    const load = (i: number) =>
      performed(
        map.loadOrCompute('key', function* () {
          yield* gates[i].receive()
          return `run ${i}`
        }),
      )
    const early = load(0)
    await settle()
    remove(map)
    const late = load(1)
    await settle()
    gates[0].close()
    await settle()
    expect([early.now, late.now]).toEqual([done('run 0'), waiting])
    expect(map.load('key')).toEqual(none)
    gates[1].close()
    await settle()
    expect(late.now).toEqual(done('run 1'))
    expect(map.load('key')).toEqual(some('run 1'))
  })

  it('runs nothing before it is performed', async () => {
    const map = syncMap<string, number>()
    const unused = map.loadOrCompute('key', () => expect.unreachable())
    await settle()
    map.store('key', 3)
    expect(await unused).toBe(3)
  })

  it('keys do not wait for each other', async () => {
    const map = syncMap<string, number>()
    const slow = performed(map.loadOrCompute('slow', () => new Promise<number>(() => {})))
    expect(await map.loadOrCompute('quick', () => 1)).toBe(1)
    expect(slow.now).toEqual(waiting)
    slow.leave()
  })

  it('rejects an argument that is not a function', () => {
    const map = syncMap<string, number>()
    expect(() => map.loadOrCompute('a', 1 as never)).toThrow('syncMap.loadOrCompute(key, f): expected a function, got 1')
    expect(() => map.range(1 as never)).toThrow('syncMap.range(f): expected a function, got 1')
  })
})
