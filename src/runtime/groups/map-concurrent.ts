/** A concurrent map over an iterable. A free worker pulls the next item, so the items may be endless or slow. */
import { OwnedGroup, withGroup } from './owned-group.js'
import { checkCount, checkFunction, checkOptions, mistyped } from '../base/arguments.js'
import { background } from '../context/context.js'
import { failedLate } from '../goroutine/crash.js'
import { leave, performed, Work } from '../goroutine/job.js'
import type { Failure } from '../goroutine/owner.js'
import { uncancelable } from '../goroutine/uncancelable.js'
import { checkContext, type Context } from '../interfaces/context.js'
import type { Body } from '../interfaces/goroutine.js'
import type { Job } from '../interfaces/job.js'
import type { Observed } from '../scheduler/probe.js'
import { queue } from '../scheduler/run-queue.js'

/** Options of `mapConcurrent`. */
export interface MapConcurrentOptions {
  /** Its end stops the work; the job then throws its cause. `f` receives a context under it. */
  readonly ctx?: Context
}

/**
 * A job that runs `f` over the items, at most `n` at a time, and results in the results, in the order of the items. The
 * first error stops the rest (generators are unwound, async functions have a context that ends), closes the iterator,
 * and is thrown. A source that does not deliver its next item, and so cannot be closed, holds up neither an error nor
 * the end of a context.
 *
 * Throws RangeError unless `n` is a whole number from 1 up.
 *
 * @example
 * ```ts
 * const sizes = await mapConcurrent(urls, 5, async (url, i, ctx) => (await fetch(url, { signal: ctx.signal })).status)
 * ```
 */
export function mapConcurrent<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  n: number,
  f: Body<[item: T, index: number, ctx: Context], R>,
  options: MapConcurrentOptions = {},
): Job<R[]> {
  checkCount('mapConcurrent(items, n, f): n', 1, n)
  checkFunction('mapConcurrent(items, n, f): f', f)
  checkOptions('mapConcurrent(items, n, f)', options, ['ctx'])
  const { ctx = background } = options
  checkContext('mapConcurrent(items, n, f, { ctx })', ctx)
  const iterate = iteratorOf(items)
  return new Work('mapConcurrent', function* () {
    const source = new SharedItems(iterate)
    let failure: Failure | null = null
    try {
      return yield* mapped(source, n, f, ctx)
    } catch (error) {
      failure = { error }
      throw error
    } finally {
      yield* uncancelable(closed(source, failure)) // a cancel that arrives now must not drop the failure
    }
  })
}

/** Closes the source. Where the work has failed, a failure of the iterator does not take the place of that failure. */
function* closed(source: SharedItems<unknown>, failure: Failure | null): Generator<never, void> {
  try {
    yield* source.close()
  } catch (cause) {
    if (failure === null) throw cause
    failedLate(cause, queue.running as Observed) // only goroutines run there
  }
}

function* mapped<T, R>(
  source: SharedItems<T>,
  n: number,
  f: Body<[item: T, index: number, ctx: Context], R>,
  ctx: Context,
): Generator<never, R[]> {
  const results: R[] = []
  function* worker(own: Context): Generator<never, void> {
    while (!source.isOver) {
      const index = source.pulled++
      const next = yield* source.pull()
      if (next.done !== true) results[index] = yield* performed<R>(f(next.value, index, own))
    }
  }
  Object.defineProperty(worker, 'name', { value: 'worker' }) // its name in dumps, also where a minifier renames it
  return yield* withGroup(ctx, OwnedGroup, function* (group) {
    for (let i = 0; i < n; i++) group.start(worker)
    yield* group.wait()
    return results
  })
}

type AnyIterator<T> = Iterator<T> | AsyncIterator<T>

function iteratorOf<T>(items: Iterable<T> | AsyncIterable<T>): () => AnyIterator<T> {
  const it = items as (Iterable<T> & AsyncIterable<T>) | null | undefined // from JavaScript it may be anything
  const iterate = it?.[Symbol.asyncIterator] ?? it?.[Symbol.iterator]
  if (typeof iterate !== 'function') throw mistyped('mapConcurrent(items, n, f): items', 'an iterable', items)
  return () => Reflect.apply(iterate, items, []) as AnyIterator<T> // found under the name of an iterator method
}

/** An iterable of the user may return anything. */
function checkedIterator<T>(iterator: AnyIterator<T>): AnyIterator<T> {
  const any: { readonly next?: unknown } | null | undefined = iterator // any value from JavaScript
  if (typeof any?.next !== 'function') throw mistyped('mapConcurrent(items, n, f): the iterator', 'an object with next()', iterator)
  return iterator
}

function checkedResult<T>(result: IteratorResult<T>): IteratorResult<T> {
  const any: unknown = result
  if (typeof any !== 'object' || any === null) throw mistyped('mapConcurrent(items, n, f): the result of next()', 'an object', any)
  return result
}

/** The iterator that the workers share. */
class SharedItems<T> {
  isOver = false
  /** The number of pulls ever, and of those under way. */
  pulled = 0
  private _pulling = 0
  private readonly _iterator: AnyIterator<T>

  constructor(iterate: () => AnyIterator<T>) {
    this._iterator = checkedIterator(iterate())
  }

  *pull(): Generator<never, IteratorResult<T>> {
    let next: IteratorResult<T>
    this._pulling++
    try {
      queue.order?.entry(this, null, true)
      next = checkedResult(yield* performed(this._iterator.next()))
      queue.order?.entry(this, null, true)
      this.isOver ||= next.done === true
    } catch (cause) {
      this._pulling--
      this.isOver = true // by the protocol: an iterator that throws is over
      throw cause
    }
    this._pulling--
    return next
  }

  /** Closes the iterator. Its answer is not waited for while a pull is under way: an async generator queues it behind. */
  *close(): Generator<never, void> {
    if (this.isOver) return
    this.isOver = true
    const closing: unknown = this._iterator.return?.()
    if (this._pulling === 0) yield* performed(closing)
    else leave(closing)
  }
}
