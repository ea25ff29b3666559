/** An operator as the subject of laws. */
import type { OperatorFunction } from 'rxjs'
import { mistyped } from '../../../runtime/internal.js'
import type { LawOptions } from '../law.js'
import { checkLaws } from '../support/arguments.js'
import type { LawWork } from '../support/watched-work.js'

/** The properties of the operator that the laws go by. */
export interface OperatorLawOptions<R = number> extends LawOptions {
  /**
   * The most items that the operator holds: taken, and not all of their results delivered. For a stage of Millrace: its
   * entry in `bounds`.
   */
  readonly bound: number
  /** Whether results come in the order of the items; a function: whether they do in each lane. Default true. */
  readonly ordered?: boolean | ((item: number) => unknown)
  /** Whether the operator calls its work once for each item; default true. */
  readonly works?: boolean
  /** The effect of a throw of the work: the pipeline ends (the default), or the item is left out. */
  readonly onThrow?: 'ends' | 'leaves out'
  /** The items of a result; default: the result is the item, as the work returns it. */
  readonly itemsOf?: (result: R) => readonly number[]
  /** The items of all results together, for a source of these items; default: each item once. */
  readonly expected?: (items: readonly number[]) => readonly number[]
  /** Whether the operator drops items on purpose. Doubling an item is a fault all the same. Default false. */
  readonly lossy?: boolean
  /**
   * Whether the operator subscribes to its source later, or again; the laws then use cold sources only. Default false.
   */
  readonly resubscribes?: boolean
  /** Whether a source that ignores backpressure is an error; default false. */
  readonly refusesForeign?: boolean
}

/** Makes the operator under test, around the work that the laws watch; called anew for each run. */
export type MakeOperator<R> = (work: LawWork) => OperatorFunction<number, R>

/** The type of the results is erased: only `make` produces them, and only the functions of the options read them. */
export interface OperatorSubject {
  readonly make: MakeOperator<unknown>
  readonly options: OperatorLawOptions<unknown>
}

export function operatorSubject<R>(make: MakeOperator<R>, options: OperatorLawOptions<R>): OperatorSubject {
  checkLaws('operator', make, options)
  const { bound }: { readonly bound?: number } = options
  if (bound === undefined) throw mistyped('laws.operator(make, { bound })', 'a whole number from 0 up', undefined)
  return { make, options: options as OperatorLawOptions<unknown> } // its functions are given results of `make` alone
}

/** Whether the operator calls its work. */
export function hasWork({ options }: OperatorSubject): boolean {
  return options.works !== false
}
