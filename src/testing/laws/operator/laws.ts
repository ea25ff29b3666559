/** The laws of operators: what is true of a stage whatever it does with its items. */
import type { OperatorFunction } from 'rxjs'
import { mistyped } from '../../../runtime/internal.js'
import { checkLaws } from '../support/checks.js'
import { leaving } from './leaving.js'
import { flow } from './flow.js'
import { failing } from './failing.js'
import { floods } from './floods.js'
import { reentrant } from './reentrant.js'
import type { Law, LawOptions } from '../support/law.js'
import type { LawWork } from '../support/works.js'

/** What is known of the operator, so that it can be judged. */
export interface OperatorLawOptions<R = number> extends LawOptions {
  /** Items that it holds at the most: taken, and not all of their results delivered. What `bounds` says of it, where it is one of ours. */
  readonly bound: number
  /** Whether results come in the order of the items; a function: whether they do within each lane. Default true. */
  readonly ordered?: boolean | ((item: number) => unknown)
  /** Whether the operator calls the work it is made with, once for each item; default true. */
  readonly works?: boolean
  /** What a throw of the work does: it ends the pipeline (the default), or the item is left out. */
  readonly onThrow?: 'ends' | 'leaves out'
  /** The items that a result stands for; default: the result is the item, as the work answers it. */
  readonly itemsOf?: (result: R) => readonly number[]
  /** The items of all results together, of a source with these; default: each once. */
  readonly expected?: (items: readonly number[]) => readonly number[]
  /** Whether items may be lost on purpose; none may be doubled. Default false. */
  readonly lossy?: boolean
  /** Whether it subscribes to its source later, or again: then only a cold one will do. Default false. */
  readonly resubscribes?: boolean
  /** Whether a source that cannot be paced is an error to it; default false. */
  readonly refusesForeign?: boolean
}

export type MakeOperator<R> = (work: LawWork) => OperatorFunction<number, R>

/**
 * The laws of an operator. `make` makes it anew for each run, with the work that it is to do; what does no work ignores that. A work answers its item.
 *
 * @example
 * ```ts
 * for (const law of laws.operator((work) => workerPool(2, work, { ordered: true }), { bound: 2 })) await law.check()
 * ```
 */
export function operatorLaws<R = number>(make: MakeOperator<R>, options: OperatorLawOptions<R>): readonly Law[] {
  checkLaws('operator', make, options)
  // from JavaScript
  if ((options.bound as number | undefined) === undefined)
    throw mistyped('laws.operator(make, { bound })', 'a whole number from 0 up', undefined)
  return [
    ...flow(make, options),
    ...leaving(make, options),
    ...failing(make, options),
    ...reentrant(make, options),
    ...floods(make, options),
  ]
}
