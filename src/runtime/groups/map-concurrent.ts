/** A concurrent map over an iterable. A free worker pulls the next item, so the items may be endless or slow. */
import { type Context, checkContext } from '../interfaces/context.js'
import type { Body } from '../interfaces/goroutine.js'
import { checkCount, checkFunction, mistyped } from '../base/arguments.js'
import { background } from '../context/context.js'
import { spawn } from '../goroutine/goroutine.js'
import type { Op } from '../interfaces/op.js'
import { resultOf } from '../operation/immediate.js'
import { errgroup, type ErrGroup } from './errgroup.js'

/** Options of `mapConcurrent`. */
export interface MapConcurrentOptions {
  /** Its end stops the work; the operation then throws its cause. */
  readonly ctx?: Context
}

/**
 * Runs `f` over the items, at most `n` at a time. The work starts at the call; the operation waits for the results, in
 * the order of the items. The first error stops the rest (generators are unwound, async functions have a context that
 * ends), closes the iterator, and is thrown.
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
): Op<R[]> {
  checkCount('mapConcurrent(items, n, f): n', 1, n)
  checkFunction('mapConcurrent(items, n, f): f', f)
  const { ctx = background } = options
  const group = errgroup(checkContext('mapConcurrent(items, n, f, { ctx })', ctx))
  const source = new SharedItems(items)
  const results: R[] = []

  function* worker(ctx: Context): Generator<never, void> {
    while (!source.isOver) {
      const index = source.pulled++
      const next = yield* resultOf(source.iterator.next())
      if (next.done === true) source.isOver = true
      else results[index] = yield* resultOf<R>(f(next.value, index, ctx))
    }
  }

  Object.defineProperty(worker, 'name', { value: 'worker' }) // its name in dumps, also where a minifier renames it
  for (let i = 0; i < n; i++) group.go(worker)
  return spawn(resultsOf, [group, source, results], null, 'resultsOf').join()
}

/** The iterator that the workers share. */
class SharedItems<T> {
  readonly iterator: Iterator<T> | AsyncIterator<T>
  isOver = false
  pulled = 0

  constructor(items: Iterable<T> | AsyncIterable<T>) {
    const it = items as (Iterable<T> & AsyncIterable<T>) | null | undefined // from JavaScript it may be anything
    const iterate = it?.[Symbol.asyncIterator] ?? it?.[Symbol.iterator]
    if (typeof iterate !== 'function') throw mistyped('mapConcurrent(items, n, f): items', 'an iterable', items)
    this.iterator = Reflect.apply(iterate, items, []) as typeof this.iterator // found under the name of an iterator method
  }
}

function* resultsOf<R>(group: ErrGroup, source: SharedItems<unknown>, results: R[]): Generator<never, R[]> {
  try {
    yield* group.wait()
    return results
  } finally {
    if (!source.isOver) yield* resultOf(source.iterator.return?.())
  }
}
