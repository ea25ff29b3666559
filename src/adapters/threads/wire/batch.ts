/**
 * The messages between a pool and a thread. A batch is one flat array of records, which costs half of an array of arrays to
 * clone; the first element of a record is its kind, and each kind has a length.
 */

/** A batch on its way. */
export type Batch = unknown[]

/** To a thread: CALL, slot, function, arguments, whether a context stands after them, deadline in Unix ms or 0. */
export const CALL = 0
/** To a thread: LOAD, function, and its name: a `FunctionName`. */
export const LOAD = 1
/** To a thread: CANCEL, slot, cause (portable). */
export const CANCEL = 2

/** From a thread: READY. */
export const READY = 3
/** From a thread: LOADING, function; its module is being evaluated. */
export const LOADING = 4
/** From a thread: LOADED, function, null or a portable error. */
export const LOADED = 5
/** From a thread: RESULT, slot, status, value. */
export const RESULT = 6
/** From a thread: WORKED, ms spent, calls run. */
export const WORKED = 7

const lengths: readonly number[] = [6, 3, 3, 1, 2, 3, 4, 3]

/** The records of a batch, one by one. */
export function* recordsOf(batch: Batch): Generator<Batch, void> {
  for (let at = 0; at < batch.length;) {
    const length = lengths[batch[at] as number] // a record begins with its kind
    yield batch.slice(at, at + length)
    at += length
  }
}

/** The place after the record that begins at `at`. */
export function afterRecord(batch: Batch, at: number): number {
  return at + lengths[batch[at] as number] // a record begins with its kind
}

/** How a call ended in its thread. */
export const RETURNED = 0
/** With a portable error. */
export const THREW = 1
/** The pool has taken the call back: the slot is free. */
export const PASSED_OVER = 2
/** By its cancel: the cause is that of the pool. */
export const CANCELED = 3
/** Its function could not be loaded; with a portable error. */
export const NOT_LOADED = 4
/** The result cannot be cloned; with the text. */
export const NOT_CLONED = 5

/** A function of a module, as both sides know it. */
export interface FunctionName {
  /** Module, name, and order among equal names in one bundle. */
  readonly key: string
  readonly url: string
  readonly name: string
}

/** The data that a thread starts with. */
export interface Boot {
  readonly words: Int32Array
  /** The module that the thread evaluates first. */
  readonly entry: string
}
