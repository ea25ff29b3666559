/** The places of `millrace/testing` and `millrace/fast-check`: these run outside a bubble, or open their own. */
import fc from 'fast-check'
import { memoryBroker } from 'millrace/broker'
import { chan, type Context } from 'millrace'
import { channelProgram, failures, latency, linearizable, payload, schedule, scheduleOf } from 'millrace/fast-check'
import { collect, fromIterable, relay } from 'millrace/operators'
import {
  bubble,
  dumpText,
  expectNoLeaks,
  explore,
  ignoreRaces,
  laws,
  marbles,
  replay,
  shared,
  watch,
  watchGoroutines,
  type Marbles,
  type TestHooks,
} from 'millrace/testing'
import { EMPTY, of } from 'rxjs'
import { optionsOf, type Table } from './kinds.js'

const runs = {
  steps: 'count?',
  unperformed: 'flag?',
  ownedLocks: 'flag?',
  waitGroups: 'flag?',
  timers: 'word?',
  cancel: 'function?',
  race: 'word or options?',
} as const
const program = () => 1
const few = { schedules: 2 }

const explorations: Table = {
  'bubble(fn)': ['function', (f) => bubble(f)],
  ...optionsOf('bubble', 'options', 'options?', { race: 'word?', seed: 'whole?' }, (options) => bubble(program, options)),
  'explore(program)': ['function', (f) => explore(f, few)],
  ...optionsOf(
    'explore',
    'options',
    'options?',
    {
      ...runs,
      depth: 'count?',
      preemptions: 'count?',
      schedules: 'count?',
      seed: 'whole?',
      strategy: 'word?',
      time: 'interval?',
      signal: 'object?',
      hits: 'flag?',
    },
    (options) => explore(program, options),
    few,
  ),
  'replay(token)': ['token', (token) => replay(token, program)],
  'replay(program)': ['function', (f) => replay('s1-', f)],
  ...optionsOf('replay', 'options', 'options?', runs, (options) => replay('s1-', program, options)),
  'Trial.faults(most)': ['record', (most) => explore((run) => void run.faults(most), few)],
  'Bubble.faults(most)': ['record', (most) => bubble(({ faults }) => void faults(most))],
  'Faults.sender(to)': ['object', (to) => bubble(({ faults }) => faults({}).sender(to))],
  'Faults.call(f)': ['function', (f) => bubble(({ faults }) => faults({}).call(f)())],
  'Faults.mayCrash(goroutine)': ['object', (goroutine) => bubble(({ faults }) => void faults({}).mayCrash(goroutine))],
  'Faults.happens(kind)': ['word', (kind) => bubble(({ faults }) => faults({}).happens(kind))],
  'Trial.choose(n)': ['count', (n) => explore((trial) => trial.choose(n), few)],
}

const races: Table = {
  'shared(value)': ['anything', (value) => shared(value).value],
  'shared(name)': ['text?', (name) => shared(1, name)],
  'watch(object)': ['cases', (object) => watch(object)],
  'watch(name)': ['text?', (name) => watch({}, name)],
  'ignoreRaces(object)': ['any object', (object) => ignoreRaces(object, 'a test')],
  'ignoreRaces(why)': ['name', (why) => ignoreRaces({}, why)],
}

const hooks: TestHooks = { beforeEach: () => {}, afterEach: () => {} }

const leaks: Table = {
  'dumpText(input)': ['object', (input) => dumpText(input)],
  'expectNoLeaks(hooks)': ['object', (given) => expectNoLeaks(given)],
  ...optionsOf('expectNoLeaks', 'options', 'options?', { patience: 'ms?' }, (options) => expectNoLeaks(hooks, options)),
  'GoroutineWatch.check(patience)': ['ms?', (patience) => watched(patience)],
}

async function watched(patience: number): Promise<void> {
  using watch = watchGoroutines()
  await watch.check(patience)
}

const inMarbles = (test: (tools: Marbles) => void) =>
  marbles((tools) => {
    test(tools)
  })

const diagrams: Table = {
  'marbles(fn)': ['function', (f) => marbles(f)],
  'Marbles.cold(marbles)': ['text', (given) => inMarbles(({ cold }) => void cold(given))],
  'Marbles.cold(values)': ['values?', (values) => inMarbles(({ cold }) => void cold('-|', values))],
  'Marbles.cold(error)': ['anything', (error) => inMarbles(({ cold }) => void cold('#', {}, error))],
  'Marbles.hot(marbles)': ['text', (given) => inMarbles(({ hot }) => void hot(given))],
  'Marbles.hot(values)': ['values?', (values) => inMarbles(({ hot }) => void hot('-|', values))],
  'Marbles.hot(error)': ['anything', (error) => inMarbles(({ hot }) => void hot('#', {}, error))],
  'Marbles.time(marbles)': ['name', (given) => inMarbles(({ time }) => void time(given))],
  'Marbles.expectObservable(observable)': ['object', (given) => inMarbles(({ expectObservable }) => expectObservable(given).toBe('(a|)'))],
  'Marbles.expectObservable(subscriptionMarbles)': [
    'diagram?',
    (given) => inMarbles(({ expectObservable }) => expectObservable(of('a'), given).toBe('(a|)')),
  ],
  'Marbles.expectSubscriptions(subscriptions)': [
    'logs',
    (given) => inMarbles(({ expectSubscriptions }) => expectSubscriptions(given).toBe([])),
  ],
  'ObservableExpectation.toBe(marbles)': [
    'silence',
    (given) => inMarbles(({ expectObservable, cold }) => expectObservable(cold('')).toBe(given)),
  ],
  'ObservableExpectation.toBe(values)': [
    'values?',
    (values) => inMarbles(({ expectObservable }) => expectObservable(EMPTY).toBe('|', values)),
  ],
  'ObservableExpectation.toBe(error)': [
    'anything',
    (error) => inMarbles(({ expectObservable, cold }) => expectObservable(cold('#', {}, error)).toBe('#', {}, error)),
  ],
  'ObservableExpectation.toEqual(other)': [
    'object',
    (given) => inMarbles(({ expectObservable }) => expectObservable(of('a')).toEqual(given)),
  ],
  'SubscriptionExpectation.toBe(marbles)': [
    'diagrams',
    (given) => inMarbles(({ expectSubscriptions, cold }) => expectSubscriptions(cold('').subscriptions).toBe(given)),
  ],
}

const ofLaws = { schedules: 'count?', seed: 'whole?', many: 'count?' } as const
const source = (items: Iterable<number>) => fromIterable(items)
const sink = (ctx: Context, observable: ReturnType<typeof source>) => collect(ctx, observable)

const suites: Table = {
  'laws.channel(make)': ['function', (make) => laws.channel(make)],
  ...optionsOf('laws.channel', 'options', 'options?', { ...ofLaws, capacities: 'list?', lossy: 'flag?' }, (options) =>
    laws.channel(chan, options),
  ),
  'laws.operator(make)': ['function', (make) => laws.operator(make, { bound: 1 })],
  ...optionsOf(
    'laws.operator',
    'options',
    'options',
    {
      ...ofLaws,
      bound: 'bound',
      expected: 'function?',
      itemsOf: 'function?',
      lossy: 'flag?',
      onThrow: 'word?',
      ordered: 'function?',
      refusesForeign: 'flag?',
      resubscribes: 'flag?',
      works: 'flag?',
    },
    (options) => laws.operator(() => relay<number>(), options),
    { bound: 1 },
  ),
  'laws.source(make)': ['function', (make) => laws.source(make)],
  ...optionsOf(
    'laws.source',
    'options',
    'options?',
    { ...ofLaws, bound: 'bound?', cold: 'flag?', failing: 'function?', ordered: 'function?', usesPromises: 'flag?' },
    (options) => laws.source(source, options),
  ),
  'laws.sink(make)': ['function', (make) => laws.sink(make)],
  ...optionsOf('laws.sink', 'options', 'options?', { ...ofLaws, bound: 'bound?', ordered: 'flag?' }, (options) => laws.sink(sink, options)),
  'laws.adapter(open)': ['function', (open) => laws.adapter(open, { bound: 1 })],
  ...optionsOf(
    'laws.adapter',
    'options',
    'options',
    {
      bound: 'bound',
      bytes: 'flag?',
      destroy: 'function?',
      except: 'record?',
      item: 'function?',
      longest: 'count?',
      many: 'count?',
      objects: 'flag?',
      resources: 'function?',
    },
    (options) => laws.adapter((items) => items, options),
    { bound: 1 },
  ),
  'laws.broker(open)': ['function', (open) => laws.broker(open)],
  ...optionsOf(
    'laws.broker',
    'options',
    'options?',
    { except: 'record?', lease: 'ms?', realTime: 'flag?', schedules: 'count?', seed: 'whole?' },
    (options) => laws.broker(memoryBroker, options),
  ),
  'Law.replay(token)': ['token', (token) => laws.channel(chan)[0].replay(token)],
}

export const testing: Table = { ...explorations, ...races, ...leaks, ...diagrams, ...suites }

const drawn = (arbitrary: fc.Arbitrary<unknown>) => fc.sample(arbitrary, 3)
const [drawnProgram] = fc.sample(channelProgram(), 1)
const [drawnFailures] = fc.sample(failures(1), 1)

interface Plain {
  add(): number
}
const plain = (): Plain => ({ add: () => 1 })

export const fastCheck: Table = {
  'ChannelProgram.check(history)': ['object', (history) => drawnProgram.check(history)],
  'ChannelProgram.on(make)': ['function', (make) => drawnProgram.on(make)],
  ...optionsOf(
    'channelProgram',
    'options',
    'options?',
    { capacity: 'count?', channels: 'count?', deadlocks: 'flag?', goroutines: 'count?', steps: 'count?', verbs: 'list?' },
    (options) => drawn(channelProgram(options)),
  ),
  'Failures.in(step)': ['function', (step) => drawnFailures.in(step)],
  'failures(calls)': ['count', (calls) => drawn(failures(calls))],
  ...optionsOf('failures', 'options', 'options?', { errors: 'object?', most: 'count?', ways: 'list?' }, (options) =>
    drawn(failures(1, options)),
  ),
  ...optionsOf('latency', 'options', 'options?', { max: 'count?', never: 'flag?' }, (options) => drawn(latency(options))),
  'linearizable(spec)': ['function', (spec) => linearizable<Plain, 'add'>(spec, plain, { add: [] })],
  'linearizable(make)': ['function', (make) => linearizable<Plain, 'add'>(plain, make, { add: [] })],
  'linearizable(operations)': ['object', (operations) => linearizable<Plain, 'add'>(plain, plain, operations)],
  ...optionsOf('linearizable', 'options', 'options?', { ...runs, calls: 'count?', goroutines: 'count?' }, (options) =>
    linearizable<Plain, 'add'>(plain, plain, { add: [] }, options),
  ),
  ...optionsOf('payload', 'options', 'options?', { work: 'flag?' }, (options) => drawn(payload(options))),
  'RunSchedule.run(program)': ['function', (f) => scheduleOf('s1-').run(f)],
  'RunSchedule.runSync(program)': ['function', (f) => scheduleOf('s1-').runSync(f)],
  ...optionsOf('schedule', 'options', 'options?', runs, (options) => drawn(schedule(options))),
  'scheduleOf(token)': ['token', (token) => scheduleOf(token)],
  ...optionsOf('scheduleOf', 'options', 'options?', runs, (options) => scheduleOf('s1-', options)),
}
