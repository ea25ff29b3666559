/**
 * A link joins a channel here with its end in a thread. Its messages go with the calls, so a job, its channels and its result
 * come in one order.
 *
 *     channel ──Outward──values──▶ FarChannel ─▶ receive · select · range      the thread takes
 *        ▲                ◀─credit──┘
 *     channel ◀──Inward──◀values── FarChannel ◀─ send · close                  the thread sends
 *                         ─credit──▶
 *
 * Values leave only for credit. So at most the window of a link lies between the two sides, and what waits waits on its own side:
 * a select that gives up a case loses nothing.
 */
import type { HandleSpec } from '../shared/handle.js'

/** To the side that sends: the number of values that it may send more. */
export const CREDIT = 0
/** To the side that takes: values. */
export const VALUES = 1
/** To the side that takes: nothing more comes; null, or a portable cause. */
export const END = 2
/** To the side that sends: the channel takes no more; a portable cause. */
export const SHUT = 3
/** To the pool: a value cannot be cloned; the text. */
export const REFUSED = 4
/** To the side that sends, where the sides share no memory: how many values the thread has taken. */
export const TAKEN = 5

/** To the side that sends: the end in the thread was collected, and takes no more. */
export const COLLECTED = 6

/** How an argument of a call crosses that is no copy. */
export type ArgumentSpec = LinkSpec | HandleSpec

/** Sends a message of a link to the other side. */
export type Post = (op: number, payload: unknown) => void

/** A link, in the record of its call. */
export interface LinkSpec {
  readonly id: number
  /** The place of the channel among the arguments. */
  readonly index: number
  readonly receives: boolean
  readonly sends: boolean
  /** How many values the thread has taken. Without shared memory a message says so, with each credit and at the end of the job. */
  readonly taken: Int32Array
}

/** The values that a side may send before it has heard of the other. */
export const FIRST_CREDIT = 1
