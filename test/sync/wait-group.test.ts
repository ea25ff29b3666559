import { afterEach, describe, expect, it } from 'vitest'
import {
  background,
  chan,
  go,
  gosched,
  onCrash,
  onLateFailure,
  select,
  setProbe,
  sleep,
  trySelect,
  waitGroup,
  withTimeout,
  type Goroutine,
} from 'millrace'
import { done, performed, subscribed, thrown, thrownError, type Outcome } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

describe('waitGroup', () => {
  it('WG-001 a barrier of two groups holds, used again eight times', async () => {
    const [first, second] = [waitGroup(), waitGroup()]
    for (let round = 0; round < 8; round++) {
      let passed = 0
      first.add(16)
      second.add(16)
      for (let i = 0; i < 16; i++)
        go(function* () {
          first.done()
          yield* second.wait()
          passed++
        })
      await first.wait()
      await settle()
      expect(passed).toBe(0)
      for (let i = 0; i < 16; i++) second.done()
      await settle()
      expect(passed).toBe(16)
    }
  })

  it('WG-002 done below zero throws, and changes nothing', async () => {
    const wg = waitGroup()
    wg.add(1)
    wg.done()
    expect(() => wg.done()).toThrow('sync: negative WaitGroup counter')
    await wg.wait()
    wg.add(1)
    expect(trySelect({ wait: wg.wait() })._tag).toBe('None')
    wg.done()
    await wg.wait()
  })

  it('WG-003 waiting for nothing returns at once, also twice in a row', async () => {
    const wg = waitGroup()
    let steps = 0
    go(function* () {
      yield* wg.wait()
      yield* wg.wait()
      steps++
    })
    await settle()
    expect(steps).toBe(1)
    expect(trySelect({ wait: wg.wait() })._tag).toBe('Some')
  })

  it('WG-004 negative deltas count down, not below zero', async () => {
    const wg = waitGroup()
    wg.add(3)
    go(() => wg.add(-3))
    await wg.wait()

    wg.add(2)
    expect(() => wg.add(-5)).toThrow('sync: negative WaitGroup counter')
    expect(trySelect({ wait: wg.wait() })._tag).toBe('None')
    wg.add(-2)
    await wg.wait()
  })

  it('WG-005 zero releases every waiter', async () => {
    const wg = waitGroup()
    wg.add(1)
    let released = 0
    for (let i = 0; i < 50; i++) {
      go(function* () {
        yield* wg.wait()
        released++
      })
      void (async () => {
        await wg.wait()
        released++
      })()
    }
    await settle()
    expect(released).toBe(0)
    wg.done()
    await settle()
    expect(released).toBe(100)
  })

  it('WG-009 go counts its function in and out', async () => {
    const wg = waitGroup()
    let count = 0
    for (let i = 0; i < 100; i++)
      wg.go(function* (by: number) {
        yield* gosched()
        count += by
      }, 1)
    await wg.wait()
    expect(count).toBe(100)
  })

  it('WG-010 go from within a function of the group is waited for', async () => {
    const wg = waitGroup()
    const order: string[] = []
    wg.go(function* () {
      wg.go(function* () {
        for (let i = 0; i < 5; i++) yield* gosched()
        order.push('inner')
      })
      order.push('outer')
      yield* gosched()
    })
    await wg.wait()
    expect(order).toEqual(['outer', 'inner'])
  })

  it('WG-012 a function that ends itself counts as done', async () => {
    const wg = waitGroup()
    let self: Goroutine<unknown> | null = null
    const before = setProbe({ spawn: (goroutine) => (self = goroutine as Goroutine<unknown>) })
    let unwound = false
    wg.go(function* () {
      try {
        self?.cancel()
        yield* gosched()
        expect.unreachable()
      } finally {
        unwound = true
      }
    })
    setProbe(before)
    await wg.wait()
    expect(unwound).toBe(true)
  })

  it('counts an async function that was canceled until it really ends', async () => {
    const wg = waitGroup()
    let goroutine: Goroutine<unknown> | null = null
    const before = setProbe({ spawn: (it) => (goroutine = it as Goroutine<unknown>) })
    const gate = chan<void>()
    wg.go(async () => void (await gate.receive()))
    setProbe(before)
    await settle()
    const handle = goroutine as unknown as Goroutine<unknown>
    handle.cancel()
    expect((await handle.join().attempt())._tag).toBe('Left')
    await settle()
    expect(trySelect({ wait: wg.wait() })._tag).toBe('None')
    gate.close()
    await settle()
    expect(trySelect({ wait: wg.wait() })._tag).toBe('Some')
  })

  it('waits as a case of a select, and leaves nothing behind where another is chosen', async () => {
    using clock = virtualTime()
    const wg = waitGroup()
    wg.add(1)
    const late = performed(select({ zero: wg.wait(), timeout: sleep(10) }))
    await clock.advance(10)
    expect(late.now).toEqual(done({ case: 'timeout', value: undefined }))
    const inTime = performed(select({ zero: wg.wait(), timeout: sleep(10) }))
    await clock.advance(5)
    wg.done()
    await settle()
    expect(inTime.now).toEqual(done({ case: 'zero', value: undefined }))
    expect(clock.waiting).toBe(0)
  })

  it('throws when the context ends', async () => {
    using clock = virtualTime()
    using ctx = withTimeout(background, 10)
    const wg = waitGroup()
    wg.add(1)
    const waiting = performed(wg.wait().within(ctx))
    await clock.advance(10)
    expect(waiting.now).toEqual(thrownError('context deadline exceeded'))
  })

  it.each([1.5, NaN, Infinity, '1', undefined])('refuses to add %s, and stays as it was', (n) => {
    const wg = waitGroup()
    expect(() => wg.add(n as number)).toThrow(`waitGroup.add(n): expected a whole number, got ${n === '1' ? '"1"' : String(n)}`)
    expect(trySelect({ wait: wg.wait() })._tag).toBe('Some')
  })

  it('refuses to go without a function, and counts nothing', () => {
    const wg = waitGroup()
    expect(() => wg.go(undefined as never)).toThrow('go of nil func value')
    expect(trySelect({ wait: wg.wait() })._tag).toBe('Some')
  })
})

describe('waitGroup and crashes', () => {
  const crashes: unknown[] = []
  let restore = (): void => {}
  const collect = (): void => void (restore = onCrash((error) => crashes.push(error)))
  afterEach(() => {
    restore()
    crashes.length = 0
  })

  const boom = new Error('boom')
  const failing = (error: unknown, turns = 1) =>
    function* () {
      for (let i = 0; i < turns; i++) yield* gosched()
      throw error
    }

  it.each([boom, undefined, 'text'])('a failure (%s) counts as done, and every wait throws it once the counter is zero', async (error) => {
    collect()
    const wg = waitGroup()
    let hasEnded = false
    wg.go(failing(error))
    wg.go(function* () {
      for (let i = 0; i < 5; i++) yield* gosched()
      hasEnded = true
    })
    const waits = [performed(wg.wait()), performed(select({ end: wg.wait() }))]
    await settle()
    expect(hasEnded).toBe(true)
    for (const wait of [...waits, performed(wg.wait())]) {
      await settle()
      expect(wait.now).toEqual(thrown(error))
    }
    expect(crashes).toEqual([])
  })

  it('a wait that begins in the same turn of the event loop sees the failure; without one it is a crash', async () => {
    collect()
    const [wg, alone] = [waitGroup(), waitGroup()]
    let wait: Outcome<void> | null = null
    wg.go(() => {
      queueMicrotask(() => (wait = performed(wg.wait())))
      throw boom
    })
    await settle()
    expect(wait).toMatchObject({ now: thrown(boom) })
    expect(crashes).toEqual([])
    alone.go(failing(boom))
    await settle()
    expect(crashes).toEqual([boom])
  })

  it('each further failure, and each failure after a wait was given up, is a late failure', async () => {
    collect()
    const late: unknown[] = []
    const off = onLateFailure((error) => late.push(error))
    const [wg, left] = [waitGroup(), waitGroup()]
    wg.go(failing(boom))
    for (const text of ['second', 'third']) wg.go(failing(text, 3))
    const wait = performed(wg.wait())
    left.go(failing('after all', 6))
    const withdrawn = subscribed(left.wait())
    withdrawn.leave()
    await settle()
    off()
    expect(wait.now).toEqual(thrown(boom))
    expect(late).toEqual(['second', 'third', 'after all'])
    expect(crashes).toEqual([])
  })

  it('used again, it has forgotten its failure', async () => {
    const wg = waitGroup()
    wg.go(failing(boom))
    await expect(wg.wait()).rejects.toBe(boom)
    wg.go(() => {})
    await wg.wait()
  })

  it('an excess done is reported when the counted goroutine ends', async () => {
    collect()
    const wg = waitGroup()
    wg.go(function* () {
      wg.done()
      yield* gosched()
    })
    await wg.wait()
    await settle()
    expect(crashes).toEqual([expect.objectContaining({ message: expect.stringContaining('sync: negative WaitGroup counter') as string })])
  })
})
