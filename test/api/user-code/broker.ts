/** The places of `millrace/broker` that call code of users. */
import {
  byKey,
  decode,
  encode,
  flatThrough,
  fromPull,
  keep,
  memoryBroker,
  memoryOnce,
  once,
  partitions,
  positionOf,
  replay,
  serve,
  settle,
  stage,
  through,
  type Delivery,
  type Lease,
  type MemoryBroker,
  type MemoryLink,
  type ReplayOptions,
  type StageLink,
  type ToMemory,
} from 'millrace/broker'
import { fromIterable, run, workerPool, type StandardSchema } from 'millrace/operators'
import { NEVER, take, type Observable, type OperatorFunction } from 'rxjs'
import { boom, junk, raise, type Rows } from './kinds.js'
import { soon } from './soon.js'

const source = () => {
  const broker = memoryBroker({ partitions: 1 })
  for (const n of [1, 2]) broker.publish('in', n, { key: 'k' })
  return broker.connect().from<number>({ log: 'in' }).pipe(take(2))
}
async function ended(pipeline: Observable<unknown>): Promise<unknown> {
  using ctx = soon()
  return await run(ctx, pipeline).join()
}
async function working(broker: MemoryBroker, pipeline: (link: MemoryLink) => Observable<unknown>): Promise<unknown> {
  using ctx = soon()
  return await broker.work(ctx, 1, pipeline).join()
}
async function replayed(options: ReplayOptions<number>): Promise<unknown> {
  using ctx = soon()
  const broker = memoryBroker()
  for (const n of [1, 2]) broker.publish('dead', n)
  return await replay(ctx, broker.connect().from<number>({ queue: 'dead' }), options).join()
}
const passed = (operator: OperatorFunction<Delivery<number>, Delivery<unknown>>) => ended(source().pipe(operator, settle({ attempts: 1 })))
const to = (options: Partial<ToMemory<number>>) =>
  passed(
    memoryBroker()
      .connect()
      .to({ topic: 'out', ...options }),
  )
const message = { value: 1, key: null, attempt: 1, headers: new Map<string, string>(), position: positionOf('in', 0, 0, 0) }
const leased = (use: (lease: Lease<number>) => void) =>
  ended(fromPull<number>((lease) => ({ request: () => use(lease) })).pipe(take(1), settle()))
/** A link over which nothing can be published. */
const broken = (to: () => never): StageLink => ({ from: () => NEVER, to: () => workerPool(1, to) })
const any: StandardSchema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }
const failing = workerPool(
  1,
  through(() => raise(new Error('first'))),
)

export const broker: Rows = {
  'byKey(key)': (f) => passed(byKey(f, 1, (n) => n)),
  'byKey(work)': (f) => passed(byKey((d) => d.key, 1, f)),
  'byKey({ schedule })': (f) => passed(byKey((d) => d.key, 1, () => raise(new Error('first')), { onFailure: 'restart', schedule: f })), // prettier-ignore
  'decode(schema)': (f) => passed(decode(junk({ '~standard': { validate: f } }))),
  'encode(schema)': (f) => passed(encode(junk({ '~standard': { validate: f } }) as StandardSchema)),
  'Delivery.map(f)': (f) => passed(workerPool(1, (delivery) => delivery.map(f))),
  'flatThrough(work)': (f) => passed(workerPool(1, flatThrough(f))),
  'fromPull(open)': (f) => ended(fromPull(f).pipe(take(1))),
  'keep(predicate)': (f) => passed(workerPool(1, keep(f))),
  'Lease.again(message)': (f) => leased((lease) => lease.again({ ...message, settled: f })),
  'Lease.deliver(message)': (f) => leased((lease) => lease.deliver({ ...message, settled: f })),
  'memoryBroker({ faults })': (f) => {
    const broker = memoryBroker({ partitions: 1, faults: { choose: f } })
    broker.publish('in', 1)
    return working(broker, (link) => link.from({ log: 'in' }).pipe(settle()))
  },
  'MemoryLink.to({ id })': (f) => to({ id: f }),
  'MemoryLink.to({ key })': (f) => to({ key: f }),
  'MemoryLink.to({ topic })': (f) => to({ topic: f }),
  'MemoryLink.to({ value })': (f) => to({ value: f }),
  'MemoryBroker.work(pipeline)': (f) => working(memoryBroker(), f),
  'once(store)': (f) =>
    passed(
      workerPool(
        1,
        once({ claim: f, finish: f, release: f }, { within: 1 }, () => undefined),
      ),
    ),
  'once({ id })': (f) =>
    passed(
      workerPool(
        1,
        once(memoryOnce(), { within: 1, id: f }, () => undefined),
      ),
    ),
  'once(work)': (f) => passed(workerPool(1, once(memoryOnce(), { within: 1 }, f))),
  'partitions(build)': (f) => ended(partitions(memoryBroker().connect().from({ log: 'in' }), f).pipe(take(1))),
  'settle({ deadLetters })': (f) => ended(source().pipe(failing, settle({ attempts: 1, deadLetters: f }))),
  'settle({ schedule })': (f) => ended(source().pipe(failing, settle({ schedule: f }))),
  'stage({ input })': (f) => {
    const input = junk({ '~standard': { validate: f } }) as StandardSchema
    return ended(fromIterable([1]).pipe(stage('s', { input, output: any }, (item) => item).pool(1)))
  },
  'stage({ key })': (f) => ended(fromIterable([1]).pipe(stage('s', { input: any, output: any, key: f }, (item) => item).pool(1))),
  'stage(parts)': (f) => {
    const parts = { input: any, output: junk({ '~standard': { validate: f } }) as StandardSchema }
    return ended(fromIterable([1]).pipe(stage('s', parts, (item) => item).pool(1)))
  },
  'stage(work)': (f) =>
    ended(fromIterable([1]).pipe(stage('s', { input: any, output: any }, (item) => f(item)).pool(1) as OperatorFunction<number, unknown>)),
  'Stage.over({ schedule })': (f) => ended(fromIterable([1]).pipe(stage('s', { input: any, output: any }, (item) => item).over(broken(() => raise(boom)), { workers: 1, onFailure: 'restart', schedule: f }))), // prettier-ignore
  'Stage.pool({ schedule })': (f) => ended(fromIterable([1]).pipe(stage('s', { input: any, output: any }, () => raise(new Error('first'))).pool(1, { onFailure: 'restart', schedule: f }))), // prettier-ignore
  'Stage.over(link)': (f) =>
    ended(fromIterable([1]).pipe(stage('s', { input: any, output: any }, (item) => item).over(broken(f), { workers: 1 }))),
  'StageTopics.to({ topic })': (f) => passed(memoryBroker().connect().to({ topic: f })),
  'replay({ to })': (f) => replayed({ to: workerPool(1, f) }),
  'replay({ where })': (f) => replayed({ to: (letters) => letters, where: f }),
  'serve(link)': async (f) => {
    using ctx = soon()
    const link: StageLink = { from: f, to: () => (source) => source }
    return await serve(
      ctx,
      link,
      stage('s', { input: any, output: any }, (item) => item),
      { within: 0 },
    ).join()
  },
  'serve({ deadLetters })': async (f) => {
    const broker = memoryBroker()
    broker.publish('s', 'nonsense')
    using ctx = soon()
    return await serve(
      ctx,
      broker.connect(),
      stage('s', { input: any, output: any }, (item) => item),
      { deadLetters: f, within: 0 },
    ).join()
  },
  'through(work)': (f) => passed(workerPool(1, through(f))),
}
