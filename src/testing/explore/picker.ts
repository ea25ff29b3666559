/**
 * A picker takes the decisions of a run: which ready goroutine continues, which case a select looks at first, whether a
 * timer fires while a goroutine is ready, and what the program itself asks for. A decision is an option, a number below
 * `options`.
 *
 * Always true: option 0 is the plain choice. The goroutine that ran last continues as long as possible, then first in,
 * first out; timers fire when no goroutine is ready. A schedule is therefore known by its options other than 0 (the
 * switches), and a token holds only those.
 */
import type { Runnable } from '../../runtime/internal.js'

/**
 * The kind of a decision. Any option but 0 of a `switch` preempts the goroutine that ran last; any option but 0 of a
 * `cancel` cancels a goroutine.
 */
export type ChoiceKind = 'next' | 'switch' | 'select' | 'choose' | 'cancel'

/** A random strategy cancels a goroutine at one decision in this many. */
export const CANCEL_ODDS = 16

/** Stands for the next timer: the last candidate where a timer is set. */
export const theTime: Runnable & { readonly name: string } = { name: 'time', run() {} }

export interface Picker {
  /**
   * Returns an option. `candidates` are the ready goroutines, valid during the call only; null where the decision is of
   * another kind.
   */
  pick(options: number, kind: ChoiceKind, candidates: readonly object[] | null): number
}

/** The options of a run, in order. */
export type Choices = readonly number[]
