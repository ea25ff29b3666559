/** A part of a goroutine that a cancel does not interrupt. */
import type { Task } from './task.js'
import { mistyped } from '../base/arguments.js'
import type { Routine } from '../interfaces/job.js'
import { queue } from '../scheduler/run-queue.js'

/**
 * Performs a routine (an operation, a job or a generator) to its end, also where the goroutine is canceled meanwhile: the
 * cancel takes effect at the next operation after it. Use it for a `finally` block that waits. A cancel arrives as the
 * generator's `return`, and a `return` that arrives while a `finally` block runs drops the rest of that block. A cancel
 * that begins the `finally` block itself needs no shield: it arrives only once.
 *
 * Perform it by `yield*` in a goroutine. A routine that never ends keeps the goroutine alive, so let it wait under a
 * context of its own. The call throws TypeError where the routine cannot be performed; performing throws Error outside
 * a goroutine.
 *
 * @example
 * ```ts
 * function* transfer() {
 *   try {
 *     yield* jobs.receive()
 *   } finally {
 *     yield* uncancelable(rollBack())
 *   }
 * }
 * function* rollBack() {
 *   yield* sleep(10)
 *   yield* sleep(10) // reached, also where a cancel arrived at the first
 * }
 * ```
 */
export function uncancelable<T>(routine: Routine<T>): Generator<never, T> {
  const given = routine as Partial<Routine<T>> | null | undefined // a caller in JavaScript may pass anything
  if (typeof given !== 'object' || typeof given?.[Symbol.iterator] !== 'function' || Array.isArray(given))
    throw mistyped('uncancelable(routine)', 'an operation, a job or a generator', routine)
  return shielded(routine)
}

function* shielded<T>(routine: Routine<T>): Generator<never, T> {
  const task = queue.running as Task | null // the run queue runs goroutines
  if (task === null) throw new Error('uncancelable(routine): performed outside a goroutine: use yield* in a generator started by go()')
  task.shield()
  try {
    return yield* routine
  } finally {
    task.unshield()
  }
}
