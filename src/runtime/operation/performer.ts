/**
 * The protocol between an operation and the goroutine that performs it by `yield*`.
 *
 *     run queue            goroutine                 operation
 *         │ step ─────────────▶│ next() ──────────────▶│ polls; not ready
 *         │◀────────────TOKEN──┴◀──────────────TOKEN───│ step = OFFERED
 *         │ park(goroutine) ──────────────────────────▶│ step = PARKED
 *         ·                                            ·
 *         │ step ─────────────▶│ next() ──────────────▶│ step = GRANTED: finish() makes the result
 *
 * Always true: only the run queue parks a goroutine. An operation that something else drives (a spread, a `for…of`, an
 * async generator) meets its own token again, and throws.
 */
import type { Operation } from './operation.js'
import { queue } from '../scheduler/run-queue.js'
import { PENDING, type Pending, type Waiter } from './waiter.js'

/**
 * TOKEN is the result that a goroutine yields to the run queue while it waits. Some engines and compilers hand on a
 * copy through `yield*`, so the run queue compares its value. `descent.end` is set while a `return` is on its way to
 * the operation that a canceled goroutine waits for. Both exist once in the process, like the run queue: a goroutine of
 * this copy of the package may perform an operation of another copy.
 */
interface Shared {
  readonly token: IteratorYieldResult<never>
  readonly descent: { end: (() => void) | null }
}

const key = Symbol.for('millrace.op.v2')
const shared = globalThis as { [key]?: Shared } // a key of the package
export const { token: TOKEN, descent } = (shared[key] ??= {
  token: { done: false, value: Symbol.for('millrace.token') as never }, // its value is compared and never used
  descent: { end: null },
})

// The step of a performer with its operation; `task.ts` draws the picture.
export const RUNNING = 0 // between operations
export const OFFERED = 1 // a token was handed out; the run queue has not parked the goroutine yet
export const PARKED = 2
export const GRANTED = 3 // settled: `finish` makes the result of `raw`
export const KEPT = 4 // the operation completed at the end of a slice: `raw` is the result
export const CANCEL_DUE = 5 // running, and the cancel takes effect at the next operation
export const CANCEL_OFFERED = 6 // that operation was performed, and handed out a token in place of a result

/** The part of a goroutine that performing an operation needs. */
export interface Performer extends Waiter {
  step: number
  operation: Operation<unknown> | null
  /** RUNNING, or CANCEL_DUE where a cancel came between the grant and its delivery. */
  readonly stepAfterDelivery: number
}

/** Whether the performer waits for an operation, or was granted it and has not resumed. */
export function isWaiting({ step }: { readonly step: number }): boolean {
  return step === PARKED || step === GRANTED
}

/**
 * True for the first step of an operation: a goroutine between two operations performs by `yield*`, which passes
 * `next` an argument, if only undefined. A spread, a for…of and a destructuring pass none. (A rest parameter would
 * allocate.)
 */
export function begins(received: number): boolean {
  const performer = queue.running as Performer | null // only goroutines run there
  return performer !== null && performer.step === RUNNING && received > 0
}

/** Suspends the performer: returns the token that its generator yields to the run queue. */
export function offer(performer: Performer, operation: Operation<unknown>, step: number): IteratorYieldResult<never> {
  performer.step = step
  performer.operation = operation
  return TOKEN
}

/** The result of `next` where the first step has to wait, or where the slice may be over. */
export function suspended<T>(operation: Operation<T>, value: T | Pending): IteratorResult<never, T> {
  const performer = queue.running as Performer // `begins` has looked
  if (value === PENDING) return offer(performer, operation, OFFERED)
  if (!queue.sliceIsOver) return { done: true, value }
  performer.raw = value
  return offer(performer, operation, KEPT)
}

/** The result of `next` in the later steps. Throws where something else than `yield*` of a goroutine iterates. */
export function continued<T>(operation: Operation<T>, received: number): IteratorResult<never, T> {
  const performer = queue.running as Performer | null // only goroutines run there
  if (performer === null) throw outsideGoroutine(operation)
  if (received === 0) throw pulledByOthers(operation)
  const { step } = performer
  if (step === CANCEL_DUE) return offer(performer, operation, CANCEL_OFFERED)
  if (performer.operation !== operation || (step !== GRANTED && step !== KEPT)) throw drivenByOthers(operation)
  performer.step = performer.stepAfterDelivery
  performer.operation = null
  const value = step === KEPT ? (performer.raw as T) : operation.finish(performer) // kept by `suspended`
  performer.raw = undefined
  return { done: true, value }
}

function outsideGoroutine(operation: Operation<unknown>): Error {
  return new Error(
    `an operation (${operation.describe()}) was iterated outside a goroutine: use yield* in a generator started by go(), or await in an async function`,
  )
}

function pulledByOthers(operation: Operation<unknown>): Error {
  return new Error(
    `an operation (${operation.describe()}) was iterated by something other than yield* (a spread, a for…of, a destructuring): use yield*, which waits for it`,
  )
}

function drivenByOthers(operation: Operation<unknown>): Error {
  return new Error(
    `an operation (${operation.describe()}) was performed while another is under way: something other than the run queue drives it (an async generator, a generator driven by hand); use yield*`,
  )
}
