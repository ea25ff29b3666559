/** The places of `millrace`: goroutines, channels, select, contexts, time. */
import {
  addProbe,
  after,
  afterFunc,
  background,
  CanceledError,
  chan,
  choose,
  contextKey,
  DeadlineExceededError,
  dropping,
  fromPromise,
  fromSignal,
  go,
  newTimer,
  onCrash,
  onLateFailure,
  range,
  rateEvery,
  rateLimiter,
  scope,
  select,
  setProbe,
  sleep,
  sliding,
  sometimes,
  ticker,
  trySelect,
  uncancelable,
  withCancel,
  withDeadline,
  withoutCancel,
  withTimeout,
  withValue,
  type Context,
  type Job,
  type Op,
} from 'millrace'
import { optionsOf, type Table } from './kinds.js'

/** Performs it for a while: a wait that does not end, and an error that the operation itself throws, are fine. */
export const briefly = (op: Op<unknown> | Job<unknown>): Generator<never, unknown> =>
  (function* () {
    return yield* (op as Op<unknown>).timeout(5).attempt()
  })()

const ready = () => {
  const one = chan<number>(1)
  one.trySend(1)
  return one
}
const once = <T>(make: () => T, use: (it: T) => unknown) => use(make())
const job = () => scope(background, () => 1)

const goroutines: Table = {
  'go(job)': ['function', (f) => go(f).join(), 'go of', 'go(fn)'],
  'go(fn)': ['function', (f) => go(f).join(), 'go of', 'go(fn)'],
  'go(args)': ['anything', (value) => go((given) => given, value).join()],
  'Go.named(name)': ['text', (name) => go.named(name, () => 1).join()],
  'Go.named(job)': ['function', (f) => go.named('named', f).join(), 'go of', 'go(fn)'],
  'Go.named(fn)': ['function', (f) => go.named('named', f).join(), 'go of', 'go(fn)'],
  'Go.named(args)': ['anything', (value) => go.named('named', (given) => given, value).join()],
  'Goroutine.cancel(cause)': [
    'anything',
    (cause) =>
      once(
        () => go(() => after(5)),
        (it) => (it.cancel(cause), briefly(it.join())),
      ),
  ],
  'onCrash(hook)': ['function', (hook) => onCrash(hook)()],
  'onLateFailure(hook)': ['function', (hook) => onLateFailure(hook)()],
  'uncancelable(routine)': ['object', (routine) => uncancelable(routine)],
  'addProbe(probe)': ['record', (probe) => addProbe(probe)()],
  'setProbe(probe)': ['record or null', (probe) => void setProbe(setProbe(probe))],
}

const operations: Table = {
  'Op.attempt(onThrow)': ['function?', (f) => ready().receive().attempt(f)],
  'Op.map(f)': ['function', (f) => ready().receive().map(f)],
  'Op.timeout(ms)': ['ms', (ms) => ready().receive().timeout(ms).attempt()],
  'Op.within(ctx)': ['ctx', (ctx) => ready().receive().within(ctx)],
  'Job.attempt(onThrow)': ['function?', (f) => job().attempt(f)],
  'Job.map(f)': ['function', (f) => job().map(f)],
  'Job.timeout(ms)': ['ms', (ms) => job().timeout(ms).attempt()],
  'Job.within(ctx)': ['ctx', (ctx) => job().within(ctx)],
  'fromPromise(promise)': ['object', (promise) => fromPromise(promise)],
}

const channels: Table = {
  'chan(capacity)': ['count?', (capacity) => chan(capacity).trySend(1), 'makechan: size'],
  'dropping(n)': ['count', (n) => chan(dropping(n)).trySend(1)],
  'sliding(n)': ['count', (n) => chan(sliding(n)).trySend(1)],
  'range(receiver)': ['object', (receiver) => briefly(range(receiver).next())],
  'Sender.send(value)': ['anything', (value) => chan(1).send(value)],
  'Sender.trySend(value)': ['anything', (value) => chan(1).trySend(value)],
  'Sender.close(cause)': ['anything', (cause) => once(chan, (it) => (it.close(cause), it.receive().attempt()))],
  'choose(ops)': ['object', (op) => choose(ready().receive(), op), 'operation 1'],
  'select(cases)': ['cases', (cases) => briefly(select(cases))],
  'trySelect(cases)': ['cases', (cases) => trySelect(cases)],
  ...optionsOf('select', 'options', 'options?', { biased: 'flag?' }, (options) => select({ one: ready().receive() }, options)),
  ...optionsOf('trySelect', 'options', 'options?', { biased: 'flag?' }, (options) => trySelect({ one: ready().receive() }, options)),
}

const key = contextKey<unknown>('key')

const contexts: Table = {
  'afterFunc(ctx)': ['ctx', (ctx) => afterFunc(ctx, () => {})],
  'afterFunc(f)': ['function', (f) => afterFunc(withTimeout(background, 0), f)],
  'contextKey(name)': ['text', (name) => void withValue(background, contextKey(name), 1).toString()],
  ...optionsOf('contextKey', 'options', 'options?', { portable: 'flag?' }, (options) => contextKey('bad input', options)),
  'Context.value(key)': ['anything', (value) => withValue(background, key, 1).value(value)],
  'CancelContext.cancel(cause)': [
    'anything',
    (cause) =>
      once(
        () => withCancel(background),
        (it) => (it.cancel(cause), it.done()),
      ),
  ],
  'fromSignal(signal)': ['object', (signal) => fromSignal(signal)],
  'withCancel(parent)': ['ctx', (parent) => withCancel(parent)],
  'withDeadline(parent)': ['ctx', (parent) => withDeadline(parent, 1)],
  'withDeadline(epochMs)': ['ms', (ms) => ended(withDeadline(background, ms))],
  'withDeadline(cause)': ['anything', (cause) => withDeadline(background, 0, cause).done()],
  'withTimeout(parent)': ['ctx', (parent) => withTimeout(parent, 1)],
  'withTimeout(ms)': ['ms', (ms) => ended(withTimeout(background, ms))],
  'withTimeout(cause)': ['anything', (cause) => withTimeout(background, 1, cause).done()],
  'withoutCancel(parent)': ['ctx', (parent) => withoutCancel(parent)],
  'withValue(parent)': ['ctx', (parent) => withValue(parent, key, 1)],
  'withValue(key)': ['function', (given) => withValue(background, given, 1).value(given)],
  'withValue(value)': ['anything', (value) => withValue(background, key, value).value(key)],
  'new CanceledError(cause)': ['anything', (cause) => new CanceledError(cause)],
  'new CanceledError(message)': ['anything', (message) => new CanceledError(undefined, message)],
  'new DeadlineExceededError(message)': ['anything', (message) => new DeadlineExceededError(message)],
}

function* ended(ctx: Context & Disposable): Generator<never, void> {
  yield* briefly(ctx.done())
  ctx[Symbol.dispose]()
}

const limited = () => rateLimiter(1000, 5)

const times: Table = {
  'after(ms)': ['ms', (ms) => briefly(after(ms))],
  'sleep(ms)': ['ms', (ms) => briefly(sleep(ms))],
  'newTimer(ms)': ['ms', (ms) => once(() => newTimer(ms), fired)],
  'Timer.reset(ms)': [
    'ms',
    (ms) =>
      once(
        () => newTimer(1),
        (it) => (it.reset(ms), fired(it)),
      ),
  ],
  'ticker(ms)': ['interval', (ms) => once(() => ticker(ms), ticked)],
  'Ticker.reset(ms)': [
    'interval',
    (ms) =>
      once(
        () => ticker(1),
        (it) => resetTicker(it, ms),
      ),
  ],
  'rateEvery(ms)': ['ms', (ms) => rateEvery(ms)],
  'rateLimiter(perSecond)': ['rate', (perSecond) => briefly(rateLimiter(perSecond, 1).wait())],
  'rateLimiter(burst)': ['count', (burst) => briefly(rateLimiter(1, burst).wait())],
  'RateLimiter.allow(n)': ['count?', (n) => limited().allow(n)],
  'RateLimiter.reserve(n)': ['count?', (n) => limited().reserve(n).cancel()],
  'RateLimiter.reserve(longest)': ['ms?', (longest) => limited().reserve(1, longest).cancel()],
  'RateLimiter.setBurst(burst)': ['count', (burst) => once(limited, (it) => (it.setBurst(burst), briefly(it.wait())))],
  'RateLimiter.setLimit(perSecond)': ['rate', (perSecond) => once(limited, (it) => (it.setLimit(perSecond), briefly(it.wait())))],
  'RateLimiter.wait(n)': ['count?', (n) => briefly(limited().wait(n))],
  'Sometimes.do(f)': ['function', (f) => sometimes().do(f)],
  ...optionsOf('sometimes', 'options', 'options?', { first: 'count?', every: 'count?', interval: 'ms?' }, (options) =>
    sometimes(options).do(() => {}),
  ),
}

function* fired(timer: ReturnType<typeof newTimer>): Generator<never, void> {
  yield* briefly(timer.fired())
  timer.stop()
}

function* ticked(beat: ReturnType<typeof ticker>): Generator<never, void> {
  yield* briefly(beat.receive())
  beat.stop()
}

function* resetTicker(beat: ReturnType<typeof ticker>, ms: number): Generator<never, void> {
  try {
    beat.reset(ms)
    yield* ticked(beat)
  } finally {
    beat.stop()
  }
}

export const runtime: Table = { ...goroutines, ...operations, ...channels, ...contexts, ...times }
