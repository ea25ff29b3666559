/** A box of any value: Go's `atomic.Value`. */
import { setHandle } from './handle.js'

/**
 * A box of a value: Go's `atomic.Value`, with a value from the start. Each method is one step, also beside other
 * threads, and never waits.
 *
 * Over plain memory the box holds the value itself, and compares by `===`. Over shared memory (`shared.atomicValue`)
 * it holds the JSON text of the value: `load` returns a copy, and values with the same text are equal.
 *
 * @typeParam T - The type of the value.
 */
export interface AtomicValue<T> {
  /** The value now. */
  load(): T
  /** Sets the value. */
  store(value: T): void
  /** Sets the value, and returns the value before. */
  swap(value: T): T
  /** Sets the value to `value` if it is `old`; returns whether it was. */
  compareAndSwap(old: T, value: T): boolean
}

class PlainValue<T> implements AtomicValue<T> {
  constructor(private _value: T) {
    setHandle(this, { kind: 'atomicValue', memory: new ArrayBuffer(0) })
  }

  // A field with a function: see AtomicInteger32.
  readonly load = (): T => this._value

  store(value: T): void {
    this._value = value
  }
  swap(value: T): T {
    const before = this._value
    this._value = value
    return before
  }
  compareAndSwap(old: T, value: T): boolean {
    if (this._value !== old) return false
    this._value = value
    return true
  }
}

/**
 * Makes a box of a value: Go's `atomic.Value`. It is over plain memory, for one thread; `shared.atomicValue(value)`
 * has the same methods, and may be an argument of a function on a thread.
 *
 * @typeParam T - The type of the value.
 * @example
 * ```ts
 * const config = atomicValue({ level: 'info' })
 * const before = config.swap({ level: 'debug' })
 * before.level // → info
 * config.compareAndSwap(before, { level: 'warn' }) // → false
 * ```
 */
export function atomicValue<T>(value: T): AtomicValue<T> {
  return new PlainValue(value)
}
