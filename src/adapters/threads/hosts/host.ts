/**
 * The seam between a pool and its host: how a thread starts, how messages and time pass. Real threads stand behind it, or code
 * of this thread whose deliveries are steps of the run queue, so that every rule of the pool can be explored.
 */
import type { Batch, Boot } from '../wire/batch.js'

/** The events of a thread, in order. */
export interface ThreadEvents {
  receive(batch: Batch): void
  /** The thread has ended, and nothing more comes; `cause` is an error, or the exit code in one. */
  ended(cause: unknown): void
}

/** A thread, as its pool holds it. */
export interface Port {
  /** Sends a batch, and moves these objects of it; throws DataCloneError where a value cannot be cloned. */
  post(batch: Batch, moves: readonly Transferable[]): void
  /** Ends the thread; `ended` follows. */
  terminate(): void
  /** Whether the process stays alive for the thread. */
  hold(holds: boolean): void
}

/** A host of threads. */
export interface ThreadHost {
  /** The threads that run at the same time on this machine. */
  readonly cores: number
  /** Its threads have a memory of their own; false where functions run in this thread. */
  readonly isElsewhere: boolean
  /** False where a pool and its threads have no memory in common: a page that is not isolated. */
  readonly sharesMemory: boolean
  /**
   * Calls `f` each time that the event loop of this side has no work left, until the returned function is called. Null on a host that
   * cannot say so, or whose threads cannot.
   */
  readonly onEmpty: ((f: () => void) => () => void) | null
  start(boot: Boot, events: ThreadEvents): Port
  /** ms, monotonic. */
  now(): number
  /** Calls `f` once after `ms`, and keeps no process alive; returns a function that cancels the call. */
  timer(ms: number, f: () => void): () => void
  /** Calls `f` when the code that runs has returned. */
  soon(f: () => void): void
  /** Calls `f` at the end of this turn of the host. */
  atTurn(f: () => void): void
}
