/** An integer that is read and changed in one step: Go's `sync/atomic`. */

/**
 * An integer box: Go's `atomic.Int32`, `Uint32` (numbers), `Int64` and `Uint64` (bigints). Each method is one step,
 * also beside other threads, and never waits. Values that are out of the range of the type wrap around, as in a
 * conversion of Go: so `add(-1)` subtracts from an unsigned box too.
 *
 * Every method throws TypeError or RangeError for a value that is no integer of the kind of the box, and changes
 * nothing.
 *
 * @typeParam N - number for 32 bits, bigint for 64 bits.
 */
export interface AtomicInteger<N extends number | bigint> {
  /** The value now. */
  load(): N
  /** Sets the value. */
  store(value: N): void
  /** Adds `delta`, which may be negative, and returns the new value. */
  add(delta: N): N
  /** Sets the value, and returns the value before. */
  swap(value: N): N
  /** Sets the value to `value` if it is `old`; returns whether it was. */
  compareAndSwap(old: N, value: N): boolean
  /** Keeps only the bits of `mask`, and returns the value before. */
  and(mask: N): N
  /** Sets the bits of `mask`, and returns the value before. */
  or(mask: N): N
}
