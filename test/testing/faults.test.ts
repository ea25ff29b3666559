/** Faults as choices of a schedule: messages, calls and crashes, in explorations and in bubbles. */
import { chan, errgroup, go, gosched, mutex, range, select, sleep, type Chan } from 'millrace'
import { bubble, explore, FaultError, replay, ScheduleError, shared, type FaultBudget, type Program, type Trial } from 'millrace/testing'
import { describe, expect, it } from 'vitest'

async function errorOf(exploration: Promise<unknown>): Promise<ScheduleError> {
  try {
    await exploration
  } catch (error) {
    if (error instanceof ScheduleError) return error
    throw error
  }
  throw new Error('nothing was found')
}

/** All that arrives of the numbers, sent over a faulty sender, in all schedules. */
async function arrivals(most: FaultBudget, numbers = [1, 2, 3], capacity = 9): Promise<string[]> {
  const seen = new Set<string>()
  const program = function* (run: Trial) {
    const ch = chan<number>(capacity)
    const sender = run.faults(most).sender(ch)
    const got: number[] = []
    const receiver = go(function* () {
      for (const it = range(ch); yield* it.next();) got.push(it.value)
    })
    for (const n of numbers) yield* sender.send(n)
    sender.close()
    yield* receiver.join()
    seen.add(got.join(' '))
  }
  const { isComplete } = await explore(program, { strategy: 'reduced', schedules: 20_000 })
  expect(isComplete).toBe(true)
  return [...seen].sort()
}

describe('a sender over a network', () => {
  it('without a budget everything arrives, once and in order', async () => {
    expect(await arrivals({})).toEqual(['1 2 3'])
    expect(await arrivals({ drops: 0 }, [1, 2], 0)).toEqual(['1 2'])
  })

  it('drops at most so many messages, and each may be the one', async () => {
    expect(await arrivals({ drops: 1 })).toEqual(['1 2', '1 2 3', '1 3', '2 3'])
    expect(await arrivals({ drops: 2 })).toEqual(['1', '1 2', '1 2 3', '1 3', '2', '2 3', '3'])
  })

  it('the trace of a finding says what happened to a message', async () => {
    const error = await errorOf(
      explore(function* (run) {
        const ch = chan<number>(1)
        const sender = run.faults({ drops: 1 }).sender(ch)
        yield* sender.send(1)
        sender.close()
        if ((yield* ch.receive())._tag === 'None') throw new Error('lost')
      }),
    )
    expect(error.message).toContain('drops a message')
  })

  it('duplicates', async () => {
    expect(await arrivals({ duplicates: 1 }, [1, 2])).toEqual(['1 1 2', '1 2', '1 2 1', '1 2 2'])
  })

  it('delays a message with those behind it', async () => {
    expect(await arrivals({ delays: 2 }, [1, 2])).toEqual(['1 2'])
  })

  it('reorders', async () => {
    expect(await arrivals({ reorders: 1 })).toEqual(['1 2 3', '1 3 2', '2 1 3', '2 3 1'])
  })

  it('a send waits where the receiver is behind: the network holds one message', async () => {
    await bubble(function* ({ faults, wait }) {
      const ch = chan<number>(1)
      const sender = faults({}).sender(ch)
      let sent = 0
      const all = go(function* () {
        for (; sent < 9; sent++) yield* sender.send(sent)
      })
      yield* wait()
      expect([sent, sender.size, sender.capacity, sender.trySend(9)]).toEqual([2, 2, 1, false])
      yield* ch.receive()
      yield* wait()
      expect(sent).toBe(3)
      all.cancel()
    })
  })

  it('a message of a select that takes another case is not sent', async () => {
    await explore(function* (run) {
      const ch = chan<string>()
      const sender = run.faults({ drops: 1, duplicates: 1 }).sender(ch)
      go(function* () {
        yield* ch.receive()
      }).cancel()
      yield* gosched()
      yield* sender.send('kept under way')
      const { case: taken } = yield* select({ sent: sender.send('more'), after: sleep(1) })
      if (taken === 'sent') yield* select({ got: ch.receive(), after: sleep(1) })
    })
  })

  it('close comes after the last message, with its cause; a closed sender and a closed receiver are told apart', async () => {
    await bubble(function* ({ faults }) {
      const ch = chan<number>(1)
      const sender = faults({ reorders: 1, latency: 100 }).sender(ch)
      yield* sender.send(1)
      const cause = new Error('the cause')
      sender.close(cause)
      expect(sender.isClosed).toBe(true)
      expect(() => sender.trySend(2)).toThrow('send on closed channel')
      expect(() => sender.close()).toThrow('close of closed channel')
      expect(yield* ch.receive()).toEqual({ _tag: 'Some', value: 1 })
      yield* ch.closed()
      expect(yield* ch.receive().attempt()).toEqual({ _tag: 'Left', left: cause })
      const other = chan<number>(1)
      const lost = faults({}).sender(other)
      other.close()
      yield* lost.send(1)
      lost.close()
    })
  })

  it('orders the receiver behind the sender: no race', async () => {
    const program = (most: FaultBudget): Program =>
      function* (run) {
        const ch = chan<number>(2)
        const sender = run.faults(most).sender(ch)
        const value = shared(0, 'value')
        go(function* () {
          value.value = 1
          yield* sender.send(1)
          sender.close()
        })
        for (const it = range(ch); yield* it.next();) if (value.value !== 1) throw new Error('too early')
      }
    const all = { drops: 1, duplicates: 1, reorders: 1, delays: 1 }
    await explore(program(all), { race: 'go', schedules: 300 })
  })

  it('a message under way at the end is no leak', async () => {
    await explore(function* (run) {
      const sender = run.faults({ delays: 1, latency: 60_000 }).sender(chan<number>())
      yield* sender.send(1)
    })
  })
})

/** Writes once for each order, unless the answer of the write is lost. */
const atLeastOnce = (idempotent: boolean): Program =>
  function* (run) {
    const faults = run.faults({ drops: 1, duplicates: 1 })
    const written: string[] = []
    const write = faults.call(function* write(order: string) {
      yield* sleep(1)
      if (!idempotent || !written.includes(order)) written.push(order)
    })
    const first = yield* write('a').attempt()
    if (first._tag === 'Left') yield* write('a').attempt()
    yield* sleep(1_000)
    if (written.length !== 1) throw new Error(`written: ${written.length} times`)
  }

describe('a call over a network', () => {
  it('fails before or after it has run, or runs twice', async () => {
    const ways = new Set<string>()
    await explore(
      function* (run) {
        let calls = 0
        const call = run.faults({ drops: 1, duplicates: 1, delays: 1, latency: 5 }).call(function* ask(n: number) {
          calls++
          yield* sleep(1)
          return n + 1
        })
        const start = run.now()
        const answer = yield* call(1).attempt()
        yield* sleep(100)
        ways.add(`${answer._tag === 'Right' ? answer.right : (answer.left as Error).message}, ${calls} calls${start > 0 ? ', late' : ''}`)
      },
      { strategy: 'reduced' },
    )
    expect([...ways].sort()).toEqual([
      '2, 1 calls',
      '2, 2 calls',
      'the answer of ask was dropped: it has run, 1 calls',
      'the answer of ask was dropped: it has run, 2 calls',
      'the call of ask was dropped, and has not run, 0 calls',
    ])
  })

  it.each(['mixed', 'exhaustive', 'reduced'] as const)('finds a write that is not idempotent, with one fault: %s', async (strategy) => {
    const { finding, token, events } = await errorOf(explore(atLeastOnce(false), { strategy, timers: 'when-idle' }))
    expect(finding.message).toBe('Error: written: 2 times')
    const faults = events.filter(({ did }) => /^(drops|duplicates)/.test(did))
    expect(faults).toHaveLength(1)
    await expect(replay(token, atLeastOnce(false), { timers: 'when-idle' })).rejects.toThrow('written: 2 times')
  })

  it('calls async functions, plain functions and functions that return operations; await performs the call', async () => {
    await bubble(async ({ faults }) => {
      const none = faults({})
      expect(await none.call(async (n: number) => n + 1)(1)).toBe(2)
      expect(await none.call((n: number) => n + 1)(2)).toBe(3)
      expect(await none.call((n: number) => sleep(n).map(() => n + 1))(3)).toBe(4)
    })
  })
})

/** A worker takes jobs from a channel; a supervisor starts it again. */
const supervised = (handsBack: boolean): Program =>
  function* (run) {
    const faults = run.faults({ crashes: 1 })
    const jobs: Chan<string> = chan<string>(3)
    const done: string[] = []
    const work = function* worker() {
      for (const it = range(jobs); yield* it.next();) {
        const job = it.value
        try {
          yield* sleep(1)
          done.push(job)
        } catch (error) {
          if (handsBack) done.push(`${job} again`)
          throw error
        }
      }
    }
    yield* jobs.send('a')
    yield* jobs.send('b')
    jobs.close()
    while ((yield* faults.mayCrash(go(work)).join().attempt())._tag === 'Left');
    if (done.length !== 2) throw new Error(`done: ${done.join()}`)
  }

describe('a goroutine that may crash', () => {
  it('crashes at each of its operations', async () => {
    const at = new Set<number>()
    const program: Program = function* (run) {
      let n = 0
      const worker = run.faults({ crashes: 1 }).mayCrash(
        go(function* worker() {
          for (; n < 3; n++) yield* gosched()
        }),
      )
      const end = yield* worker.join().attempt()
      at.add(end._tag === 'Left' ? n : -1)
      if (end._tag === 'Left') expect(end.left).toBeInstanceOf(FaultError)
    }
    await explore(program, { strategy: 'exhaustive' })
    expect([...at].sort()).toEqual([-1, 0, 1, 2])
  })

  it('finds a job that is lost with its worker, and not where the worker hands it back', async () => {
    const { finding, events } = await errorOf(explore(supervised(false)))
    expect(finding.message).toMatch(/^Error: done: [ab]$/)
    expect(events.filter(({ did }) => did.startsWith('crashes worker#'))).toHaveLength(1)
    await explore(supervised(true), { schedules: 300 })
  })

  it('finds a lock that the crash keeps', async () => {
    const program = (unlocks: boolean): Program =>
      function* (run) {
        const lock = mutex()
        const holder = go(function* holder() {
          if (unlocks) {
            using _ = yield* lock.lock()
            yield* sleep(1)
          } else {
            yield* lock.lock()
            yield* sleep(1)
            lock.unlock()
          }
        })
        run.faults({ crashes: 1 }).mayCrash(holder)
        yield* holder.join().attempt()
        yield* lock.lock()
      }
    expect((await errorOf(explore(program(false)))).finding.kind).toBe('deadlock')
    await explore(program(true))
  })

  it('its error that nobody joins, or that ends the program, is no finding; another is', async () => {
    await explore(function* (run) {
      run.faults({ crashes: 1 }).mayCrash(
        go(function* () {
          yield* sleep(1)
        }),
      )
    })
    await explore(function* (run) {
      const group = errgroup()
      run.faults({ crashes: 1 }).mayCrash(
        go(function* () {
          yield* group.wait()
        }),
      )
      const faults = run.faults({ drops: 1 })
      group.go(function* () {
        yield* faults.call(() => 1)()
      })
      yield* group.wait()
    })
    const wrong: Program = function* (run) {
      const worker = run.faults({ crashes: 1 }).mayCrash(
        go(function* () {
          yield* sleep(1)
        }),
      )
      if ((yield* worker.join().attempt())._tag === 'Left') throw new Error('no worker')
    }
    expect((await errorOf(explore(wrong))).finding.message).toBe('Error: no worker')
  })

  it('a goroutine that is canceled does not crash while it unwinds', async () => {
    let cleaned = 0
    let runs = 0
    await explore(
      function* (run) {
        runs++
        const worker = go(function* () {
          try {
            yield* sleep(1_000)
          } finally {
            yield* gosched()
            cleaned++
          }
        })
        yield* sleep(1)
        run.faults({ crashes: 1 }).mayCrash(worker)
        worker.cancel()
        yield* worker.join().attempt()
      },
      { schedules: 200, timers: 'when-idle' },
    )
    expect(cleaned).toBe(runs)
  })
})

describe('faults of the program', () => {
  it('happen at most as often as the budget says, and in all places', async () => {
    const seen = new Set<string>()
    const program: Program = function* (run) {
      const faults = run.faults({ drops: 2, crashes: 1 })
      const said = (['drop', 'drop', 'drop', 'crash', 'crash', 'delay'] as const).map((kind) => (faults.happens(kind) ? 1 : 0))
      seen.add(said.join(''))
      yield* gosched()
    }
    const { isComplete } = await explore(program, { strategy: 'exhaustive' })
    expect(isComplete).toBe(true)
    expect(seen.size).toBe((1 + 3 + 3) * (1 + 2))
    expect([...seen].every((one) => one.endsWith('0'))).toBe(true)
  })

  it('each faults has a budget of its own, and each run begins anew', async () => {
    const program: Program = function* (run) {
      const [one, other] = [run.faults({ drops: 1 }), run.faults({ drops: 1 })]
      yield* gosched()
      if (one.happens('drop') && other.happens('drop')) throw new Error('both')
    }
    expect((await errorOf(explore(program))).finding.message).toBe('Error: both')
    expect((await errorOf(explore(program))).finding.message).toBe('Error: both')
  })
})

it.each([
  [{ drops: -1 }, 'run.faults({ drops }): expected'],
  [{ crashes: 1.5 }, 'run.faults({ crashes }): expected'],
  [{ latency: Number.NaN }, 'run.faults({ latency }): '],
  [{ crash: 1 }, 'run.faults(most): unknown option "crash", expected delays, reorders, duplicates, drops, crashes, latency'],
])('refuses the budget %o', async (most, message) => {
  await expect(explore((run) => void run.faults(most as FaultBudget))).rejects.toThrow(message)
})

describe('in a bubble', () => {
  const lost = async (seed?: number): Promise<string> => {
    const got: number[] = []
    await bubble(
      function* ({ faults }) {
        const ch = chan<number>(99)
        const sender = faults({ drops: 5 }).sender(ch)
        for (let i = 0; i < 30; i++) yield* sender.send(i)
        sender.close()
        for (const it = range(ch); yield* it.next();) got.push(it.value)
      },
      seed === undefined ? {} : { seed },
    )
    return got.join()
  }

  it('the seed chooses them: the same seed the same, another others', async () => {
    const some = await lost(7)
    expect(await lost(7)).toBe(some)
    expect(await lost(8)).not.toBe(some)
    expect(await lost()).toBe(await lost(1))
    expect(some.split(',').length).toBeGreaterThanOrEqual(25)
    expect(some.split(',').length).toBeLessThan(30)
  })

  it('a goroutine crashes at one of many operations', async () => {
    await bubble(function* ({ faults }) {
      const worker = go(function* worker() {
        for (;;) yield* sleep(1)
      })
      faults({ crashes: 1 }).mayCrash(worker)
      const end = yield* worker.join().attempt()
      expect(end._tag === 'Left' ? String(end.left) : 'it goes on').toBe(`FaultError: the schedule crashed ${worker.name}#${worker.id}`)
    })
  })
})
