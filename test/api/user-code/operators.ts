/** The places of `millrace/operators` that call code of users. */
import { background, sleep } from 'millrace'
import { broadcast, byKey, collect, conflate, decode, fanOut, fromGoroutine, fromIterable, fromOp, fromSelect, groupByKey, onUnpaced, pipeline, prioritize, progress, rateLimit, repeatWith, retryEach, retryWith, tee, workerPool } from 'millrace/operators' // prettier-ignore
import { identity, Subject, take, throwError, type Observable, type OperatorFunction } from 'rxjs'
import { junk, raise, type Rows } from './kinds.js'

const items = () => fromIterable([1, 2, 3])
const ended = (pipeline: Observable<unknown>) => collect(background, pipeline.pipe(take(5))).join()
const through = (operator: OperatorFunction<number, unknown>) => ended(items().pipe(operator))
const first = () => raise('first')
const schema = (validate: () => never) => ({ '~standard': { version: 1, vendor: 'test', validate } }) as const
const issues = () => ({ issues: [{ message: 'no' }] })
const wait = { wait: () => sleep(0) }

export const operators: Rows = {
  'broadcast(branches)': (f) => through(broadcast(f, identity)),
  'byKey(key)': (f) => through(byKey(f, 1, identity)),
  'byKey(work)': (f) => through(byKey(identity, 1, f)),
  'byKey({ commit })': (f) => through(byKey(identity, 1, identity, { commit: f })),
  'byKey({ schedule })': (f) => through(byKey(identity, 1, first, { onFailure: 'restart', schedule: f })),
  'conflate(combine)': (f) => ended(items().pipe(conflate(f), workerPool(1, () => sleep(1)))), // prettier-ignore
  'decode(schema)': (f) => through(decode(schema(f))),
  'decode(onInvalid)': (f) => through(decode(schema(junk(issues)), f)),
  'fanOut(branch)': (f) => through(fanOut(1, f)),
  'fromGoroutine(f)': (f) => ended(fromGoroutine(f)),
  'fromIterable(iterable): its iterator': (f) => ended(fromIterable(junk({ [Symbol.iterator]: f }))),
  'fromIterable(iterable): next': (f) => ended(fromIterable(junk({ [Symbol.iterator]: () => ({ next: f }) }))),
  'fromIterable(iterable): return': (f) =>
    ended(fromIterable(junk({ [Symbol.iterator]: () => ({ next: () => ({ value: 1 }), return: f }) }))),
  'fromIterable(iterable): its async iterator': (f) => ended(fromIterable(junk({ [Symbol.asyncIterator]: f }))),
  'fromIterable(iterable): next of an async iterator': (f) => ended(fromIterable(junk({ [Symbol.asyncIterator]: () => ({ next: f }) }))),
  'fromIterable(iterable): return of an async iterator': (f) =>
    ended(fromIterable(junk({ [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1 }), return: f }) }))),
  'fromOp(make)': (f) => ended(fromOp(f)),
  'fromSelect(make)': (f) => ended(fromSelect(f)),
  'groupByKey(key)': (f) => through(groupByKey(f, identity)),
  'groupByKey(build)': (f) => through(groupByKey(identity, f)),
  'onUnpaced(hook)': async (f, cleanUp) => {
    cleanUp(onUnpaced(f))
    const source = new Subject<number>()
    const end = ended(source.pipe(workerPool(1, () => sleep(1))))
    await sleep(1)
    for (let i = 0; i < 4; i++) source.next(i)
    source.complete()
    return await end
  },
  'pipeline(a)': (f) => ended(pipeline(items(), f)),
  'pipeline(more)': (f) =>
    ended((pipeline as (...stages: unknown[]) => Observable<unknown>)(items(), ...Array.from({ length: 20 }, () => identity), f)),
  'prioritize(key)': (f) => through(prioritize(f)),
  'progress(report)': (f) => through(progress(f, { every: 0 })),
  'rateLimit(limiter)': (f) => through(rateLimit({ wait: f })),
  'rateLimit(limiterOf)': (f) => through(rateLimit(f, { by: identity })),
  'rateLimit({ by })': (f) => through(rateLimit(() => wait, { by: f })),
  'repeatWith(schedule)': (f) => through(repeatWith(f)),
  'retryEach(schedule)': (f) => ended(items().pipe(workerPool(1, first), retryEach(f))),
  'retryWith(schedule)': (f) => ended(throwError(() => 'first').pipe(retryWith(f))),
  'tee(sink)': (f) => through(tee(f)),
  'workerPool(work)': (f) => through(workerPool(1, f)),
  'workerPool(work), adaptive': (f) => through(workerPool({ min: 1, max: 2, by: 'errors' }, f)),
  'workerPool({ schedule })': (f) => through(workerPool(1, first, { onFailure: 'restart', schedule: f })),
}
