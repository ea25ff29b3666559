/**
 * `reduced` against all schedules: it meets every outcome of a random program, and runs hardly more often than there are
 * orders of dependent steps.
 */
import fc from 'fast-check'
import { chan, go, gosched, mutex, select, sleep, waitGroup, withCancel, background, type Chan, type Mutex } from 'millrace'
import { explore, shared, watch, type Program, type SharedCell } from 'millrace/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { exhaustive } from '../../src/testing/explore/exhaustive.js'
import { HappensBefore } from '../../src/testing/explore/happens-before.js'
import type { ChoiceKind, Picker } from '../../src/testing/explore/picker.js'
import { reduced } from '../../src/testing/explore/reduced.js'
import { ScheduledRunner } from '../../src/testing/explore/scheduled-run.js'
import type { Due, Step, StepWatcher } from '../../src/testing/explore/steps.js'
import { isNightly } from '../support/portion.js'
import type { Strategy } from '../../src/testing/explore/strategies.js'

const MOST = isNightly ? 20_000 : 2_000

/** The outcomes of all schedules that a strategy gives: a result, or a finding; null where there are too many schedules. */
async function outcomesOf(program: Program, strategy: Strategy, wrap = (picker: Picker): Picker => picker) {
  const runner = new ScheduledRunner(1_000, { strategy: 'reduced' })
  const outcomes = new Set<string>()
  runner.open()
  try {
    await runner.letHostIn()
    let runs = 0
    for (let picker = strategy.next(); picker !== null; picker = strategy.next()) {
      if (++runs > MOST) return null
      const { finding, value } = await runner.run(program, wrap(picker), null)
      if (finding !== null)
        outcomes.add(
          `${finding.kind} ${finding.waiting
            .map((one) => one.replace(/#\d+/, ''))
            .sort()
            .join()}`,
        )
      else if (value !== undefined) outcomes.add(String(value)) // a run that was cut off has none
    }
    return { outcomes: [...outcomes].sort(), runs }
  } finally {
    runner.close()
  }
}

interface World {
  readonly cells: readonly SharedCell<number>[]
  readonly locks: readonly Mutex[]
  readonly channels: readonly Chan<number>[]
  readonly ctx: ReturnType<typeof withCancel>
}

type Act = (world: World, log: (what: unknown) => void) => Generator<never, unknown>

/** What a goroutine does, by number: `of` chooses the cell, the lock and the channel. */
const acts: readonly ((of: number) => Act)[] = [
  (of) =>
    function* add({ cells }) {
      const before = cells[of].value
      yield* gosched()
      cells[of].value = before + 1
    },
  (of) =>
    function* addLocked({ cells, locks }) {
      yield* locks[of].lock()
      cells[of].value += 10
      locks[of].unlock()
    },
  (of) =>
    function* lockBoth({ locks }) {
      yield* locks[of].lock()
      yield* locks[1 - of].lock()
      locks[of].unlock()
      locks[1 - of].unlock()
    },
  (of) =>
    function* tryLock({ locks }, log) {
      const isLocked = locks[of].tryLock()
      log(isLocked)
      yield* gosched()
      if (isLocked) locks[of].unlock()
    },
  (of) =>
    function* send({ channels }) {
      yield* channels[of].send(of + 1)
    },
  (of) =>
    function* receive({ channels }, log) {
      log(yield* channels[of].receive())
    },
  (of) =>
    function* tries({ channels }, log) {
      log(channels[of].trySend(7))
      yield* gosched()
      log(channels[1 - of].tryReceive())
    },
  () =>
    function* either({ channels, ctx }, log) {
      log((yield* select({ a: channels[0].receive(), b: channels[1].receive(), end: ctx.done(), late: sleep(2) })).case)
    },
  () =>
    function* cancel({ ctx }) {
      ctx.cancel()
    },
  (of) =>
    function* look({ cells, ctx }, log) {
      log(ctx.err()._tag)
      yield* gosched()
      log(cells[of].value)
    },
  (of) =>
    function* wait({ cells }) {
      yield* sleep(1)
      cells[of].value *= 2
    },
]

type Plan = readonly (readonly (readonly [act: number, of: number])[])[]

const programOf = (plan: Plan): Program =>
  function* () {
    const world: World = {
      cells: [shared(1), shared(1)],
      locks: [mutex(), mutex()],
      channels: [chan<number>(0), chan<number>(1)],
      ctx: withCancel(background),
    }
    const logs = plan.map((): unknown[] => [])
    const group = waitGroup()
    for (const [i, steps] of plan.entries())
      group.go(function* worker() {
        for (const [act, of] of steps) yield* acts[act](of)(world, (what) => logs[i].push(what))
      })
    yield* group.wait()
    return JSON.stringify([logs, world.cells.map((cell) => cell.value)])
  }

const plans: fc.Arbitrary<Plan> = fc.array(fc.array(fc.tuple(fc.nat(acts.length - 1), fc.nat(1)), { minLength: 1, maxLength: 2 }), {
  minLength: 2,
  maxLength: 3,
})

it('meets every outcome of a random program, and no other', { timeout: 600_000 }, async () => {
  let compared = 0
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const program = programOf(plan)
      const all = await outcomesOf(program, exhaustive(100))
      if (all === null) return
      const few = await outcomesOf(program, reduced(false))
      compared++
      expect(few?.outcomes).toEqual(all.outcomes)
      expect(few?.runs).toBeLessThanOrEqual(all.runs)
    }),
    { seed: 1, numRuns: isNightly ? 1_000 : 60 },
  )
  expect(compared).toBeGreaterThan(20)
})

/** Counts the orders of dependent steps that a picker runs. */
class Traces implements Picker, StepWatcher {
  readonly met = new Set<string>()
  private _order = new HappensBefore(false)
  private _steps: string[] = []
  private _choices = ''
  private _wasCut = false

  constructor(private _picker: Picker & StepWatcher) {}

  of(picker: Picker): this {
    this.endRun()
    this._picker = picker as Picker & StepWatcher // of `reduced`
    this._order = new HappensBefore(false)
    this._steps = []
    this._wasCut = false
    return this
  }
  endRun(): void {
    if (this._steps.length > 0 && !this._wasCut) this.met.add(this._steps.sort().join('\n'))
  }
  pick(options: number, kind: ChoiceKind, candidates: readonly object[] | null): number {
    const picked = this._picker.pick(options, kind, candidates)
    if (candidates === null) this._choices += picked
    return picked
  }
  begins(due: readonly Due[]): boolean {
    const goesOn = this._picker.begins(due)
    if (!goesOn) this._wasCut = true
    return goesOn
  }
  ended(step: Step): void {
    this._picker.ended(step)
    this._order.add(step, this._steps.length)
    this._steps.push(`${step.who} ${this._order.past(step.who)} ${this._choices}`)
    this._choices = ''
  }
}

const five: Record<string, Program> = {
  'four goroutines that share nothing': function* () {
    for (let i = 0; i < 4; i++)
      go(function* () {
        const own = chan<number>(1)
        yield* own.send(1)
        yield* own.receive()
      })
  },
  'three workers, a channel, a mutex and a group': function* () {
    const [lock, jobs, group] = [mutex(), chan<number>(3), waitGroup()]
    for (let i = 0; i < 3; i++) yield* jobs.send(i)
    jobs.close()
    for (let i = 0; i < 3; i++)
      group.go(function* () {
        yield* jobs.receive()
        yield* lock.lock()
        lock.unlock()
      })
    yield* group.wait()
  },
  'a pipeline of two channels': function* () {
    const [first, second] = [chan<number>(), chan<number>()]
    go(function* () {
      for (let i = 0; i < 2; i++) yield* first.send(i)
      first.close()
    })
    go(function* () {
      for (let it = yield* first.receive(); it._tag === 'Some'; it = yield* first.receive()) yield* second.send(it.value)
      second.close()
    })
    for (let it = yield* second.receive(); it._tag === 'Some'; it = yield* second.receive());
  },
  'three workers and two locks': function* () {
    const [a, b] = [mutex(), mutex()]
    for (let i = 0; i < 3; i++)
      go(function* () {
        yield* a.lock()
        a.unlock()
        yield* b.lock()
        b.unlock()
      })
  },
  'an item whose counter is set before it is published': function* () {
    const [lock, done, items] = [mutex(), chan<never>(), [watch({ pending: 1 })]]
    const workers = waitGroup()
    const worker = function* (): Generator<never, void> {
      yield* lock.lock()
      const item = items.pop()
      lock.unlock()
      if (item !== undefined) item.pending--
    }
    workers.go(worker)
    workers.go(worker)
    go(function* () {
      yield* workers.wait()
      done.close()
    })
    yield* lock.lock()
    items.push(watch({ pending: 1 }))
    lock.unlock()
    yield* sleep(1)
    yield* done.receive()
  },
}

const rows: string[] = []

describe.each(Object.entries(five))('%s', (name, program) => {
  it('runs at most 1.5 times for each order of dependent steps', async () => {
    const strategy = reduced(false)
    const traces = new Traces(strategy as unknown as Picker & StepWatcher)
    const all = await outcomesOf(program, strategy, (picker) => traces.of(picker))
    traces.endRun()
    const runs = all?.runs ?? Infinity
    rows.push(
      `${String(runs).padStart(8)} runs ${String(traces.met.size).padStart(8)} orders  ${(runs / traces.met.size).toFixed(2)}  ${name}`,
    )
    expect(runs / traces.met.size).toBeLessThanOrEqual(1.5)
    expect(await explore(program, { strategy: 'reduced', schedules: MOST })).toEqual({ schedules: runs, isComplete: true })
  })
})

it('takes no cancel: it is no step', async () => {
  await expect(explore(five['three workers and two locks'], { strategy: 'reduced', cancel: true })).rejects.toThrow(
    "explore(program, { strategy: 'reduced', cancel }): expected no cancel",
  )
})

afterAll(() => console.log(rows.join('\n')))
