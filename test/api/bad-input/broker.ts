/** The places of `millrace/broker`. */
import { background, withCancel } from 'millrace'
import {
  batch,
  byKey,
  decode,
  drain,
  encode,
  flatThrough,
  fromPull,
  health,
  keep,
  lag,
  memoryBroker,
  memoryOnce,
  once,
  partitions,
  positionOf,
  replay,
  serve,
  settle,
  stage as define,
  through,
  type Delivery,
  type Lease,
  type ToMemory,
} from 'millrace/broker'
import { collect, fromIterable, run, workerPool, type StandardSchema } from 'millrace/operators'
import { filter, take, type Observable, type OperatorFunction } from 'rxjs'
import { naming, optionsOf, type Table } from './kinds.js'
import { briefly } from './runtime.js'

const stage = { name: 'text?', overflow: 'word?', sparse: 'flag?' } as const
const worker = { ...stage, onFailure: 'word?', schedule: 'function?', waiting: 'count?' } as const

const link = () => {
  const broker = memoryBroker({ partitions: 1 })
  for (const n of [1, 2]) broker.publish('in', n, { key: 'k' })
  return broker.connect()
}
const source = () => link().from<number>({ log: 'in' })
const letters = () => link().from<number>({ queue: 'in' })
const briefRun = (pipeline: Observable<unknown>) => briefly(run(background, pipeline).join())
/** Two messages, through the operator. */
const passed = (operator: OperatorFunction<Delivery<number>, Delivery<unknown>>) =>
  briefRun(source().pipe(take(2), operator, settle({ attempts: 1 })))
const schema = { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } } as never
/** Performs a run in which `use` is called; its throw is that of the row. */
const watched = (pipeline: (look: (use: () => unknown) => void) => Observable<unknown>) =>
  (function* () {
    let thrown: { readonly error: unknown } | null = null
    const look = (use: () => unknown): void => {
      try {
        use()
      } catch (error) {
        thrown = { error }
      }
    }
    yield* briefRun(pipeline(look))
    if (thrown !== null) throw (thrown as { readonly error: unknown }).error
  })()
const withDelivery = (use: (delivery: Delivery<number>) => unknown) =>
  watched((look) =>
    source().pipe(
      take(1),
      workerPool(1, (delivery) => look(() => use(delivery))),
      filter((_): _ is never => false),
      settle({ deadLetters: () => undefined }),
    ),
  )
const withLease = (use: (lease: Lease<unknown>) => unknown) =>
  watched((look) =>
    fromPull((lease) => {
      look(() => use(lease))
      return { request: () => lease.fail(new Error('enough')) }
    }),
  )
const plain = { input: schema as StandardSchema, output: schema as StandardSchema }
const echo = define('echo', plain, (item) => item)
const here = (operator: OperatorFunction<unknown, unknown>) => briefly(collect(background, fromIterable([1]).pipe(operator)).join())
const failure = { ...stage, onFailure: 'word?', schedule: 'function?' } as const
const stopped = () => {
  const ctx = withCancel(background)
  ctx.cancel()
  return ctx
}

export const broker: Table = {
  ...optionsOf('batch', 'options', 'options', { ...stage, size: 'count', within: 'duration?' }, (options) => passed(batch(options)), {
    size: 1,
  }),
  'byKey(key)': ['function', (key) => passed(byKey(key, 1, (n) => n))],
  'byKey(n)': [
    'count',
    (n) =>
      passed(
        byKey(
          (d) => d.key,
          n,
          (value) => value,
        ),
      ),
  ],
  'byKey(work)': ['function', (work) => passed(byKey((d) => d.key, 1, work))],
  ...optionsOf('byKey', 'options', 'options?', worker, (options) => passed(byKey((d) => d.key, 1, (n) => n, options))), // prettier-ignore
  'decode(schema)': ['object', (given) => passed(decode(given))],
  ...optionsOf('decode', 'options', 'options?', stage, (options) => passed(decode(schema, options))),
  'Delivery.map(f)': ['function', (f) => withDelivery((delivery) => delivery.map(f))],
  'Delivery.reject(cause)': ['anything', (cause) => withDelivery((delivery) => delivery.reject(cause))],
  'Delivery.retry(after)': ['ms?', (after) => withDelivery((delivery) => delivery.retry(after))],
  'Delivery.retry(cause)': ['anything', (cause) => withDelivery((delivery) => delivery.retry(1, cause))],
  'drain(ctx)': ['ctx', (ctx) => briefly(drain(ctx, source()).join())],
  'drain(pipeline)': ['object', (pipeline) => briefly(drain(stopped(), pipeline).join())],
  ...optionsOf('drain', 'options', 'options?', { within: 'ms?' }, (options) => briefly(drain(stopped(), source(), options).join())),
  'encode(schema)': ['object', (given) => passed(encode(given as StandardSchema))],
  ...optionsOf('encode', 'options', 'options?', stage, (options) => passed(encode(schema as StandardSchema, options))),
  'flatThrough(work)': ['function', (work) => void flatThrough(work)],
  'fromPull(open)': ['function', (open) => briefRun(fromPull(open))],
  ...optionsOf('fromPull', 'options', 'options?', { beat: 'interval?', deadline: 'ms?', name: 'text?', prefetch: 'count?' }, (options) =>
    briefRun(fromPull((lease) => ({ request: () => lease.fail(new Error('enough')) }), options)),
  ),
  'replay(ctx)': ['ctx', (ctx) => briefly(replay(ctx, letters(), { to: (source) => source }).join())],
  'replay(letters)': ['object', (given) => void replay(background, given, { to: (source) => source })],
  ...optionsOf('replay', 'options', 'options', { limit: 'count?', patience: 'ms?', to: 'function', where: 'function?', window: 'count?' }, (options) => briefly(replay(background, letters(), options).join()), { to: (source: unknown) => source }), // prettier-ignore
  'health(source)': ['object', (given) => void health(given)],
  ...optionsOf('health', 'options', 'options?', { behind: 'ms?', stall: 'ms?' }, (options) => void health(source(), options)),
  'keep(predicate)': ['function', (predicate) => passed(workerPool(1, keep(predicate)))],
  'lag(source)': ['object', (given) => void lag(given)],
  'Lease.again(message)': ['object', (message) => withLease((lease) => lease.again(message))],
  'Lease.deliver(message)': ['object', (message) => withLease((lease) => lease.deliver(message))],
  'Lease.fail(cause)': ['anything', (cause) => withLease((lease) => lease.fail(cause))],
  'Lease.returned(n)': ['count', (n) => withLease((lease) => lease.returned(n))],
  'Lease.missed(n)': ['count', (n) => withLease((lease) => lease.missed(n, 'orders'))],
  'Lease.missed(place)': ['text', (place) => withLease((lease) => lease.missed(1, place))],
  'MemoryBroker.messages(topic)': ['name', (topic) => void memoryBroker().messages(topic)],
  'MemoryBroker.publish(topic)': ['name', (topic) => void memoryBroker().publish(topic, 1)],
  'MemoryBroker.publish(value)': ['anything', (value) => void memoryBroker().publish('in', value)],
  ...optionsOf(
    'MemoryBroker.publish',
    'options',
    'options?',
    { headers: 'anything', id: 'text or null', key: 'text or null' },
    (options) => void memoryBroker().publish('in', 1, options),
  ),
  'MemoryBroker.work(ctx)': [
    'ctx',
    (ctx) =>
      briefly(
        memoryBroker()
          .work(ctx, 1, (one) => one.from({ log: 'in' }))
          .join(),
      ),
  ],
  'MemoryBroker.work(n)': [
    'count',
    (n) =>
      briefly(
        memoryBroker()
          .work(background, n, (one) => one.from({ log: 'in' }))
          .join(),
      ),
  ],
  'MemoryBroker.work(pipeline)': ['function', (pipeline) => briefly(memoryBroker().work(background, 1, pipeline).join())],
  ...optionsOf(
    'memoryBroker',
    'options',
    'options?',
    { faults: 'object?', lease: 'interval?', most: 'options?', partitions: 'count?', window: 'count?' },
    (options) => void memoryBroker(options),
  ),
  ...optionsOf(
    'MemoryLink.from',
    'options',
    'options',
    { log: 'name?', queue: 'name', beat: 'interval?', deadline: 'ms?', name: 'text?', prefetch: 'count?' },
    (options) => briefRun(link().from(options).pipe(take(1))),
    { queue: 'in' },
  ),
  ...optionsOf(
    'MemoryLink.to',
    'options',
    'options',
    { topic: 'function', id: 'function?', key: 'function?', value: 'function?', window: 'count?' },
    (options: ToMemory<number>) => passed(link().to(naming(options, 'topic'))),
    { topic: 'out' },
  ),
  'MemoryOnce.claim(id)': ['anything', (id) => void memoryOnce().claim(id, 'a', { lease: 1, within: 1 })],
  'MemoryOnce.claim(owner)': ['anything', (owner) => void memoryOnce().claim('id', owner, { lease: 1, within: 1 })],
  'MemoryOnce.claim(times)': ['object', (times) => void memoryOnce().claim('id', 'a', times)],
  ...optionsOf('once', 'options', 'options', { id: 'function?', lease: 'interval?', unsure: 'word?', within: 'ms' }, (options) => passed(workerPool(1, once(memoryOnce(), options, () => undefined))), { within: 1 }), // prettier-ignore
  'once(store)': ['object', (store) => void once(store, { within: 1 }, () => undefined)],
  'once(work)': ['function', (work) => passed(workerPool(1, once(memoryOnce(), { within: 1 }, work)))],
  'partitions(source)': ['object', (given) => void partitions(given, (part) => part)],
  'partitions(build)': ['function', (build) => briefRun(partitions(source(), build))],
  'positionOf(source)': ['anything', (given) => void positionOf(given, 0, 0, 0)],
  'positionOf(partition)': ['anything', (given) => void positionOf('in', given, 0, 0)],
  'positionOf(offset)': ['anything', (given) => void positionOf('in', 0, given, 0)],
  'positionOf(time)': ['anything', (given) => void positionOf('in', 0, 0, given)],
  'MemoryLink.deadLetters(topic)': ['name', (topic) => void link().deadLetters(topic)],
  'MemoryLink.remove(topic)': ['name', (topic) => void link().remove(topic)],
  'serve(ctx)': ['ctx', (ctx) => briefly(serve(ctx, link(), echo).join())],
  'serve(link)': ['object', (given) => briefly(serve(stopped(), given, echo).join())],
  'serve(stage)': ['object', (given) => briefly(serve(stopped(), link(), given).join())],
  ...optionsOf(
    'serve',
    'options',
    'options?',
    { attempts: 'count?', deadLetters: 'function?', within: 'ms?', workers: 'count?' },
    (options) => briefly(serve(stopped(), link(), echo, options).join()),
  ),
  ...optionsOf(
    'settle',
    'options',
    'options?',
    {
      ...stage,
      attempts: 'limit?',
      blocked: 'object?',
      deadLetters: 'function?',
      onPoison: 'word?',
      retry: 'word?',
      schedule: 'function?',
    },
    (options) => briefRun(source().pipe(take(2), settle(options))),
  ),
  'stage(name)': ['text', (name) => void define(name, plain, (item) => item)],
  'stage(parts)': ['object', (parts) => void define('echo', parts, (item) => item)],
  'stage(work)': ['function', (work) => here(define('echo', plain, work).pool(1))],
  'Stage.on(threads)': ['object', (threads) => void echo.on(threads)],
  'Stage.over(link)': ['object', (given) => void echo.over(given, { workers: 1 })],
  ...optionsOf('Stage.over', 'options', 'options', { ...failure, workers: 'count' }, (options) => void echo.over(link(), options), { workers: 1 }), // prettier-ignore
  'Stage.work(ctx)': ['anything', (ctx) => void echo.work(1, ctx)],
  'Stage.work(item)': ['anything', (item) => void echo.work(item, background)],
  'Stage.pool(n)': ['count', (n) => here(echo.pool(n))],
  ...optionsOf('Stage.pool', 'options', 'options?', failure, (options) => here(echo.pool(1, options))),
  'through(work)': ['function', (work) => passed(workerPool(1, through(work)))],
}
