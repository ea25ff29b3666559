/** The places of `millrace/testing` and `millrace/fast-check` that call code of users. */
import fc from 'fast-check'
import { go, sleep } from 'millrace'
import { channelProgram, failures, linearizable, schedule, scheduleOf } from 'millrace/fast-check'
import { fromIterable, relay } from 'millrace/operators'
import { bubble, expectNoLeaks, explore, laws, marbles, replay, type Law, type TestHooks } from 'millrace/testing'
import { raise, type Bad, type Rows } from './kinds.js'

const few = { schedules: 2, many: 3 } as const
function* waiting() {
  go(function* () {
    yield* sleep(1)
  })
  yield* sleep(2)
}

/** Each law is checked; the failure of the first that is broken is the end. */
async function checked(suite: readonly Law[]): Promise<void> {
  let failure: { readonly cause: unknown } | null = null
  for (const law of suite)
    try {
      await law.check()
    } catch (cause) {
      failure ??= { cause }
    }
  if (failure !== null) throw failure.cause
}

/** Runs one test of a runner with these hooks. */
async function tested(hooks: (registered: (f: () => unknown) => void) => TestHooks): Promise<void> {
  const functions: (() => unknown)[] = []
  expectNoLeaks(hooks((f) => functions.push(f)))
  for (const f of functions) await f()
}

const operator = () => relay<number>()
const [drawnProgram] = fc.sample(channelProgram(), { numRuns: 1, seed: 1 })
const drawnFailures = fc.sample(failures(1), { numRuns: 100, seed: 1 }).find(({ points }) => points.length === 0) ?? raise('none drawn')
const scheduled = (cancel: Bad) => fc.sample(schedule({ cancel }), { numRuns: 1, seed: 1 })[0].run(waiting)

export const testing: Rows = {
  'bubble(fn)': (f) => bubble(f),
  'bubble(fn): a goroutine in it': (f) => bubble(() => go(f).join()),
  'expectNoLeaks(hooks): beforeEach': (f) => tested((add) => ({ beforeEach: (each) => (add(each), f()), afterEach: add })),
  'expectNoLeaks(hooks): afterEach': (f) => tested((add) => ({ beforeEach: add, afterEach: (each) => (add(each), f()) })),
  'explore(program)': (f) => explore(f, { schedules: 2 }),
  'explore(program): a goroutine in it': (f) => explore(() => go(f).join(), { schedules: 2 }),
  'explore({ cancel })': (f) => explore(waiting, { schedules: 2, cancel: f }),
  'Faults.call(f)': (f) => bubble(({ faults }) => faults({}).call(f)()),
  'laws.channel(make)': (f) => checked(laws.channel(f, { ...few, capacities: [1] })),
  'laws.operator(make)': (f) => checked(laws.operator(f, { ...few, bound: 1 })),
  'laws.operator({ expected })': (f) => checked(laws.operator(operator, { ...few, bound: 1, expected: f })),
  'laws.operator({ itemsOf })': (f) => checked(laws.operator(operator, { ...few, bound: 1, itemsOf: f })),
  'laws.operator({ ordered })': (f) => checked(laws.operator(operator, { ...few, bound: 1, ordered: f })),
  'laws.source(make)': (f) => checked(laws.source(f, few)),
  'laws.source({ failing })': (f) => checked(laws.source(fromIterable, { ...few, failing: f })),
  'laws.source({ ordered })': (f) => checked(laws.source(fromIterable, { ...few, ordered: f })),
  'laws.broker(open)': (f) => checked(laws.broker(f, { schedules: 2 })),
  'laws.sink(make)': (f) => checked(laws.sink(f, few)),
  'laws.sink(make): its end': (f) => checked(laws.sink(() => ({ join: f }), few)),
  'laws.adapter(open)': (f) => checked(laws.adapter(f, { bound: 1, many: 3 })),
  'laws.adapter({ resources })': (f) => checked(laws.adapter((items) => items, { bound: 1, many: 3, resources: f })),
  'marbles(fn)': (f) => marbles(f),
  'replay(program)': (f) => replay('s1-', f),
  'replay({ cancel })': (f) => replay('s1-', waiting, { cancel: f }),
}

/** A structure for `linearizable`, and a property that is run once, whose error is the cause of that of fast-check. */
interface Adder {
  add(): number
}
const adder = (): Adder => ({ add: () => 1 })
async function once(property: fc.IAsyncProperty<unknown>): Promise<void> {
  const run = await fc.check(property, { numRuns: 1, seed: 1, endOnFailure: true })
  if (run.failed) throw run.errorInstance
}

export const fastCheck: Rows = {
  'ChannelProgram.on(make)': (f) => bubble(drawnProgram.on(f)),
  'Failures.in(step)': (f) => [drawnFailures.in(f)()],
  'linearizable(make)': (f) => once(linearizable<Adder, 'add'>(adder, f, { add: [] })),
  'RunSchedule.run(program)': (f) => scheduleOf('s1-').run(f),
  'RunSchedule.runSync(program)': (f) => [scheduleOf('s1-').runSync(f)],
  'schedule({ cancel })': (f) => scheduled(f),
  'scheduleOf({ cancel })': (f) => scheduleOf('s1-', { cancel: f }).run(waiting),
}
