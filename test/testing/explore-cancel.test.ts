/** The options `cancel` and `timers` of `explore`, and what shrinking keeps. */
import { background, chan, errgroup, go, gosched, mutex, select, sleep, withCancel } from 'millrace'
import { explore, replay, ScheduleError, type Program, type ReplayOptions } from 'millrace/testing'
import { describe, expect, it } from 'vitest'

async function findingOf(
  program: Program,
  options: ReplayOptions & { strategy?: 'exhaustive'; seed?: number },
): Promise<ScheduleError | null> {
  try {
    await explore(program, { schedules: 500, ...options })
    return null
  } catch (error) {
    if (error instanceof ScheduleError) return error
    throw error
  }
}

/** Holds a lock across a wait; `unlocks` says whether a cancel gives it back. */
const holder = (unlocks: boolean): Program =>
  function* () {
    const lock = mutex()
    const started = go(function* worker() {
      yield* lock.lock()
      try {
        yield* gosched()
        yield* sleep(1)
        if (!unlocks) lock.unlock()
      } finally {
        if (unlocks) lock.unlock()
      }
    })
    yield* started.join().attempt()
    yield* lock.lock()
  }

describe('explore with cancel', () => {
  it.each(['random', 'exhaustive', 'pct'] as const)('finds a lock that a canceled goroutine keeps: %s', async (strategy) => {
    const run = (unlocks: boolean, cancel: boolean) => explore(holder(unlocks), { strategy, cancel, schedules: 500 })
    await expect(run(false, true)).rejects.toThrow('deadlock')
    await run(false, false)
    await run(true, true)
  })

  it('its token replays the cancel, and the trace shows it', async () => {
    const error = await findingOf(holder(false), { cancel: true })
    expect(error?.message).toContain('the schedule')
    expect(error?.message).toContain('cancels worker#2')
    await expect(replay(error?.token ?? '', holder(false), { cancel: true })).rejects.toThrow('deadlock')
  })

  it('tries a cancel at each wait', async () => {
    const reached = new Set<number>()
    await explore(
      function* () {
        const one = go(function* () {
          let at = 0
          try {
            for (; at < 5; at++) yield* sleep(1)
            at = -1
          } finally {
            reached.add(at)
          }
        })
        yield* one.join().attempt()
      },
      { cancel: true, strategy: 'exhaustive', preemptions: 1, schedules: 1000 },
    )
    expect([...reached].sort()).toEqual([-1, 0, 1, 2, 3, 4])
  })

  it('cancels only the goroutines that the function chooses', async () => {
    const program: Program = function* () {
      const silent = chan<void>()
      go.named('victim', function* () {
        yield* select({ silent: silent.receive(), after: sleep(1) })
      })
      const other = go.named('other', function* () {
        yield* sleep(1)
      })
      yield* other.join()
    }
    expect(await findingOf(program, { cancel: ({ name }) => name === 'victim' })).toBeNull()
  })

  it('a program that fails with the error of the cancel has no finding; with another it has', async () => {
    const joins: Program = function* () {
      const started = go(function* worker() {
        yield* sleep(1)
      })
      yield* started.join()
    }
    expect(await findingOf(joins, { cancel: true })).toBeNull()
    const wraps: Program = function* () {
      const started = go(function* worker() {
        yield* sleep(1)
      })
      const end = yield* started.join().attempt()
      if (end._tag === 'Left') throw new Error('lost')
    }
    expect((await findingOf(wraps, { cancel: true }))?.finding.message).toContain('lost')
  })

  it.each([
    [{ cancel: 'worker' }, '{ cancel }): expected a boolean or a function'],
    [{ timers: 'never' }, '{ timers }): expected "any-time" or "when-idle"'],
  ])('refuses %j', async (options, message) => {
    await expect(explore(holder(true), options as ReplayOptions)).rejects.toThrow(message) // wrong on purpose
    await expect(replay('s1-', holder(true), options as ReplayOptions)).rejects.toThrow(message) // likewise
  })
})

describe('explore with timers: when-idle', () => {
  const polls: Program = function* () {
    let isDone = false
    go(function* () {
      for (let i = 0; i < 3; i++) yield* gosched()
      isDone = true
    })
    yield* sleep(10)
    if (!isDone) throw new Error('the timer came first')
  }
  const pollsAsync: Program = async () => {
    let isDone = false
    go(async () => {
      for (let i = 0; i < 3; i++) await gosched()
      for (let i = 0; i < 50; i++) await Promise.resolve()
      isDone = true
    })
    await sleep(10)
    if (!isDone) throw new Error('the timer came first')
  }

  it.each([
    ['generators', polls],
    ['async functions', pollsAsync],
  ])('a timer fires only when no goroutine can continue: %s', async (_, program) => {
    expect((await findingOf(program, {}))?.finding.message).toContain('the timer came first')
    expect(await findingOf(program, { timers: 'when-idle' })).toBeNull()
  })
})

describe('explore', () => {
  it('a canceled async function that is under way is no deadlock', async () => {
    const program: Program = function* () {
      const ctx = withCancel(background)
      const group = errgroup(ctx)
      for (let i = 0; i < 2; i++)
        group.go(async (own) => {
          await sleep(1).within(own).attempt()
        })
      ctx.cancel(new Error('parent'))
      yield* group.wait().attempt()
    }
    await explore(program, { schedules: 50 })
  })

  it('shrinking keeps the failure that was found', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      let first: string | null = null
      const error = await findingOf(
        function* () {
          const seen: number[] = []
          for (let i = 0; i < 4; i++)
            go(function* () {
              yield* gosched()
              yield* gosched()
              seen.push(i)
            })
          for (let i = 0; i < 12; i++) yield* gosched()
          const order = seen.join('')
          if (order.length < 4 || order.startsWith('0')) return
          const message = order.startsWith('32') ? 'money lost' : 'order differs'
          first ??= message
          throw new Error(message)
        },
        { seed },
      )
      expect(error?.finding.message).toContain(first)
    }
  })
})
