/**
 * The messages between a pool and a thread. A batch is one flat array of records, which costs half of an array of arrays to
 * clone; the first element of a record is its kind, and each kind has a length.
 */

/** A batch on its way. */
export type Batch = unknown[]

/** To a thread: CALL, slot, function, arguments, the context after them, deadline in Unix ms or 0, links or null. */
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
/** From a thread: FULL; its memory is over the limit of `recycle`. */
export const FULL = 8
/** Both ways: LINK, link, message of the link, its content. */
export const LINK = 9
/** To a thread, in a batch of its own: ASK; whether the thread is still. */
export const ASK = 10
/** From a thread, in a batch of its own: STILL, acts; the goroutines as text in a reply to ASK, else null. */
export const STILL = 11

const lengths: readonly number[] = [7, 3, 3, 1, 2, 3, 4, 3, 1, 4, 1, 3]

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
/** The function threw; with a portable error. */
export const THREW = 1
/** The pool has taken the call back: the slot is free. */
export const PASSED_OVER = 2
/** By its cancel: the cause is that of the pool. */
export const CANCELED = 3
/** Its function could not be loaded; with a portable error. */
export const NOT_LOADED = 4
/** The result cannot be cloned; with the text. */
export const NOT_CLONED = 5
/** Its goroutine was canceled, and a `finally` block threw; with a portable error. */
export const CLEAN_UP_THREW = 6

/** Whether a context stands after the arguments of a call, and the values in it that are portable. */
export type CallValues = boolean | Readonly<Record<string, unknown>>

/** A function of a module, as both sides know it. */
export interface FunctionName {
  /** Module, name, and order among equal names in one bundle. */
  readonly key: string
  readonly url: string
  readonly name: string
  /** For an export of a module that does not call `onThreads`: the module that serves in a thread. Null for others. */
  readonly server: string | null
}

/** The data that a thread starts with. */
export interface Boot {
  readonly words: Int32Array
  /** The module that the thread evaluates first. */
  readonly entry: string
  /** That module is the server itself, and its `threadsOf` begins to serve. */
  readonly isServer: boolean
  /** The most memory of the heap, in MB; null for the default of the host. */
  readonly memory: number | null
  /** The memory in MB over which the thread reports that it is full; null for no limit. */
  readonly recycleAt: number | null
  /** What the thread keeps for the report of a deadlock: nothing, its goroutines, or also the places where they were started. */
  readonly traces: 'nothing' | 'goroutines' | 'places'
}
