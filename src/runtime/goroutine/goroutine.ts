/** Starting goroutines: Go's `go` statement. The state of a goroutine is in `task.ts`. */
import { notFunction } from './misuse.js'
import type { Owner } from './owner.js'
import { Task } from './task.js'
import { mistyped } from '../base/arguments.js'
import type { Body, Goroutine } from '../interfaces/goroutine.js'
import { isJob, type Job } from '../interfaces/job.js'
import type { WorkSlip } from '../interfaces/slips.js'
import { queue } from '../scheduler/run-queue.js'

/**
 * The type of `go`. `go.named` gives a goroutine a name for dumps and reports, in place of the name of its function:
 * for a function literal, for several goroutines of one function, and for minified bundles, which rename functions.
 *
 * @example
 * ```ts
 * const handle = go.named('uploads', function* () {
 *   return 42
 * })
 * handle.name // → uploads
 * ```
 */
export interface Go {
  /** Performs a job in a goroutine of its own. */
  <R>(job: Job<R>): Goroutine<R>
  /** Starts `fn(...args)` as a goroutine. */
  <A extends readonly unknown[], R>(fn: Body<A, R>, ...args: A): Goroutine<R>
  /** The message of the compiler for a usual slip. */
  <W>(slip: W & WorkSlip<W>): Goroutine<unknown>
  /** Performs a job in a goroutine with this name. */
  named<R>(name: string, job: Job<R>): Goroutine<R>
  /** Starts `fn(...args)` as a goroutine with this name. Throws TypeError where `name` is not a string. */
  named<A extends readonly unknown[], R>(name: string, fn: Body<A, R>, ...args: A): Goroutine<R>
}

/**
 * Starts `fn(...args)` as a goroutine: soon, never inline. `fn` is a generator function (`yield*` for each operation;
 * the fast kind), an async function, or a plain function. To start many, pass a named function with its arguments: a
 * function literal that is evaluated for each goroutine costs five times as much. `go.named(name, fn, ...args)` gives
 * the goroutine a name. `go(job)` performs a job.
 *
 * Throws TypeError where `fn` is not a function: "go of nil func value" for null and undefined. Source: Go's `go`
 * statement.
 *
 * @example
 * ```ts
 * function* worker(id: number, jobs: Receiver<number>) {
 *   for (const it = range(jobs); yield* it.next(); ) console.log(id, it.value)
 * }
 * for (let i = 0; i < 3; i++) go(worker, i, jobs)
 * ```
 */
export const go: Go = /* @__PURE__ */ Object.assign(
  function go<A extends readonly unknown[], R>(work: Body<A, R> | Job<R>, ...args: A): Goroutine<R> {
    return typeof work === 'function' ? spawn(work, args, null) : startJob(work, null)
  },
  { named: goNamed },
) as Go // its last overload accepts no value

function goNamed<A extends readonly unknown[], R>(name: string, work: Body<A, R> | Job<R>, ...args: A): Goroutine<R> {
  if (typeof name !== 'string') throw mistyped('go.named(name, fn)', 'a name', name)
  return typeof work === 'function' ? spawn(work, args, null, name) : startJob(work, name)
}

/** The part of a job that starts it; `Work` in `job.ts`. */
interface Startable<R> {
  start(name: string | null): Task<R>
}

function startJob<R>(job: Job<R>, name: string | null): Task<R> {
  if (!isJob(job)) throw notFunction(job)
  return (job as unknown as Startable<R>).start(name) // by its mark, it is a job of the package
}

/** Starts a goroutine with an owner. Without a name it has the name of its function. */
export function spawn<A extends readonly unknown[], R>(fn: Body<A, R>, args: A, owner: Owner | null, name: string | null = null): Task<R> {
  if (typeof fn !== 'function') throw notFunction(fn)
  return new Task<R>(fn as unknown as (...args: readonly unknown[]) => unknown, args, owner, name) // `args` have the types that `fn` takes
}

/**
 * The number of goroutines that have not ended: Go's `runtime.NumGoroutine`, without the caller where that is no
 * goroutine.
 */
export function numGoroutine(): number {
  return queue.live
}
