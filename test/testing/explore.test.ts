import {
  all,
  background,
  chan,
  go,
  gosched,
  mutex,
  numGoroutine,
  range,
  select,
  sleep,
  ticker,
  trySelect,
  type Chan,
  type Sender,
} from 'millrace'
import { bubble, explore, replay, ScheduleError, type Program } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { found } from '../support/found.js'
import { time } from '../../src/runtime/scheduler/timers.js'
import { settle } from '../support/settle.js'

/** Two who add to a counter, and let the other in between reading and writing: an update may be lost. */
function* lostUpdate(): Generator<never, void> {
  let counter = 0
  function* add(): Generator<never, void> {
    const before = counter
    yield* gosched()
    counter = before + 1
  }
  const both = [go(add), go(add)]
  for (const one of both) yield* one.join()
  if (counter !== 2) throw new Error(`counter is ${counter}`)
}

function* clean(): Generator<never, void> {
  const ch = chan<number>()
  go(sendTwo, ch)
  go(sendTwo, ch)
  for (let i = 0; i < 4; i++) yield* ch.receive()
}

function* sendTwo(ch: Sender<number>): Generator<never, void> {
  yield* ch.send(1)
  yield* ch.send(2)
}

/** Of the kind of trace that a person reads. */
const lines = ({ events }: ScheduleError) => events.map(({ who, did }) => `${who} ${did}`)

describe('strategies', () => {
  it.each(['random', 'pct', 'exhaustive'] as const)('%s finds a lost update', async (strategy) => {
    const { finding } = await found(lostUpdate, { strategy })
    expect(finding).toMatchObject({ kind: 'failed', message: 'Error: counter is 1' })
  })

  it.each(['random', 'pct', 'exhaustive', 'first-in'] as const)('%s reports nothing where nothing is wrong', async (strategy) => {
    await expect(explore(clean, { strategy, schedules: 500 })).resolves.toMatchObject({ isComplete: expect.any(Boolean) as boolean })
  })

  it('random and pct run as many schedules as they are asked for', async () => {
    let runs = 0
    const program = function* () {
      runs++
      yield* clean()
    }
    for (const strategy of ['random', 'pct'] as const) {
      runs = 0
      expect(await explore(program, { strategy, schedules: 37 })).toEqual({ schedules: 37, isComplete: false })
      expect(runs).toBe(37)
    }
  })

  it('first-in is one schedule, which lets each go on as long as it can', async () => {
    const order: string[] = []
    const result = await explore(
      function* () {
        for (const name of ['a', 'b'])
          go(function* () {
            const ch = chan<number>(2)
            order.push(`${name}1`)
            yield* ch.send(1)
            order.push(`${name}2`)
          })
      },
      { strategy: 'first-in' },
    )
    expect(result).toEqual({ schedules: 1, isComplete: true })
    expect(order).toEqual(['a1', 'a2', 'b1', 'b2'])
  })

  it('exhaustive tries each order once, and then is complete', async () => {
    const orders: string[] = []
    const program: Program = function* () {
      let order = ''
      const step = function* (name: string): Generator<never, void> {
        order += name
      }
      const all = ['a', 'b', 'c'].map((name) => go(step, name))
      for (const one of all) yield* one.join()
      orders.push(order)
    }
    const { isComplete } = await explore(program, { strategy: 'exhaustive', schedules: 10_000 })
    expect(isComplete).toBe(true)
    expect([...new Set(orders)].sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba'])
  })

  it('exhaustive counts preemptions: a bug that needs one is found with one, and not with none', async () => {
    const program: Program = function* () {
      let isBetween = false
      let isSeen = false
      const buffer = chan<number>(8)
      const parts = [
        go(function* () {
          isBetween = true
          yield* buffer.send(1)
          isBetween = false
        }),
        go(function* () {
          isSeen = isBetween
        }),
      ]
      for (const one of parts) yield* one.join()
      if (isSeen) throw new Error('seen in between')
    }
    expect(await explore(program, { strategy: 'exhaustive', preemptions: 0 })).toMatchObject({ isComplete: true })
    expect((await found(program, { strategy: 'exhaustive', preemptions: 1 })).finding.message).toBe('Error: seen in between')
  })
})

describe('choice points', () => {
  it('a goroutine that waits for the promise of an async function is no deadlock', async () => {
    for (const wait of [() => gosched(), () => sleep(1), () => Promise.resolve()])
      await explore(() => all([async () => void (await wait())]), { schedules: 20 })
  })

  it('the program may choose: each number is met', async () => {
    const met = new Set<number>()
    await explore(
      function* (run) {
        met.add(run.choose(5))
      },
      { strategy: 'exhaustive' },
    )
    expect([...met].sort()).toEqual([0, 1, 2, 3, 4])
  })

  it.each([2, 3, 5])('the choice of a select over %i ready cases is recorded, and each case is met', async (n) => {
    const met = new Set<number>()
    const result = await explore(
      function* () {
        const channels = Array.from({ length: n }, () => chan<number>(1))
        for (const ch of channels) ch.trySend(1)
        const it = yield* select(channels.map((ch) => ch.receive()))
        met.add(it.case)
      },
      { strategy: 'exhaustive' },
    )
    expect(met.size).toBe(n)
    expect(result).toEqual({ schedules: n, isComplete: true })
  })

  it('a short timer may fire while others are ready; virtual time takes none', async () => {
    const program: Program = function* () {
      const it = yield* select({ slept: sleep(3_600_000), worked: go(worker).join() })
      if (it.case === 'slept') throw new Error('the timer came first')
    }
    const worker = function* (): Generator<never, void> {
      for (let i = 0; i < 3; i++) yield* gosched()
    }
    const start = performance.now()
    const error = await found(program)
    expect(error.finding.message).toBe('Error: the timer came first')
    expect(lines(error)).toContain('time is 3600000 ms')
    expect(performance.now() - start).toBeLessThan(60_000)
  })

  it('timers fire when nobody is ready, in order, and now() tells the time', async () => {
    const times: number[] = []
    await explore(
      function* (run) {
        for (const ms of [50, 10, 30]) {
          go(function* () {
            yield* sleep(ms)
            times.push(run.now())
          })
        }
      },
      { strategy: 'first-in' },
    )
    expect(times).toEqual([10, 30, 50])
  })
})

describe('findings', () => {
  const findings: [string, Program, object][] = [
    [
      'failed',
      function* () {
        throw new TypeError('broken')
      },
      { message: 'TypeError: broken' },
    ],
    [
      'crash',
      function* () {
        go(function* worker() {
          throw new Error('alone')
        })
      },
      { message: 'worker#2 failed, and no goroutine joined it: Error: alone' },
    ],
    [
      'deadlock',
      function* program() {
        yield* chan<number>().receive()
      },
      { message: 'deadlock: all goroutines are blocked: program#1 [chan receive]', waiting: ['program#1 [chan receive]'] },
    ],
    [
      'leak',
      function* () {
        go(function* worker() {
          yield* chan<number>().send(1)
        })
      },
      { message: 'found unexpected goroutines: worker#2 [chan send]' },
    ],
    [
      'partial deadlock',
      function* () {
        const [a, b] = [mutex(), mutex()]
        const both = function* (first: typeof a, second: typeof a): Generator<never, void> {
          yield* first.lock()
          yield* gosched()
          yield* second.lock()
          second.unlock()
          first.unlock()
        }
        go(both, a, b)
        go(both, b, a)
      },
      {
        message: expect.stringMatching(
          /partial deadlock: both#2 \[sync.Mutex.Lock mutex 2\] waits for both#3 \[sync.Mutex.Lock mutex 1\], which waits for the first/,
        ) as string,
      },
    ],
    [
      'step-limit',
      function* () {
        for (;;) yield* gosched()
      },
      { message: 'the program has not ended within the step limit; alive: anonymous#1 [runnable]\nthe last steps: anonymous#1 500' },
    ],
  ]

  it.each(findings)('%s', async (kind, program, expected) => {
    const error = await found(program, { steps: 500 })
    expect(error.finding).toMatchObject({ kind, ...expected })
  })

  it('what was thrown is the cause', async () => {
    const error = await found(lostUpdate)
    expect(error.cause).toBeInstanceOf(Error)
    expect(error.cause).toBe(error.finding.error)
  })

  it('a failure that somebody joins is no crash', async () => {
    await explore(function* () {
      const worker = go(function* () {
        throw new Error('joined')
      })
      yield* worker.join().attempt()
    })
  })

  it('a ticker beside a deadlock does not hide it, and one that nobody stopped does not hold the run', async () => {
    const error = await found(function* () {
      ticker(1)
      yield* chan<number>().receive()
    })
    expect(error.finding.kind).toBe('deadlock')
    await explore(function* () {
      ticker(1)
      yield* sleep(10)
    })
  })

  it('a program that polls ends under every strategy, since the others get their turn', async () => {
    const program: Program = function* () {
      let isDone = false
      go(function* () {
        yield* sleep(5)
        isDone = true
      })
      while (!isDone) yield* gosched()
    }
    for (const strategy of ['random', 'pct', 'first-in'] as const) await explore(program, { strategy, schedules: 200 })
  })
})

describe('a failure', () => {
  it('carries seed, schedule, token, and a list of events; all of it is in its message', async () => {
    const error = await found(lostUpdate, { seed: 7 })
    expect(error).toMatchObject({ seed: 7, schedules: expect.any(Number) as number })
    expect(error.message).toContain(`failed under schedule ${error.schedules} (seed 7): Error: counter is 1`)
    expect(error.message).toContain(`await replay(${JSON.stringify(error.token)}, program)`)
    for (const { who, did } of error.events) expect(error.message).toMatch(new RegExp(`${who} +${did.replace(/[()]/g, '\\$&')}`))
    expect(lines(error)).toContain('lostUpdate#1 starts add#2')
  })

  it('is reproduced exactly by its token', async () => {
    const error = await found(lostUpdate)
    for (let i = 0; i < 3; i++)
      await expect(replay(error.token, lostUpdate)).rejects.toMatchObject({
        token: error.token,
        events: error.events,
        finding: { kind: 'failed' },
      })
  })

  it('is no longer reproduced once the program is right', async () => {
    const error = await found(lostUpdate)
    await expect(replay(error.token, clean)).resolves.toBeUndefined()
  })

  it.each(['random', 'pct'] as const)('of the same seed is the same: %s', async (strategy) => {
    const [one, other] = [await found(lostUpdate, { strategy, seed: 3 }), await found(lostUpdate, { strategy, seed: 3 })]
    expect({ ...other, cause: null }).toEqual({ ...one, cause: null })
    expect(other.message).toBe(one.message)
  })

  it('of another seed may be another: seeds lead to different schedules', async () => {
    const orders = new Set<string>()
    for (let seed = 1; seed <= 20; seed++) {
      let order = ''
      const step = function* (name: string): Generator<never, void> {
        order += name
      }
      await explore(
        function* () {
          for (const name of ['a', 'b', 'c', 'd']) go(step, name)
        },
        { seed, schedules: 1 },
      )
      orders.add(order)
    }
    expect(orders.size).toBeGreaterThan(5)
  })

  it('is shrunk to few switches, however many choices there were', async () => {
    const error = await found(function* () {
      const noise = chan<number>(100)
      const talk = function* (): Generator<never, void> {
        for (let i = 0; i < 8; i++) yield* noise.send(i)
      }
      const talkers = [go(talk), go(talk), go(talk)]
      yield* lostUpdate()
      for (const one of talkers) yield* one.join()
    })
    expect(error.finding.message).toBe('Error: counter is 1')
    const switches = error.token
      .split('-')
      .slice(1)
      .filter((part) => part !== '')
    expect(switches.length).toBeLessThanOrEqual(2)
  })
})

describe('async programs', () => {
  const asyncLostUpdate = async (): Promise<void> => {
    let counter = 0
    const add = async (): Promise<void> => {
      const before = counter
      await gosched()
      counter = before + 1
    }
    const both = [go(add), go(add)]
    for (const one of both) await one.join()
    if (counter !== 2) throw new Error(`counter is ${counter}`)
  }

  it('are explored, and what is found is replayed', async () => {
    const error = await found(asyncLostUpdate, { schedules: 200 })
    expect(error.finding.message).toBe('Error: counter is 1')
    await expect(replay(error.token, asyncLostUpdate)).rejects.toMatchObject({ events: error.events })
  })

  it('deadlock as others do', async () => {
    const program = async (): Promise<void> => {
      await chan<number>().receive()
    }
    expect((await found(program, { schedules: 2 })).finding).toMatchObject({ kind: 'deadlock', waiting: ['program#1 [await]'] })
  })

  it('share channels with goroutines', async () => {
    await explore(
      async () => {
        const ch: Chan<number> = chan()
        go(sendTwo, ch)
        const sum = go(async () => {
          let total = 0
          for (let i = 0; i < 2; i++) {
            const it = await ch.receive()
            if (it._tag === 'Some') total += it.value
          }
          return total
        })
        expect(await sum.join()).toBe(3)
      },
      { schedules: 100 },
    )
  })
})

describe('what is outside', () => {
  it('is not touched: goroutines parked and timers set before go on after', async () => {
    const seen: string[] = []
    const ch = chan<string>()
    go(function* outsider() {
      for (;;) {
        const it = yield* ch.receive()
        if (it._tag === 'None') return
        seen.push(it.value)
      }
    })
    await settle()
    const live = numGoroutine()
    const { timers } = time
    const sleeper = go(function* () {
      yield* sleep(1)
      seen.push('slept')
    })
    await explore(clean, { schedules: 5_000 })
    await found(lostUpdate)
    expect(time.timers).toBe(timers)
    await sleeper.join()
    expect(numGoroutine()).toBe(live)
    await ch.send('after')
    await settle()
    expect(seen).toEqual(['slept', 'after'])
    ch.close()
  })

  it('gets its turn while an exploration is long', async () => {
    let turns = 0
    const interval = setInterval(() => turns++, 1)
    await explore(clean, { schedules: 60_000 })
    clearInterval(interval)
    expect(turns).toBeGreaterThan(1)
  })

  it('a second exploration at once, or a bubble, is a clear error; one after the other is none', async () => {
    const first = explore(clean, { schedules: 60_000 })
    await expect(explore(clean)).rejects.toThrow('explore(program): explore(program) is running already')
    await expect(bubble(clean)).rejects.toThrow('bubble(fn): explore(program) is running already')
    await expect(replay('s1-', clean)).rejects.toThrow('is running already')
    await first
    await explore(clean)
  })
})

describe('bad input', () => {
  const nothing = function* (): Generator<never, void> {}
  it.each([
    ['no function', () => explore(3 as never), 'explore(program): expected a function, got 3'],
    ['schedules', () => explore(nothing, { schedules: 0 }), 'explore(program, { schedules }): expected a whole number from 1 up, got 0'],
    ['steps', () => explore(nothing, { steps: 1.5 }), 'explore(program, { steps }): expected a whole number from 1 up, got 1.5'],
    [
      'depth',
      () => explore(nothing, { strategy: 'pct', depth: 0 }),
      'explore(program, { depth }): expected a whole number from 1 up, got 0',
    ],
    [
      'preemptions',
      () => explore(nothing, { strategy: 'exhaustive', preemptions: -1 }),
      'explore(program, { preemptions }): expected a whole number from 0 up, got -1',
    ],
    ['seed', () => explore(nothing, { seed: NaN }), 'explore(program, { seed }): expected a whole number, got NaN'],
    [
      'strategy',
      () => explore(nothing, { strategy: 'best' as never }),
      'explore(program, { strategy }): expected "mixed", "random", "pct", "pos", "exhaustive", "reduced" or "first-in", got "best"',
    ],
    ['token', () => replay('x1-2', nothing), 'replay(token): expected a token that begins with s1-, got "x1-2"'],
    ['part of a token', () => replay('s1-?', nothing), 'replay(token): the part "?" is malformed, in "s1-?"'],
    ['no token', () => replay(1 as never, nothing), 'replay(token, program): expected a token, got 1'],
  ])('%s', async (_what, call, message) => {
    await expect(call()).rejects.toThrow(message)
  })

  it('a program that is not the same each time is told so', async () => {
    let runs = 0
    await expect(
      explore(function* () {
        if (runs++ === 0) throw new Error('once')
      }),
    ).rejects.toThrow('the program is not deterministic: replaying the failing schedule did not fail')
  })
})

describe('an operation that is made and never performed', () => {
  const slips: [string, Program][] = [
    [
      'chan send',
      function* () {
        const ch = chan<number>(1)
        ch.send(1) // eslint-disable-line @typescript-eslint/no-floating-promises -- the slip
      },
    ],
    [
      'chan receive',
      function* () {
        chan<number>().receive() // eslint-disable-line @typescript-eslint/no-floating-promises -- the slip
      },
    ],
    [
      'sync.Mutex.Lock',
      function* () {
        mutex().lock() // eslint-disable-line @typescript-eslint/no-floating-promises -- the slip
      },
    ],
    [
      'sleep',
      function* () {
        sleep(5) // eslint-disable-line @typescript-eslint/no-floating-promises -- the slip
      },
    ],
    [
      'select',
      function* () {
        select({ slept: sleep(5) }) // eslint-disable-line @typescript-eslint/no-floating-promises -- the slip
      },
    ],
    [
      'chan send',
      function* () {
        const ch = chan<number>()
        ch.send(1).map(() => 2) // eslint-disable-line @typescript-eslint/no-floating-promises -- the slip
      },
    ],
  ]
  it.each(slips)('%s is found', async (what, program) => {
    const { finding, token } = await found(program)
    expect(finding).toMatchObject({
      kind: 'unperformed',
      message: `an operation was made and never performed: ${what}; use yield* or await`,
    })
    await expect(replay(token, program)).rejects.toMatchObject({ finding: { kind: 'unperformed' } })
    await explore(program, { unperformed: false })
  })

  it('a cursor that no loop reads is no finding', async () => {
    await explore(function* () {
      range(chan<number>())
    })
  })

  it('one that loses a select, is tried, wrapped, or awaited has been performed', async () => {
    await explore(function* () {
      const ch = chan<number>(1)
      yield* select({ lost: ch.receive(), won: sleep(1) })
      trySelect({ ch: ch.receive() })
      yield* ch.send(1).within(background)
      yield* ch.receive().map(() => 1)
      const kept = ch.send(2)
      yield* kept
      yield* ch.receive()
      yield* kept
      yield* go(async () => {
        await ch.receive()
      }).join()
    })
  })
})

describe('a lock that is unlocked by one who does not hold it', () => {
  const program: Program = function* () {
    const lock = mutex()
    const holder = go(function* holding() {
      yield* lock.lock()
      yield* gosched()
    })
    yield* holder.join()
    lock.unlock()
  }

  it('is a finding where locks are owned, with the schedule that leads to it; in Go it is none', async () => {
    const { finding, token } = await found(program, { ownedLocks: true })
    expect(finding).toMatchObject({
      kind: 'foreign-unlock',
      message: 'a goroutine unlocked a lock that it does not hold: program#1 unlocks mutex 1, which is held by holding#2',
    })
    await expect(replay(token, program, { ownedLocks: true })).rejects.toMatchObject({ finding: { kind: 'foreign-unlock' } })
    await explore(program)
  })

  it('one that was handed on is its new holder’s', async () => {
    await explore(
      function* () {
        const lock = mutex()
        const enter = function* (): Generator<never, void> {
          using _guard = yield* lock.lock()
          yield* gosched()
        }
        const all = [go(enter), go(enter), go(enter)]
        for (const one of all) yield* one.join()
      },
      { ownedLocks: true },
    )
  })
})
