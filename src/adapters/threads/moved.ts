/** Moving in place of copying. */
import { mistyped } from '../../runtime/internal.js'
import { isPlain, mark } from './wire/moves.js'

/**
 * Marks a value that moves to a thread, or back from a thread, without a copy: with the next call or result that has it, at any
 * depth of arrays, objects, maps and sets. The sender's value is then empty (detached). Returns the value itself.
 *
 * Moves an ArrayBuffer, the buffer of a typed array or DataView that covers all of it, a MessagePort, a stream of the web, and
 * what else the host transfers. A view on a part of its buffer is copied, since other views may use the rest; memory that is
 * shared stays shared.
 *
 * A job that moves a value is performed once, and does not move to another thread: where its thread is lost before the job has
 * begun, the job throws ThreadLostError, because the value is gone.
 *
 * Throws TypeError for a value that is no object, and for plain objects and arrays.
 *
 * @example
 * ```ts
 * const { sum } = onThreads(import.meta, { sum: (numbers: Float64Array) => numbers.reduce((a, b) => a + b, 0) })
 * using here = inline()
 * const numbers = new Float64Array([1, 2, 3])
 * const total = await sum(moved(numbers)) // → 6
 * numbers.length // → 0
 * ```
 */
export function moved<T extends object>(value: T): T {
  if (typeof value !== 'object' || value === null || isPlain(value))
    throw mistyped('moved(value)', 'an ArrayBuffer, a typed array or another object to transfer', value)
  if (!ArrayBuffer.isView(value)) {
    if (!isShared(value)) mark(value)
  } else if (value.byteLength === value.buffer.byteLength && !isShared(value.buffer)) mark(value.buffer)
  return value
}

function isShared(value: object): boolean {
  return typeof SharedArrayBuffer === 'function' && value instanceof SharedArrayBuffer
}
