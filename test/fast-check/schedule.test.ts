import fc, { type RunDetails } from 'fast-check'
import { chan, go, gosched, mutex, select, sleep, type Goroutine } from 'millrace'
import { channelProgram, schedule, scheduleOf, type RunSchedule } from 'millrace/fast-check'
import { bubble, replay, ScheduleError, type Program, type Trial } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { hostTurn } from '../support/settle.js'
import { backwards, lockOrder, lostUpdate, sound, starved } from './programs.js'

const seeds = Array.from({ length: 20 }, (_, i) => i + 1)

type Details = RunDetails<[RunSchedule]>

const under = (program: Program) =>
  fc.asyncProperty(schedule(), async (s) => {
    await s.run(program)
  })

const find = async (program: Program, seed: number): Promise<Details> => fc.check(under(program), { seed, numRuns: 200 })

const tokenOf = ({ counterexample }: Details): string | null | undefined => counterexample?.[0].token

async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    return error
  }
  throw new Error('it did not throw')
}

describe('a schedule', () => {
  it.each([
    { program: lostUpdate, token: 's1-1', runs: 30 },
    { program: lockOrder, token: 's1-1', runs: 30 },
    { program: backwards, token: 's1-0.2-0', runs: 100 },
    { program: starved, token: `s1${'-0'.repeat(20)}`, runs: 100 },
  ])('finds the fault of $program.name, and is shrunk to $token from every seed', async ({ program, token, runs }) => {
    for (const seed of seeds) {
      const details = await find(program, seed)
      expect(tokenOf(details), `seed ${seed}`).toBe(token)
      expect(details.numRuns, `runs of seed ${seed}`).toBeLessThanOrEqual(runs)
      expect(details.numShrinks, `shrinks of seed ${seed}`).toBeLessThanOrEqual(30)
    }
  })

  it('is shrunk to as few switches as are enough: no schedule with fewer fails', async () => {
    const fewer = ['s1-', ...['0', '1', '2', '3', '4'].flatMap((zeros) => ['', '.2', '.3'].map((option) => `s1-${zeros}${option}`))]
    for (const token of fewer) await scheduleOf(token).run(backwards)
    await expect(scheduleOf('s1-0.2-0').run(backwards)).rejects.toThrow('cba')
  })

  it('finds nothing where there is nothing', async () => {
    for (const seed of seeds) expect((await find(sound, seed)).failed).toBe(false)
  })

  it('fails the property with a ScheduleError, whose token is that of the counterexample', async () => {
    const details = await find(lockOrder, 1)
    expect(details.errorInstance).toBeInstanceOf(ScheduleError)
    const { token, finding, events } = details.errorInstance as ScheduleError
    expect(token).toBe(tokenOf(details))
    expect(finding.kind).toBe('partial deadlock')
    expect(events).toContainEqual({ who: 'both#3', did: 'grants mutex 2' })
  })

  it('is replayed by `replay` of its token: the same events, the same error', async () => {
    for (const program of [lostUpdate, lockOrder, backwards, starved]) {
      const details = await find(program, 1)
      const again = await thrownBy(() => replay(tokenOf(details) ?? '', program))
      expect(again).toBeInstanceOf(ScheduleError)
      expect((again as ScheduleError).message).toBe((details.errorInstance as ScheduleError).message)
      expect((again as ScheduleError).events).toEqual((details.errorInstance as ScheduleError).events)
    }
  })

  it('is found again by seed and path, though a path is walked without a run', async () => {
    for (const program of [lockOrder, backwards, starved])
      for (const seed of seeds) {
        const details = await find(program, seed)
        const path = details.counterexamplePath ?? ''
        const again = await fc.check(under(program), { seed, path, endOnFailure: true })
        expect([again.failed, again.numRuns, tokenOf(again)], `seed ${seed}`).toEqual([true, 1, tokenOf(details)])
      }
  })

  it('prints as the call that makes it again', async () => {
    const error = (await thrownBy(() => fc.assert(under(lockOrder), { seed: 1 }))) as Error
    expect(error.message).toContain('Counterexample: [scheduleOf("s1-1")]')
    expect(String(scheduleOf('s1-0.2-0'))).toBe('scheduleOf("s1-0.2-0")')
    expect(fc.stringify([scheduleOf('s1-')])).toBe('[scheduleOf("s1-")]')
  })

  it('has no token before it was run, but where it was told its choices', () => {
    const all = fc.sample(schedule(), { numRuns: 100, seed: 1 })
    const [known, drawn] = [all.filter(({ token }) => token !== null), all.filter(({ token }) => token === null)]
    expect(known.length).toBeGreaterThan(5)
    expect(drawn.length).toBeGreaterThan(50)
    expect(String(drawn[0])).toBe('a schedule that has not run yet')
    for (const one of drawn) one.runSync(sound)
    expect(drawn.every(({ token }) => token?.startsWith('s1-'))).toBe(true)
  })

  it('among the examples it is tried first, and shrunk', async () => {
    const details = await fc.check(under(lockOrder), { seed: 1, examples: [[scheduleOf('s1-1-0-0-2.3')] as [RunSchedule]] })
    expect([details.numRuns, tokenOf(details)]).toEqual([1, 's1-1'])
  })

  it('keeps the token of the run that failed, else of the last one', async () => {
    const s = scheduleOf('s1-1-0-0')
    await s.run(sound)
    await expect(s.run(lockOrder)).rejects.toThrow(ScheduleError)
    const { token } = s
    await s.run(sound)
    expect(s.token).toBe(token)
    await expect(replay(token ?? '', lockOrder)).rejects.toThrow(ScheduleError)
  })
})

describe('a program under a schedule', () => {
  it('goes the same way each time: run again, run by its token, run at once', async () => {
    await fc.assert(
      fc.asyncProperty(schedule(), channelProgram(), async (s, program) => {
        const history = String(await s.run(program.run))
        expect(String(await s.run(program.run))).toBe(history)
        expect(String(s.runSync(program.run))).toBe(history)
        expect(String(await scheduleOf(s.token ?? '').run(program.run))).toBe(history)
      }),
      { numRuns: 500, seed: 1 },
    )
  })

  it('goes many ways under many schedules', async () => {
    const ways = new Set<string>()
    const letters = function* letters() {
      let text = ''
      const write = function* (letter: string) {
        text += letter
      }
      for (const one of ['a', 'b', 'c', 'd'].map((letter) => go(write, letter))) yield* one.join()
      return text
    }
    for (const s of fc.sample(schedule(), { numRuns: 500, seed: 1 })) ways.add(await s.run(letters))
    expect(ways.size).toBe(24)
  })

  it('may ask for choices of its own, each of which is taken, and for the time', async () => {
    const chosen = [0, 0, 0]
    for (const s of fc.sample(schedule(), { numRuns: 300, seed: 1 }))
      chosen[
        await s.run(function* (trial: Trial) {
          yield* sleep(5)
          expect(trial.now()).toBe(5)
          return trial.choose(3)
        })
      ]++
    for (const n of chosen) expect(n).toBeGreaterThan(50)
  })

  it('has timers that fire while somebody is ready, sometimes', async () => {
    const first = { timer: 0, other: 0 }
    for (const s of fc.sample(schedule(), { numRuns: 300, seed: 1 }))
      first[
        await s.run(function* () {
          const ch = chan<void>()
          const sender = go(function* sender() {
            for (let i = 0; i < 3; i++) yield* gosched()
            return yield* select({ sent: ch.send(), off: sleep(100) })
          })
          const it = yield* select({ timer: sleep(50), other: ch.receive() })
          yield* sender.join()
          return it.case
        })
      ]++
    expect(first.timer).toBeGreaterThan(20)
    expect(first.other).toBeGreaterThan(100)
  })

  it('may be made of async functions', async () => {
    const program = async (): Promise<number> => {
      const ch = chan<number>()
      const adder: Goroutine<number> = go(async () => {
        let sum = 0
        for await (const value of ch) sum += value
        return sum
      })
      for (let i = 1; i <= 4; i++) await ch.send(i)
      ch.close()
      return await adder.join()
    }
    await fc.assert(
      fc.asyncProperty(schedule(), async (s) => {
        expect(await s.run(program)).toBe(10)
      }),
      { numRuns: 50, seed: 1 },
    )
  })

  it('of async functions is found at fault, and its token is replayed', async () => {
    const program = async (): Promise<void> => {
      const [a, b] = [mutex(), mutex()]
      const both = async (first: typeof a, second: typeof a): Promise<void> => {
        using _first = await first.lock()
        using _second = await second.lock()
      }
      const all = [go(both, a, b), go(both, b, a)]
      for (const one of all) await one.join()
    }
    const details = await find(program, 1)
    expect(details.errorInstance).toBeInstanceOf(ScheduleError)
    await expect(replay(tokenOf(details) ?? '', program)).rejects.toThrow('deadlock')
  })

  it('runs within the call by runSync, in a property that is not async', () => {
    const details = fc.check(
      fc.property(schedule(), (s) => {
        expect(s.runSync(sound)).toBe('012')
        s.runSync(lostUpdate)
      }),
      { seed: 1 },
    )
    expect(tokenOf(details)).toBe('s1-1')
  })

  it('is refused by runSync where an async function takes part, which does not go on', async () => {
    let steps = 0
    const program = function* () {
      const other = go(async () => {
        await gosched()
        steps++
      })
      yield* other.join()
    }
    expect(() => scheduleOf('s1-').runSync(program)).toThrow(
      new TypeError('schedule.runSync(program): an async function takes part, which continues by promises; use run'),
    )
    await scheduleOf('s1-').run(sound)
    expect(steps).toBe(0)
  })

  it('that is not the same each time is told so', async () => {
    let runs = 0
    const fickle = function* () {
      if (runs++ === 0) throw new Error('only once')
    }
    await expect(scheduleOf('s1-').run(fickle)).rejects.toThrow(
      'schedule.run(program): the program is not deterministic: replaying the failing schedule did not fail',
    )
  })

  it.each<[string, Program, object, string]>([
    [
      'steps',
      function* () {
        for (;;) yield* gosched()
      },
      { steps: 50 },
      'step-limit',
    ],
    [
      'unperformed',
      function* () {
        void chan<number>(1).send(1)
      },
      {},
      'unperformed',
    ],
    [
      'ownedLocks',
      function* () {
        const lock = mutex()
        yield* lock.lock()
        yield* go(function* () {
          lock.unlock()
        }).join()
      },
      { ownedLocks: true },
      'foreign-unlock',
    ],
  ])('is looked at as the options say: %s', async (_, program, options, kind) => {
    // prettier-ignore
    const [s] = fc.sample(schedule(options), 1)
    for (const one of [s, scheduleOf('s1-', options)]) {
      const error = await thrownBy(() => one.run(program))
      expect((error as ScheduleError).finding.kind).toBe(kind)
    }
  })
})

describe('the host', () => {
  it('gets a turn after 20 ms of runs, though a property goes on by promises alone', async () => {
    const busy = (): Generator<never, string> => {
      for (const end = performance.now() + 5; performance.now() < end;);
      return sound()
    }
    let turns = 0
    let isOver = false
    const turn = (): void => {
      turns++
      if (!isOver) void hostTurn().then(turn)
    }
    void hostTurn().then(turn)
    await fc.assert(under(busy), { numRuns: 60, seed: 1 })
    isOver = true
    expect(turns).toBeGreaterThan(5)
  })

  it('is free again after each run: one at a time, and not beside a bubble', async () => {
    const s = scheduleOf('s1-')
    const slow = async (): Promise<void> => {
      await sleep(1)
    }
    const [first, second] = await Promise.allSettled([s.run(slow), s.run(sound)])
    expect(first.status).toBe('fulfilled')
    expect((second as PromiseRejectedResult).reason).toEqual(
      new Error(
        'schedule.run(program): schedule.run(program) is running already; both need the run queue, so run them one after the other',
      ),
    )
    await bubble(async () => {
      await expect(s.run(sound)).rejects.toThrow(/^schedule\.run\(program\): .* is running already/)
    })
    expect(await s.run(sound)).toBe('012')
    expect(s.runSync(sound)).toBe('012')
  })
})
