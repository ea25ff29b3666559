/** The laws of sources: what is true of the beginning of a pipeline. */
import type { Observable } from 'rxjs'
import type { Context } from '../../../runtime/index.js'
import { checkLaws, sourceMade } from '../support/checks.js'
import type { Law, LawOptions } from '../support/law.js'
import { boundedness, conservation, floods, laziness, ordering } from './flow.js'
import { cancellation, context, errors, reentrancy } from './leaving.js'
import type { SourceStand } from './stand.js'

export interface SourceLawOptions extends LawOptions {
  /** Items that it has taken and not emitted, at the most: 1, the default, is the one in its hand. */
  readonly bound?: number
  /** Whether items come in order; a function: whether they do within each lane. Default true. */
  readonly ordered?: boolean | ((item: number) => unknown)
  /** Whether each subscriber has all items, from the beginning on; otherwise they share them. Default true. */
  readonly cold?: boolean
  /** Whether it goes on by promises: a run then waits for turns of the event loop. Default false. */
  readonly usesPromises?: boolean
  /** One that emits the items and then fails with `cause`; without it the law of errors is left out. */
  readonly failing?: (items: Iterable<number>, cause: Error) => Observable<number>
}

/** `items` tells how far it was read; `ctx` ends when the run is over, for what has to be stopped from outside. */
export type MakeSource = (items: Iterable<number>, ctx: Context) => Observable<number>

const MANY = 3_000

/**
 * The laws of a source. `make` makes one anew for each run, of the items that it is to emit.
 *
 * @example
 * ```ts
 * for (const law of laws.source((items) => fromIterable(items))) await law.check()
 * ```
 */
export function sourceLaws(make: MakeSource, options: SourceLawOptions = {}): readonly Law[] {
  checkLaws('source', make, options)
  const { bound = 1, ordered: isOrdered = true, cold: isCold = true, failing, many = MANY, usesPromises = false } = options
  const made: MakeSource = (items, ctx) => sourceMade('source', make(items, ctx))
  const stand: SourceStand = { options, bound, isCold, many, usesPromises, made }
  return [
    conservation(stand),
    ...(isOrdered === false ? [] : [ordering(stand, isOrdered === true ? undefined : isOrdered)]),
    boundedness(stand),
    ...(isCold ? [laziness(stand)] : []),
    cancellation(stand),
    context(stand),
    ...(failing === undefined ? [] : [errors(stand, failing)]),
    reentrancy(stand),
    floods(stand),
  ]
}
