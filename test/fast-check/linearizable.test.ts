/** The toolkit is linearizable; broken twins are not, and the counterexample is small. */
import fc from 'fast-check'
import { chan, go, gosched, keyedMutex, mutex, once, semaphore, sleep, syncMap, waitGroup, type Option } from 'millrace'
import { linearizable, waits } from 'millrace/fast-check'
import { ScheduleError } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { orderOf, type Performed } from '../../src/testing/fast-check/linearizable/history.js'

const some = (value: number): Option<number> => ({ _tag: 'Some', value })
const none: Option<never> = { _tag: 'None' }
const few = { numRuns: 1500, seed: 1 } as const
const key = fc.constantFrom('a', 'b')
const small = fc.nat(2)

/** A queue that holds at most `capacity` values. */
const queueSpec = (capacity: number) => () => {
  const values: number[] = []
  let closed = false
  return {
    send: (value: number): typeof waits | void => {
      if (closed) throw new Error('send on closed channel')
      if (values.length === capacity) return waits
      values.push(value)
    },
    trySend: (value: number): boolean => {
      if (closed) throw new Error('send on closed channel')
      return values.length < capacity && values.push(value) > 0
    },
    receive: (): Option<number> | typeof waits => {
      const value = values.shift()
      if (value !== undefined) return some(value)
      return closed ? none : waits
    },
    close: (): void => {
      if (closed) throw new Error('close of closed channel')
      closed = true
    },
  }
}
const queueCalls = { send: [small], trySend: [small], receive: [], close: [] } as const

const counterSpec = () => {
  let n = 0
  return { add: (k: number): number => (n += k), value: (): number => n }
}
const counterCalls = { add: [fc.integer({ min: 1, max: 3 })], value: [] } as const

/** A read and a write with a wait in between. */
function lossyCounter() {
  let n = 0
  return {
    *add(k: number): Generator<never, number> {
      const before = n
      yield* gosched()
      return (n = before + k)
    },
    value: (): number => n,
  }
}

function guardedCounter() {
  const [lock, inner] = [mutex(), lossyCounter()]
  return {
    *add(k: number): Generator<never, number> {
      using _guard = yield* lock.lock()
      return yield* inner.add(k)
    },
    *value(): Generator<never, number> {
      using _guard = yield* lock.lock()
      return inner.value()
    },
  }
}

const mapSpec = () => {
  const entries = new Map<string, number>()
  return {
    get: (k: string): number | undefined => entries.get(k),
    put: (k: string, v: number): void => void entries.set(k, v),
    putIfAbsent: (k: string, v: number): number => {
      const present = entries.get(k)
      if (present === undefined) entries.set(k, v)
      return present ?? v
    },
    remove: (k: string): boolean => entries.delete(k),
  }
}
const mapCalls = { get: [key], put: [key, small], putIfAbsent: [key, small], remove: [key] } as const

/** A map whose methods wait; `guard` runs a method alone for its key, or does not. */
function slowMap(guard: <T>(k: string, f: () => Generator<never, T>) => Generator<never, T>) {
  const entries = new Map<string, number>()
  return {
    get: (k: string) =>
      guard(k, function* () {
        yield* gosched()
        return entries.get(k)
      }),
    put: (k: string, v: number) =>
      guard(k, function* () {
        yield* gosched()
        entries.set(k, v)
      }),
    putIfAbsent: (k: string, v: number) =>
      guard(k, function* () {
        const present = entries.get(k)
        yield* gosched()
        if (present === undefined) entries.set(k, v)
        return present ?? v
      }),
    remove: (k: string) =>
      guard(k, function* () {
        yield* gosched()
        return entries.delete(k)
      }),
  }
}

const lockSpec = () => {
  let isHeld = false
  return {
    tryLock: (): boolean => !isHeld && (isHeld = true),
    lock: (): typeof waits | void => {
      if (isHeld) return waits
      isHeld = true
    },
    unlock: (): boolean => isHeld && !(isHeld = false),
  }
}
const lockCalls = { tryLock: [], lock: [], unlock: [] } as const

/** Unlock gives the lock back where it is held, by any goroutine. */
const lockOf = () => {
  const lock = mutex()
  return {
    tryLock: () => lock.tryLock(),
    *lock(): Generator<never, void> {
      yield* lock.lock()
    },
    unlock: (): boolean => {
      if (lock.tryLock()) {
        lock.unlock()
        return false
      }
      lock.unlock()
      return true
    },
  }
}

/** A lock that hands over by a channel, and forgets to when two wait. */
const forgetfulLock = () => {
  let isHeld = false
  const waiting: { wake(): void }[] = []
  return {
    tryLock: (): boolean => !isHeld && (isHeld = true),
    *lock(): Generator<never, void> {
      while (isHeld) {
        const turn = chan<void>(1)
        waiting.push({ wake: () => turn.close() })
        yield* turn.receive()
      }
      isHeld = true
    },
    unlock: (): boolean => {
      if (!isHeld) return false
      isHeld = false
      const first = waiting.pop()
      if (waiting.length === 0) first?.wake()
      return true
    },
  }
}

const permitSpec = () => {
  let free = 2
  return {
    tryAcquire: (n: number): boolean => n <= free && (free -= n) >= 0,
    acquire: (): typeof waits | void => {
      if (free === 0) return waits
      free--
    },
    release: (): boolean => free < 2 && ++free > 0,
  }
}

describe('the toolkit', () => {
  it('a channel with a buffer is a queue', async () => {
    for (const capacity of [1, 2])
      await fc.assert(
        linearizable(queueSpec(capacity), () => chan<number>(capacity), queueCalls),
        few,
      )
  })

  it('a counter and a map behind locks', async () => {
    await fc.assert(linearizable(counterSpec, guardedCounter, counterCalls), few)
    const locked = () => {
      const locks = keyedMutex<string>()
      return slowMap(function* (k, f) {
        using _guard = yield* locks.lock(k)
        return yield* f()
      })
    }
    await fc.assert(linearizable(mapSpec, locked, mapCalls), few)
  })

  it('a sync map', async () => {
    const spec = () => {
      const entries = new Map<string, number>()
      const load = (k: string): Option<number> => {
        const value = entries.get(k)
        return value === undefined ? none : some(value)
      }
      return {
        load,
        store: (k: string, v: number): void => void entries.set(k, v),
        loadAndDelete: (k: string) => {
          const value = load(k)
          entries.delete(k)
          return value
        },
        compareAndSwap: (k: string, old: number, next: number): boolean => entries.get(k) === old && entries.set(k, next).size > 0,
        compute: (k: string, v: number): number => entries.get(k) ?? (entries.set(k, v), v),
      }
    }
    // A delete forgets a computation under way, so `loadOrCompute` is here with the methods that do not delete.
    const entries = () => {
      const map = syncMap<string, number>()
      return {
        load: (k: string) => map.load(k),
        store: (k: string, v: number) => map.store(k, v),
        loadAndDelete: (k: string) => map.loadAndDelete(k),
        compareAndSwap: (k: string, old: number, next: number) => map.compareAndSwap(k, old, next),
        compute: (k: string, v: number) =>
          map.loadOrCompute(k, function* () {
            yield* gosched()
            return v
          }),
      }
    }
    const calls = { load: [key], store: [key, small], compareAndSwap: [key, small, small] } as const
    await fc.assert(linearizable(spec, entries, { ...calls, loadAndDelete: [key] }), few)
    await fc.assert(linearizable(spec, entries, { load: [key], compute: [key, small] }), few)
  })

  it('a mutex', async () => {
    await fc.assert(linearizable(lockSpec, lockOf, lockCalls), few)
  })

  it('a channel and a mutex where the schedule cancels a caller', async () => {
    await fc.assert(
      linearizable(queueSpec(1), () => chan<number>(1), queueCalls, { cancel: true }),
      few,
    )
    await fc.assert(linearizable(lockSpec, lockOf, lockCalls, { cancel: true }), few)
  })

  it('a semaphore', async () => {
    const permits = () => {
      const all = semaphore(2)
      return {
        tryAcquire: (n: number): boolean => all.tryAcquire(n),
        *acquire(): Generator<never, void> {
          yield* all.acquire(1)
        },
        release: (): boolean => {
          const isUnused = all.tryAcquire(2)
          all.release(isUnused ? 2 : 1)
          return !isUnused
        },
      }
    }
    const calls = { tryAcquire: [fc.integer({ min: 1, max: 2 })], acquire: [], release: [] } as const
    await fc.assert(linearizable(permitSpec, permits, calls), few)
  })

  it('once, and a wait group', async () => {
    const onceSpec = () => {
      let runs = 0
      return { do: (): number => (runs = 1), runs: () => runs }
    }
    const first = () => {
      const it = once()
      let runs = 0
      return {
        *do(): Generator<never, number> {
          yield* it.do(function* () {
            yield* sleep(1)
            runs++
          })
          return runs
        },
        runs: () => runs,
      }
    }
    await fc.assert(linearizable(onceSpec, first, { do: [], runs: [] }), few)
    const groupSpec = () => {
      let n = 0
      return { add: () => void n++, done: (): boolean => n > 0 && n-- > 0, wait: (): typeof waits | void => (n > 0 ? waits : undefined) }
    }
    const group = () => {
      const it = waitGroup()
      let n = 0
      return {
        add: () => {
          n++
          it.add(1)
        },
        done: () => {
          if (n === 0) return false
          n--
          it.done()
          return true
        },
        wait: () => it.wait(),
      }
    }
    await fc.assert(linearizable(groupSpec, group, { add: [], done: [], wait: [] }), few)
  })
})

const broken: Record<string, () => fc.IAsyncProperty<never>> = {
  'a counter that waits between read and write': () => linearizable(counterSpec, lossyCounter, counterCalls) as never,
  'a map that checks, waits and then acts': () =>
    linearizable(
      mapSpec,
      () =>
        slowMap(function* (_, f) {
          return yield* f()
        }),
      mapCalls,
    ) as never,
  'a queue that gives the newest value': () => {
    const stack = () => {
      const ch = chan<number[]>(1)
      ch.trySend([])
      return {
        *send(value: number): Generator<never, void> {
          const all = yield* ch.receive()
          if (all._tag === 'Some') yield* ch.send([...all.value, value])
        },
        *receive(): Generator<never, Option<number>> {
          const all = yield* ch.receive()
          const values = all._tag === 'Some' ? all.value : []
          yield* ch.send(values.slice(0, -1))
          return some(values.at(-1) ?? -1)
        },
      }
    }
    const spec = () => {
      const values: number[] = []
      return { send: (value: number) => void values.push(value), receive: () => some(values.shift() ?? -1) }
    }
    return linearizable(spec, stack, { send: [small], receive: [] }) as never
  },
  'a channel that drops its buffer when it is closed': () => {
    const forgetful = () => {
      const ch = chan<number>(2)
      const close = ch.close.bind(ch)
      return Object.assign(ch, {
        close: () => {
          while (!ch.isClosed && ch.tryReceive()._tag === 'Right');
          close()
        },
      })
    }
    return linearizable(queueSpec(2), forgetful, queueCalls) as never
  },
  'a lock that wakes nobody when two wait': () => linearizable(lockSpec, forgetfulLock, lockCalls) as never,
  'permits taken in two steps': () => {
    const permits = () => {
      let free = 2
      return {
        *tryAcquire(n: number): Generator<never, boolean> {
          if (n > free) return false
          yield* gosched()
          free -= n
          return true
        },
        release: (): boolean => free < 2 && ++free > 0,
      }
    }
    return linearizable(permitSpec, permits, { tryAcquire: [fc.integer({ min: 1, max: 2 })], release: [] }) as never
  },
}

describe('a broken twin is found', () => {
  it.each(Object.entries(broken))('%s', async (_, property) => {
    const found = await fc.check(property() as never, { numRuns: 3000, seed: 1 })
    expect(found.failed).toBe(true)
    const [plan, s] = found.counterexample as [{ goroutines: readonly (readonly object[])[] }, object]
    expect(plan.goroutines.flat().length).toBeLessThanOrEqual(4)
    expect(String(s)).toMatch(/^scheduleOf\("s1-/)
    expect(String(found.errorInstance)).toMatch(/linearizable: no sequential order/)
  })
})

it('a counterexample prints its calls and results', async () => {
  const found = await fc.check(linearizable(counterSpec, lossyCounter, { add: [fc.constant(1)] }), { seed: 1, numRuns: 1000 })
  expect(fc.stringify(found.counterexample)).toBe('[g1: add(1); g2: add(1),scheduleOf("s1-")]')
  expect(String(found.errorInstance)).toMatch(/\n {2}1–3 {5}g1 add\(1\) → 1\n {2}2–4 {5}g2 add\(1\) → 1/)
})

it('a call that never returns is found, and a crash within the structure is a ScheduleError', async () => {
  const stuck = () => ({
    *add(): Generator<never, number> {
      yield* chan<number>().receive()
      return 1
    },
  })
  const found = await fc.check(
    linearizable(() => ({ add: () => 1 }), stuck, { add: [] }),
    { seed: 1 },
  )
  expect(String(found.errorInstance)).toMatch(/1–… {5}g1 add\(\) waits/)

  const crashing = () => ({
    add: (): number => {
      go(function* part() {
        throw new Error('within')
      })
      return 1
    },
  })
  const crash = await fc.check(
    linearizable(() => ({ add: () => 1 }), crashing, { add: [] }),
    { seed: 1 },
  )
  expect(crash.errorInstance).toBeInstanceOf(ScheduleError)
})

describe('the search for an order', () => {
  const call = (goroutine: number, method: string, args: unknown[], began: number, ended: number, returned: unknown): Performed => ({
    goroutine,
    method,
    args,
    began,
    ended,
    result: ended === Infinity ? null : { returned },
    isCanceled: false,
  })

  it('keeps the order of calls that do not overlap', () => {
    const stale = [call(0, 'add', [1], 1, 2, 1), call(1, 'value', [], 3, 4, 0)]
    expect(orderOf(stale, counterSpec)).toBeNull()
    const overlapping = [call(0, 'add', [1], 1, 4, 1), call(1, 'value', [], 2, 3, 0)]
    expect(orderOf(overlapping, counterSpec)?.map(({ method }) => method)).toEqual(['value', 'add'])
  })

  it('a call that waits must wait by the specification, and has no effect', () => {
    expect(orderOf([call(0, 'lock', [], 1, 2, undefined), call(1, 'lock', [], 3, Infinity, null)], lockSpec)).not.toBeNull()
    expect(orderOf([call(1, 'value', [], 1, Infinity, null)], counterSpec)).toBeNull()
    expect(orderOf([call(0, 'add', [1], 1, Infinity, null), call(1, 'value', [], 2, 3, 1)], counterSpec)).toBeNull()
  })

  it('a call that was canceled may have taken effect or not', () => {
    const canceled = { ...call(0, 'add', [1], 1, Infinity, null), isCanceled: true }
    for (const seen of [0, 1]) expect(orderOf([canceled, call(1, 'value', [], 2, 3, seen)], counterSpec)).not.toBeNull()
    expect(orderOf([canceled, call(1, 'value', [], 2, 3, 2)], counterSpec)).toBeNull()
  })

  it('agrees with trying every permutation', () => {
    const history = fc.array(fc.record({ add: fc.boolean(), at: fc.nat(8), length: fc.integer({ min: 1, max: 4 }), result: fc.nat(3) }), {
      maxLength: 5,
    })
    fc.assert(
      fc.property(history, (drawn) => {
        const calls = drawn.map(({ add, at, length, result }, i) =>
          call(i, add ? 'add' : 'value', add ? [1] : [], 2 * at, 2 * (at + length) - 1, result),
        )
        expect(orderOf(calls, counterSpec) !== null).toBe(permutations(calls).some(isPossible))
      }),
      { numRuns: 2000 },
    )
  })

  function isPossible(order: readonly Performed[]): boolean {
    let n = 0
    return order.every((one, i) => {
      if (order.slice(i + 1).some((later) => later.ended < one.began)) return false
      if (one.method === 'add') n++
      return one.result !== null && 'returned' in one.result && one.result.returned === n
    })
  }

  function permutations<T>(all: readonly T[]): T[][] {
    if (all.length === 0) return [[]]
    return all.flatMap((first, i) => permutations(all.toSpliced(i, 1)).map((rest) => [first, ...rest]))
  }
})
