/** Mapping with a few at a time. The items are pulled as places become free, so the source may be endless, or pace itself. */
import { background } from '../context/context.js'
import { errgroup, type ErrGroup } from './errgroup.js'
import { checkCount, checkFunction, mistyped } from '../base/arguments.js'
import { spawn, type Body } from '../goroutine/goroutine.js'
import { checkContext } from '../operation/operation.js'
import { resultOf } from '../operation/immediate.js'
import type { Context, Op } from '../interfaces/op.js'

export interface MapConcurrentOptions {
  /** Its end stops the work; the result is then a throw of its cause. */
  readonly ctx?: Context
}

/**
 * Runs `f` over the items, `n` at a time, from the call on; what is answered waits for the results, in the order of the items. The first
 * throw stops the rest (generators are unwound, async functions have a context that ends), closes the source, and is thrown.
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
  const source = new Source(items)
  const results: R[] = []

  function* worker(ctx: Context): Generator<never, void> {
    while (!source.isOver) {
      const index = source.pulled++
      const next = yield* resultOf(source.iterator.next())
      if (next.done === true) source.isOver = true
      else results[index] = yield* resultOf<R>(f(next.value, index, ctx))
    }
  }

  for (let i = 0; i < n; i++) group.go(worker)
  return spawn(resultsOf, [group, source, results], null).join() // the results are of that type
}

/** Items that several pull from. */
class Source<T> {
  readonly iterator: Iterator<T> | AsyncIterator<T>
  isOver = false
  pulled = 0

  constructor(items: Iterable<T> | AsyncIterable<T>) {
    const it = items as (Iterable<T> & AsyncIterable<T>) | null | undefined // from JavaScript it may be anything; it is looked at now
    const iterate = it?.[Symbol.asyncIterator] ?? it?.[Symbol.iterator]
    if (typeof iterate !== 'function') throw mistyped('mapConcurrent(items, n, f): items', 'an iterable', items)
    this.iterator = Reflect.apply(iterate, items, []) as typeof this.iterator // by the name it was found under
  }
}

function* resultsOf<R>(group: ErrGroup, source: Source<unknown>, results: R[]): Generator<never, R[]> {
  try {
    yield* group.wait()
    return results
  } finally {
    if (!source.isOver) yield* resultOf(source.iterator.return?.())
  }
}
