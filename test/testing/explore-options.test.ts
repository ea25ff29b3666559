/** The limits of an exploration, all its findings, and endless runs. */
import {
  background,
  chan,
  go,
  gosched,
  keyedMutex,
  mutex,
  newTimer,
  now,
  once,
  rwMutex,
  select,
  semaphore,
  sleep,
  ticker,
  trySelect,
  withCancel,
  withTimeout,
} from 'millrace'
import { bubble, BubbleError, explore, replay, type Program } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { found } from '../support/found.js'

function* race(): Generator<never, void> {
  let order = ''
  const step = function* (name: string): Generator<never, void> {
    order += name
  }
  const all = ['a', 'b', 'c'].map((name) => go(step, name))
  for (const one of all) yield* one.join()
  if (order.startsWith('b')) throw new Error('b is first')
  if (order.startsWith('c')) throw new Error('c is first')
}

describe('hits', () => {
  it('all findings, each with the number of its schedules and a token of its own', async () => {
    const failed: Record<string, number> = {}
    let runs = 0
    const counted: Program = function* () {
      runs++
      try {
        yield* race()
      } catch (error) {
        failed[String(error)] = (failed[String(error)] ?? 0) + 1
        throw error
      }
    }
    const options = { strategy: 'exhaustive', preemptions: 0, hits: true } as const
    const { schedules, isComplete, hits } = await explore(counted, options)
    expect(isComplete).toBe(true)
    const [inHits, inRuns] = [{ ...failed }, runs]
    for (const { error, count } of hits) inHits[error.finding.message] -= count
    for (const left of Object.values(inHits)) expect(left).toBeGreaterThan(0) // the runs that shrink
    expect(schedules).toBeLessThan(inRuns)
    expect(hits.map(({ error }) => error.finding.message).sort()).toEqual(['Error: b is first', 'Error: c is first'])
    expect(hits.every(({ count }) => count >= 2 && count < schedules)).toBe(true)
    for (const { error } of hits) {
      expect(error.token).not.toBe('s1-')
      await expect(replay(error.token, race)).rejects.toMatchObject({ finding: { message: error.finding.message } })
    }
  })

  it('none where nothing fails', async () => {
    expect(await explore(function* () {}, { schedules: 3, hits: true })).toEqual({ schedules: 3, isComplete: false, hits: [] })
  })
})

describe('limits', () => {
  it('time: no schedule begins after it', async () => {
    const { schedules, isComplete } = await explore(function* () {}, { time: 20, schedules: 1e9 })
    expect(isComplete).toBe(false)
    expect(schedules).toBeGreaterThan(0)
  })

  it('time: one schedule runs in any case, also where it is over before', async () => {
    expect(await explore(function* () {}, { time: Number.MIN_VALUE })).toEqual({ schedules: 1, isComplete: false })
  })

  it.each([0, -1, -Infinity])('time: %s is refused, since nothing would be tried', async (time) => {
    const refused = new RangeError(`explore(program, { time }): expected more than 0 ms, got ${time}`)
    await expect(explore(race, { time })).rejects.toThrow(refused)
  })

  it('time: NaN is refused', async () => {
    const refused = new RangeError('explore(program, { time }): expected a number of ms, got NaN')
    await expect(explore(race, { time: Number.NaN })).rejects.toThrow(refused)
  })

  it('signal: the exploration rejects with its reason, and another may begin', async () => {
    const reason = new Error('enough')
    const controller = new AbortController()
    let runs = 0
    const program: Program = function* () {
      if (++runs === 7) controller.abort(reason)
    }
    await expect(explore(program, { schedules: 1e9, signal: controller.signal })).rejects.toBe(reason)
    expect(runs).toBe(7)
    await expect(explore(program, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(runs).toBe(7)
    await explore(program, { schedules: 1 })
  })
})

describe('the step limit', () => {
  /** One step to start, and one after each yield. */
  const ofSteps = (n: number): Program =>
    function* () {
      for (let i = 1; i < n; i++) yield* gosched()
    }

  it('a run that ends with its last step has ended', async () => {
    await explore(ofSteps(5), { strategy: 'first-in', steps: 5 })
    expect((await found(ofSteps(6), { strategy: 'first-in', steps: 5 })).finding.kind).toBe('step-limit')
  })

  it('so has a program of async functions', async () => {
    const program: Program = async () => {
      for (let i = 1; i < 5; i++) await sleep(1)
    }
    const needed = async (steps: number) =>
      explore(program, { strategy: 'first-in', steps }).then(
        () => true,
        () => false,
      )
    let least = 1
    while (!(await needed(least))) least++
    expect(least).toBeLessThan(20)
    expect(await needed(least - 1)).toBe(false)
  })

  it('a run that blocks with its last step is a deadlock', async () => {
    const blocked: Program = function* () {
      yield* gosched()
      yield* chan().receive()
    }
    expect((await found(blocked, { strategy: 'first-in', steps: 2 })).finding.kind).toBe('deadlock')
  })

  it('an endless run is shrunk, and its message names who went on', async () => {
    const program: Program = function* () {
      const ready = chan<boolean>(1)
      go(function* poller() {
        while (ready.size === 0) yield* gosched()
        if (trySelect([ready.receive()])._tag === 'None') for (;;) yield* gosched()
      })
      go(function* thief() {
        yield* ready.receive()
      })
      for (let i = 0; i < 5; i++) yield* gosched()
      yield* ready.send(true)
    }
    const error = await found(program, { steps: 300 })
    expect(error.finding.kind).toBe('step-limit')
    expect(error.finding.message).toMatch(/the last steps: poller#2 \d+/)
    expect(error.token.length).toBeLessThan(30)
    expect(error.message.split('\n').length).toBeLessThan(250)
  })
})

describe('a program that waits forever while others go on', () => {
  it('is a deadlock', async () => {
    const program: Program = function* main() {
      go(function* beat() {
        for (;;) yield* sleep(1)
      })
      yield* chan<number>().receive()
    }
    const { finding } = await found(program, { steps: 1_000 })
    expect(finding.kind).toBe('deadlock')
    expect(finding.message).toBe('deadlock: main#1 waits, and others go on without it: main#1 [chan receive], beat#2 [sleep]')
  })

  it('is none where a goroutine that goes on uses what it waits for', async () => {
    const program: Program = function* main() {
      const values = chan<number>()
      go(function* beat() {
        for (;;) yield* select({ send: values.send(1), slept: sleep(1) })
      })
      for (;;) yield* values.receive()
    }
    expect((await found(program, { steps: 1_000 })).finding.kind).toBe('step-limit')
  })

  it('is none where it receives from a ticker', async () => {
    const program: Program = function* main() {
      const beat = ticker(1)
      for (;;) yield* beat.receive()
    }
    expect((await found(program, { steps: 1_000 })).finding.kind).toBe('step-limit')
  })
})

describe('a loop that polls without a wait', () => {
  const values = () => chan<number>()
  const loops: Record<string, Program> = {
    'a try form of select': function* poller() {
      const ch = values()
      while (trySelect([ch.receive()])._tag === 'None');
    },
    'a look at the time': function* poller(run) {
      while (run.now() < 5);
    },
    'a look at the time of the package': function* poller() {
      const start = now()
      while (now() < start + 5);
    },
    'a try to receive': function* poller() {
      for (const ch = values(); ch.tryReceive()._tag === 'Left';);
    },
    'a try to send': function* poller() {
      for (const ch = values(); !ch.trySend(1););
    },
    'a look whether a channel is closed': function* poller() {
      for (const ch = values(); !ch.isClosed;);
    },
    'a try to lock': function* poller() {
      const mu = mutex()
      yield* mu.lock()
      while (!mu.tryLock());
    },
    'a try to lock for writing': function* poller() {
      const mu = rwMutex()
      yield* mu.rLock()
      while (!mu.tryLock());
    },
    'a try to lock for reading': function* poller() {
      const mu = rwMutex()
      yield* mu.lock()
      while (!mu.tryRLock());
    },
    'a try to lock a key': function* poller() {
      const mu = keyedMutex<string>()
      yield* mu.lock('a')
      while (!mu.tryLock('a'));
    },
    'a try to acquire': function* poller() {
      for (const permits = semaphore(1); !permits.tryAcquire(2););
    },
    'a look whether a context has ended': function* poller() {
      for (const ctx = withCancel(background); ctx.err()._tag === 'None';);
    },
    'a look whether the root of the contexts has ended': function* poller() {
      while (background.err()._tag === 'None');
    },
    'operations that are never performed': function* poller() {
      for (const ch = values(); ;) void ch.send(1)
    },
  }

  it.each(Object.entries(loops))('%s: is named, and ends', async (_, program) => {
    const { finding } = await found(program, { schedules: 2, unperformed: false })
    expect(finding.kind).toBe('step-limit')
    expect(finding.message).toMatch(/^poller#1 polls without waiting: 100000 calls within one step/)
  })
})

describe('durations below a microsecond', () => {
  const tiny = 1e-7

  it('move the clock', async () => {
    for (const strategy of ['first-in', 'random', 'pct'] as const)
      await explore(
        function* (run) {
          const start = run.now()
          yield* sleep(tiny)
          if (run.now() <= start) throw new Error('no time has passed')
          yield* sleep(3_600_000)
          const later = run.now()
          yield* newTimer(tiny).fired()
          if (run.now() <= later) throw new Error('no time has passed after an hour')
        },
        { strategy, schedules: 20 },
      )
    await bubble(function* ({ now: time }) {
      const start = time()
      yield* sleep(tiny)
      expect(time()).toBeGreaterThan(start)
    })
  })

  it('a ticker of such an interval lets a sleep end', async () => {
    await explore(
      function* () {
        const beat = ticker(1e-4)
        yield* sleep(1e-3)
        beat.stop()
      },
      { strategy: 'first-in' },
    )
  })

  it('a deadline in Unix time is where it was', async () => {
    await bubble(function* ({ now: time }) {
      using ctx = withTimeout(background, 250)
      yield* ctx.done()
      expect(time()).toBe(250)
    })
  })
})

describe('a lock that is never given back', () => {
  it('the message says who holds it: a goroutine that has ended', async () => {
    const { finding } = await found(function* main() {
      const lock = mutex()
      yield* go(function* keeper() {
        yield* lock.lock()
      }).join()
      yield* lock.lock()
    })
    expect(finding.message).toBe(
      'deadlock: all goroutines are blocked: main#1 [sync.Mutex.Lock]\nmain#1 waits for mutex 1, held by keeper#2, which has ended',
    )
  })

  it('or one that waits itself', async () => {
    const { finding } = await found(function* main() {
      const permits = semaphore(1)
      const keeping = go(function* keeper(): Generator<never, void> {
        yield* permits.acquire(1)
        yield* chan<number>().receive()
      })
      yield* gosched()
      yield* permits.acquire(1)
      yield* keeping.join()
    })
    expect(finding.message).toContain('\nkeeper#2 waits for semaphore 1, held by main#1, which waits for keeper#2')
  })

  it('so does the dump of a bubble', async () => {
    const stuck = bubble(function* main() {
      const lock = mutex()
      yield* go(function* keeper() {
        yield* lock.lock()
      }).join()
      yield* lock.lock()
    })
    const error = await stuck.catch((thrown: unknown) => thrown)
    expect((error as BubbleError).message).toMatch(/\n {4}waits for mutex 1, held by keeper#\d+, which has ended\n/)
  })
})

describe('rings', () => {
  it('through the body of a once', async () => {
    const { finding } = await found(function* main() {
      const [lock, setUp] = [mutex(), once()]
      yield* lock.lock()
      yield* setUp.do(function* body() {
        yield* lock.lock()
      })
    })
    expect(finding.message).toContain(
      'main#1 [join of goroutine 2 body#2] waits for body#2 [sync.Mutex.Lock mutex 1], which waits for the first',
    )
  })

  it('through a channel: the sender holds the lock that the receiver waits for', async () => {
    const { finding } = await found(
      function* () {
        const [lock, jobs] = [mutex(), chan<number>()]
        go(function* sender() {
          yield* jobs.send(1)
          yield* lock.lock()
          yield* jobs.send(2)
          lock.unlock()
        })
        go(function* receiver() {
          yield* jobs.receive()
          yield* gosched()
          yield* lock.lock()
          yield* jobs.receive()
          lock.unlock()
        })
      },
      { schedules: 200 },
    )
    expect(finding.message).toMatch(
      /\na ring through a channel: (sender|receiver)#\d \[.*waits for (receiver|sender)#\d \[.*, which waits for the first/,
    )
  })

  it('none where all wait alike for what an ended goroutine gave', async () => {
    const { finding } = await found(function* () {
      const jobs = chan<number>(2)
      for (let i = 0; i < 2; i++)
        go(function* worker() {
          for (;;) yield* jobs.receive()
        })
      for (let i = 0; i < 4; i++) yield* jobs.send(i)
    })
    expect(finding.kind).toBe('leak')
    expect(finding.message).not.toContain('ring')
  })
})
