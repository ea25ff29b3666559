/** The places of `millrace/broker` that call code of users. */
import {
  byKey,
  decode,
  encode,
  flatThrough,
  fromPull,
  keep,
  memoryBroker,
  partitions,
  positionOf,
  settle,
  through,
  type Delivery,
  type Lease,
  type MemoryBroker,
  type MemoryLink,
} from 'millrace/broker'
import { run, workerPool, type StandardSchema } from 'millrace/operators'
import { take, type Observable, type OperatorFunction } from 'rxjs'
import { junk, raise, type Rows } from './kinds.js'
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
const passed = (operator: OperatorFunction<Delivery<number>, Delivery<unknown>>) => ended(source().pipe(operator, settle({ attempts: 1 })))
const message = { value: 1, key: null, attempt: 1, headers: new Map<string, string>(), position: positionOf('in', 0, 0, 0) }
const leased = (use: (lease: Lease<number>) => void) =>
  ended(fromPull<number>((lease) => ({ request: () => use(lease) })).pipe(take(1), settle()))
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
  'MemoryLink.to(options)': (f) => passed(memoryBroker().connect().to({ topic: 'out', key: f })),
  'MemoryBroker.work(pipeline)': (f) => working(memoryBroker(), f),
  'partitions(build)': (f) => ended(partitions(memoryBroker().connect().from({ log: 'in' }), f).pipe(take(1))),
  'settle({ deadLetters })': (f) => ended(source().pipe(failing, settle({ attempts: 1, deadLetters: f }))),
  'settle({ schedule })': (f) => ended(source().pipe(failing, settle({ schedule: f }))),
  'through(work)': (f) => passed(workerPool(1, through(f))),
}
