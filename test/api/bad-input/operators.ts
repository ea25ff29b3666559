/** The places of `millrace/operators`. */
import { background, chan, sleep, type Receiver } from 'millrace'
import {
  batch,
  bounds,
  broadcast,
  byKey,
  catchTo,
  collect,
  conflate,
  debounce,
  decode,
  fanOut,
  fromGoroutine,
  fromIterable,
  fromOp,
  fromReceiver,
  fromSelect,
  graph,
  groupByKey,
  mergeFair,
  meter,
  named,
  onUnpaced,
  pausable,
  pauseControls,
  pipeline,
  prioritize,
  progress,
  queue,
  rateLimit,
  relay,
  repeatWith,
  retryEach,
  retryWith,
  run,
  sample,
  sendTo,
  tee,
  throttle,
  timeoutEach,
  toReceiver,
  trailOf,
  until,
  windowsByCount,
  windowsByTime,
  withContext,
  workerPool,
  zipBounded,
} from 'millrace/operators'
import { identity, type Observable, type OperatorFunction } from 'rxjs'
import { optionsOf, type Place, type Table } from './kinds.js'
import { briefly } from './runtime.js'

const items = () => fromIterable([1, 2, 3])
const through = (operator: OperatorFunction<number, unknown>) => run(background, items().pipe(operator)).join()
/** The observable runs for a while; its own errors are fine, and a wrong argument throws before. */
const ran = (observable: Observable<unknown>) => briefly(run(background, observable).join())
const ranThrough = (operator: OperatorFunction<number, unknown>) => ran(items().pipe(operator))

const stage = { name: 'text?', overflow: 'word?', sparse: 'flag?' } as const
const worker = { ...stage, onFailure: 'word?', schedule: 'function?' } as const
const wait = { wait: () => sleep(0) }
const limited = (capacity = 10) => chan<unknown>(capacity)

const sources: Table = {
  'fromGoroutine(f)': ['function', (f) => ran(fromGoroutine(f))],
  'fromIterable(iterable)': ['iterable', (iterable) => ran(fromIterable(iterable))],
  'fromOp(make)': ['function', (make) => ran(fromOp(make))],
  'fromReceiver(receiver)': ['object', (receiver) => ran(fromReceiver(receiver))],
  'fromSelect(make)': ['function', (make) => ran(fromSelect(make))],
  'mergeFair(sources)': ['input', (source) => ran(mergeFair(items(), source)), 'source 1'],
  'zipBounded(sources)': ['input', (source) => ran(zipBounded(items(), source)), 'source 1'],
}

const stages: Table = {
  'broadcast(branches)': ['function', (branch) => ranThrough(broadcast(branch)), 'branch 0'],
  'byKey(key)': ['function', (key) => through(byKey(key, 1, (value) => value))],
  'byKey(n)': [
    'count',
    (n) =>
      through(
        byKey(
          (value) => value,
          n,
          (value) => value,
        ),
      ),
  ],
  'byKey(work)': ['function', (work) => through(byKey((value) => value, 1, work))],
  ...optionsOf('byKey', 'options', 'options?', { ...worker, commit: 'function?', waiting: 'count?' }, (options) =>
    through(
      byKey(
        (value) => value,
        1,
        (value) => value,
        options,
      ),
    ),
  ),
  'catchTo(sender)': ['object', (sender) => through(catchTo(sender))],
  'fanOut(n)': ['count', (n) => through(fanOut(n, identity))],
  'fanOut(branch)': ['function', (branch) => ranThrough(fanOut(1, branch))],
  ...optionsOf('fanOut', 'options', 'options?', stage, (options) => through(fanOut(1, identity, options))),
  'groupByKey(key)': ['function', (key) => through(groupByKey(key, identity))],
  'groupByKey(build)': ['function', (build) => ranThrough(groupByKey((value) => value, build))],
  ...optionsOf('groupByKey', 'options', 'options?', { ...stage, idle: 'ms?', most: 'count?' }, (options) =>
    ranThrough(groupByKey((value) => value, identity, options)),
  ),
  ...optionsOf('batch', 'options', 'options', { ...stage, size: 'count', within: 'duration?' }, (options) => through(batch(options)), {
    size: 1,
  }),
  ...optionsOf(
    'windowsByCount',
    'options',
    'options',
    { ...stage, size: 'count', every: 'count?' },
    (options) => through(windowsByCount(options)),
    { size: 2 },
  ),
  ...optionsOf(
    'windowsByTime',
    'options',
    'options',
    { ...stage, ms: 'period', most: 'count' },
    (options) => through(windowsByTime(options)),
    {
      ms: 5,
      most: 2,
    },
  ),
  'queue(n)': ['count', (n) => through(queue(n))],
  'queue(policy)': ['word?', (policy) => through(queue(2, policy))],
  ...optionsOf('queue', 'options', 'options?', { name: 'text?' }, (options) => through(queue(2, 'block', options))),
  'rateLimit(limiter)': ['object', (limiter) => through(rateLimit(limiter))],
  ...optionsOf('rateLimit', 'options', 'options?', stage, (options) => through(rateLimit(wait, options))),
  'repeatWith(schedule)': ['function', (schedule) => ranThrough(repeatWith(schedule))],
  'retryWith(schedule)': ['function', (schedule) => through(retryWith(schedule))],
  ...optionsOf('retryWith', 'options', 'options?', { resetOnSuccess: 'flag?' }, (options) => through(retryWith(() => null, options))),
  'until(stop)': ['object', (stop) => through(until(stop))],
  'withContext(ctx)': ['ctx', (ctx) => through(withContext(ctx))],
  'workerPool(n)': ['count', (n) => through(workerPool(n, (value) => value))],
  'workerPool(work)': ['function', (work) => through(workerPool(1, work))],
  ...optionsOf('workerPool', 'options', 'options?', { ...worker, ordered: 'flag?' }, (options) =>
    through(workerPool(1, (value) => value, options)),
  ),
}

const sinks: Table = {
  'collect(ctx)': ['ctx', (ctx) => collect(ctx, items()).join()],
  'collect(pipeline)': ['object', (observable) => collect(background, observable).join()],
  'run(ctx)': ['ctx', (ctx) => run(ctx, items()).join()],
  'run(pipeline)': ['object', (observable) => run(background, observable).join()],
  'sendTo(sender)': ['object', (sender) => through(sendTo(sender))],
  ...optionsOf('sendTo', 'options', 'options?', { ...stage, close: 'flag?' }, (options) => through(sendTo(limited(), options))),
  'toReceiver(pipeline)': ['object', (observable) => received(toReceiver(observable, { capacity: 1 }))],
  ...optionsOf(
    'toReceiver',
    'options',
    'options',
    { capacity: 'count', ctx: 'ctx?' },
    (options) => received(toReceiver(items(), options)),
    { capacity: 3 },
  ),
}

async function received(receiver: Receiver<unknown>): Promise<void> {
  for await (const _ of receiver);
}

const reports: Table = {
  'bounds(pipeline)': ['object', (observable) => bounds(observable)],
  'graph(pipeline)': ['object', (observable) => graph(observable)],
  'meter(name)': ['name', (name) => meter(name).read()],
  'meter(source)': ['object', (source) => ran(meter('meter')(source))],
  'named(name)': ['name', (name) => through(named(name))],
  'onUnpaced(hook)': ['function', (hook) => onUnpaced(hook)()],
  'trailOf(error)': ['anything', (error) => trailOf(error)],
}

/** `pipeline` names its stages by letters; each is an operator, as is each of `more`. */
const letters = [...'abcdefghijklmnopqrst']
const pipelines: Table = {
  'pipeline(source)': ['object', (source) => ran(pipeline(source))],
  ...Object.fromEntries([...letters, 'more'].map((letter, i) => [`pipeline(${letter})`, stageAt(i)])),
}

function stageAt(i: number): Place {
  const before = Array.from({ length: i }, () => relay<number>()) as []
  const piped = (operator: never): void => {
    try {
      pipeline(items(), ...before, operator)
    } catch (error) {
      if (!/result of stage/.test(String(error))) throw error // a function that makes no pipeline is refused too, with its result
    }
  }
  return ['function', piped, `stage ${i + 1}`]
}

const latest = { name: 'text?', sparse: 'flag?' } as const

const pace: Table = {
  'conflate(combine)': ['combine?', (combine) => through(conflate(combine))],
  ...optionsOf('conflate', 'options', 'options?', latest, (options) => through(conflate(null, options))),
  'debounce(ms)': ['duration', (ms) => ranThrough(debounce(ms))],
  ...optionsOf('debounce', 'options', 'options?', latest, (options) => through(debounce(1, options))),
  'sample(every)': ['interval', (every) => ranThrough(sample(every))],
  ...optionsOf('sample', 'options', 'options?', latest, (options) => through(sample(1, options))),
  'throttle(ms)': ['interval', (ms) => ranThrough(throttle(ms))],
  ...optionsOf('throttle', 'options', 'options?', { ...latest, leading: 'flag?', trailing: 'flag?' }, (options) =>
    through(throttle(1, options)),
  ),
}

const schema = { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } } as const
const keyed = { by: (n: number) => n }

const passing: Table = {
  'decode(schema)': ['object', (given) => through(decode(given))],
  'decode(onInvalid)': ['function?', (onInvalid) => through(decode(schema, onInvalid))],
  ...optionsOf('decode', 'options', 'options?', stage, (options) => through(decode(schema, 'skip', options))),
  'pausable(controls)': ['object', (controls) => through(pausable(controls))],
  ...optionsOf('pausable', 'options', 'options?', stage, (options) => through(pausable(pauseControls(), options))),
  ...optionsOf('pauseControls', 'options', 'options?', { paused: 'flag?' }, (options) => ranThrough(pausable(pauseControls(options)))),
  'prioritize(key)': ['function', (key) => ranThrough(prioritize(key))],
  ...optionsOf('prioritize', 'options', 'options?', { ...stage, size: 'count?' }, (options) => through(prioritize((n) => n, options))),
  'progress(report)': ['function', (report) => through(progress(report))],
  ...optionsOf('progress', 'options', 'options?', { name: 'text?', total: 'count?', every: 'duration?' }, (options) =>
    through(progress(() => {}, options)),
  ),
  'rateLimit(limiterOf)': ['function', (limiterOf) => ranThrough(rateLimit(limiterOf, keyed))],
  ...optionsOf(
    'rateLimit',
    'options',
    'options?',
    { by: 'function', waiting: 'count?', keys: 'count?', idle: 'ms?' },
    (options) => ranThrough(rateLimit(() => wait, options)),
    keyed,
  ),
  'retryEach(schedule)': ['function', (schedule) => through(retryEach(schedule))],
  'tee(sink)': ['function', (sink) => ranThrough(tee(sink))],
  ...optionsOf('tee', 'options', 'options?', { name: 'text?' }, (options) => through(tee(identity, options))),
  'timeoutEach(ms)': ['interval', (ms) => ranThrough(timeoutEach(ms))],
  ...optionsOf('timeoutEach', 'options', 'options?', { name: 'text?' }, (options) => through(timeoutEach(1000, options))),
}

export const operators: Table = { ...passing, ...pace, ...sources, ...stages, ...sinks, ...reports, ...pipelines }
