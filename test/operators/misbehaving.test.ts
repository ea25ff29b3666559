/** Code of the user that throws or returns junk: one clear error ends the pipeline, and nothing is left behind. */
import { backoff, background, onLateFailure, sleep, type Sender } from 'millrace'
import { broadcast, byKey, catchTo, collect, fanOut, fromGoroutine, fromIterable, fromOp, fromReceiver, fromSelect, groupByKey, rateLimit, repeatWith, retryEach, retryWith, run, sendTo, until, withContext, workerPool, zipBounded } from 'millrace/operators' // prettier-ignore
import { bubble } from 'millrace/testing'
import { concat, NEVER, Observable, throwError } from 'rxjs'
import { describe, expect, it, vi } from 'vitest'

const boom = new Error('boom')
/** A throw of anything. */
const throws = (cause: unknown): never => {
  throw cause
}
class Throwing extends Promise<number> {
  override then(): never {
    return throws(boom)
  }
}
const unreadable = Object.defineProperty(new Error('no'), 'retryAfter', { get: () => throws(boom) })
const source = () => concat(fromIterable([1, 2, 3]), NEVER)
/** From JavaScript anything may come. */
const junk = (value: unknown) => value as never
const iterable = (make: () => unknown) => fromIterable<number>(junk({ [Symbol.iterator]: make }))
const asyncIterable = (make: () => unknown) => fromIterable<number>(junk({ [Symbol.asyncIterator]: make }))

type Row = readonly [name: string, make: () => Observable<unknown>, error: unknown]

const rows: readonly Row[] = [
  ['an iterable that throws', () => iterable(() => throws(boom)), boom],
  ['an iterable without an iterator', () => iterable(() => undefined), /the iterator: expected an object with next\(\)/],
  ['an iterator without next', () => iterable(() => ({})), /the iterator: expected an object with next\(\)/],
  ['a next that throws undefined', () => iterable(() => ({ next: () => throws(undefined) })), undefined],
  ['a value that throws when it is read', () => iterable(() => ({ next: () => ({ get value() { return throws(boom) } }) })), boom], // prettier-ignore
  ['an async iterable that throws', () => asyncIterable(() => throws(boom)), boom],
  ['an async iterator without next', () => asyncIterable(() => 5), /the iterator: expected an object with next\(\)/],
  ['a next that returns a number', () => asyncIterable(() => ({ next: () => 5 })), /the result of next\(\)/],
  ['a next whose then throws when it is read', () => asyncIterable(() => ({ next: () => ({ get then() { return throws(boom) } }) })), boom], // prettier-ignore
  ['a receive that throws', () => fromReceiver(junk({ receive: () => throws(boom) })), boom],
  ['a receive that returns a number', () => fromReceiver(junk({ receive: () => 5 })), /expected an operation, got 5/],
  ['fromOp, make throws', () => fromOp(() => throws(undefined)), undefined],
  ['fromSelect, make throws', () => fromSelect(() => throws(boom)), boom],
  ['fromGoroutine throws', () => fromGoroutine(() => throws(undefined)), undefined],
  ['work with a then that throws', () => source().pipe(workerPool(1, () => junk({ then: () => throws(boom) }))), boom],
  ['work that is a promise whose own then throws', () => source().pipe(workerPool(1, () => new Throwing(() => {}))), boom],
  ['later work that is one', () => source().pipe(workerPool(1, (n) => (n === 3 ? new Throwing(() => {}) : Promise.resolve(n)))), boom],
  ['an error whose retryAfter throws when it is read', () => source().pipe(workerPool({ min: 1, max: 2, by: 'errors' }, async () => throws(unreadable))), unreadable], // prettier-ignore
  ['such an error that backoff reads', () => source().pipe(workerPool(1, async () => throws(unreadable)), retryEach(backoff({ first: 0, attempts: 2 }))), unreadable], // prettier-ignore
  ['work with a then that throws when it is read', () => source().pipe(workerPool(1, () => junk({ get then() { return throws(boom) } }))), boom], // prettier-ignore
  ['work that is a proxy and throws', () => source().pipe(workerPool(1, () => junk(new Proxy({}, { get: () => throws(boom), has: () => throws(boom) })))), boom], // prettier-ignore
  ['an observable that throws', () => source().pipe(workerPool(1, () => new Observable(() => throws(boom)))), boom],
  ['an observable that fails twice', () => source().pipe(workerPool(1, () => new Observable((s) => { s.error(undefined); s.error(boom) }))), undefined], // prettier-ignore
  ['a schedule that throws', () => source().pipe(workerPool(1, () => throws(boom), { onFailure: 'restart', schedule: () => throws(undefined) })), undefined], // prettier-ignore
  [
    'byKey, the key throws',
    () =>
      source().pipe(
        byKey(
          () => throws(undefined),
          2,
          (n) => n,
        ),
      ),
    undefined,
  ],
  ['byKey, commit throws', () => source().pipe(byKey((n) => n, 2, (n) => n, { commit: () => throws(undefined) })), undefined], // prettier-ignore
  ['a limiter that throws', () => source().pipe(rateLimit({ wait: () => throws(undefined) })), undefined],
  ['a limiter that returns null', () => source().pipe(rateLimit({ wait: () => junk(null) })), /expected an operation, got null/],
  ['a sender that throws', () => source().pipe(sendTo(junk({ send: () => throws(boom) }))), boom],
  ['catchTo, the sender throws', () => source().pipe(workerPool(1, () => throws(boom)), catchTo(junk({ send: () => throws(undefined) }))), undefined], // prettier-ignore
  ['groupByKey, the key throws', () => source().pipe(groupByKey(() => throws(undefined), (group) => group)), undefined], // prettier-ignore
  ['groupByKey, build throws', () => source().pipe(groupByKey((n) => n, () => throws(undefined))), undefined], // prettier-ignore
  ['groupByKey, build returns a number', () => source().pipe(groupByKey((n) => n, () => junk(5))), /the function of a branch: expected an Observable, got 5/], // prettier-ignore
  [
    'fanOut, build returns a number',
    () => source().pipe(fanOut(2, () => junk(5))),
    /the function of a branch: expected an Observable, got 5/,
  ],
  ['broadcast, build returns nothing', () => source().pipe(broadcast(() => junk(undefined))), /the function of a branch: expected an Observable/], // prettier-ignore
  ['broadcast, build throws', () => source().pipe(broadcast(() => throws(undefined))), undefined],
  ['until, receive throws', () => source().pipe(until(junk({ receive: () => throws(boom) }))), boom],
  ['withContext, done throws', () => source().pipe(withContext(junk({ ...background, err: () => ({ _tag: 'None' }), done: () => throws(boom), cause: () => ({ _tag: 'None' }), deadline: () => ({ _tag: 'None' }), value: () => ({ _tag: 'None' }), signal: background.signal }))), boom], // prettier-ignore
  ['retryWith, the schedule throws', () => throwError(() => boom).pipe(retryWith(() => throws(undefined))), undefined],
  ['repeatWith, the schedule returns text', () => fromIterable([1]).pipe(repeatWith(() => junk('x'))), /expected a number of ms/],
  ['zipBounded, a source throws', () => zipBounded(source(), new Observable(() => throws(undefined))), undefined],
]

describe('ends the pipeline with one clear error', () => {
  it.each(rows)('%s', (_, make, error) =>
    bubble(function* () {
      const end = yield* collect(background, make()).join().attempt()
      expect(end._tag).toBe('Left')
      const { left } = end as { left: unknown }
      if (error instanceof RegExp) expect(String(left)).toMatch(error)
      else expect(left).toBe(error)
    }),
  )
})

describe('a close that throws', () => {
  const sender = junk({ send: () => sleep(0), close: () => throws(boom), isClosed: false, closed: false }) as Sender<number>

  it('is the error of a pipeline that completes', () =>
    bubble(function* () {
      const end = yield* run(background, fromIterable([1]).pipe(sendTo(sender, { close: true }))).join().attempt() // prettier-ignore
      expect(end).toMatchObject({ left: boom })
    }))

  it('is a late failure of a pipeline that fails', () =>
    bubble(function* () {
      const hook = vi.fn()
      const off = onLateFailure(hook)
      const first = new Error('first')
      const end = yield* run(background, throwError(() => first).pipe(sendTo(sender, { close: true }))).join().attempt() // prettier-ignore
      expect(end).toMatchObject({ left: first })
      yield* sleep(1)
      off()
      expect(hook).toHaveBeenCalledTimes(1)
    }))
})
