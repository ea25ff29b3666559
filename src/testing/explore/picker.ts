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
 * `cancel` cancels a goroutine; option 1 of a `fault` is the fault.
 */
export type ChoiceKind = 'next' | 'switch' | 'select' | 'choose' | 'cancel' | 'fault'

/** Of a random strategy, one decision in this many may be a cancel or a fault; 1: of the other kinds every decision counts. */
const ODDS: Readonly<Record<ChoiceKind, number>> = { next: 1, switch: 1, select: 1, choose: 1, cancel: 16, fault: 4 }

/** Whether a random strategy takes option 0 since the decision is of a kind of which it takes other options seldom. */
export function isPassedOver(kind: ChoiceKind, below: (n: number) => number): boolean {
  const odds = ODDS[kind]
  return odds > 1 && below(odds) > 0
}

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
