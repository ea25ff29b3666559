/** Boxes of 32 bits. */
import { checkWhole } from '../../../runtime/internal.js'
import type { AtomicInteger } from './atomic-integer.js'
import { setHandle } from './handle.js'

type Words = Int32Array | Uint32Array

export class AtomicInteger32 implements AtomicInteger<number> {
  constructor(
    private readonly _words: Words,
    private readonly _kind: 'atomicInt32' | 'atomicUint32',
  ) {
    setHandle(this, { kind: _kind, memory: _words.buffer })
  }

  // A field with a function: the clone of a box would be an object without methods, so it is refused.
  readonly load = (): number => Atomics.load(this._words, 0)

  store(value: number): void {
    Atomics.store(this._words, 0, this._checked('store(value)', value))
  }
  add(delta: number): number {
    const by = this._checked('add(delta)', delta) | 0
    return this._wrapped(Atomics.add(this._words, 0, by) + by)
  }
  swap(value: number): number {
    return Atomics.exchange(this._words, 0, this._checked('swap(value)', value))
  }
  compareAndSwap(old: number, value: number): boolean {
    const before = this._wrapped(this._checked('compareAndSwap(old)', old))
    return Atomics.compareExchange(this._words, 0, before, this._checked('compareAndSwap(value)', value)) === before
  }
  and(mask: number): number {
    return Atomics.and(this._words, 0, this._checked('and(mask)', mask))
  }
  or(mask: number): number {
    return Atomics.or(this._words, 0, this._checked('or(mask)', mask))
  }

  private _checked(where: string, value: number): number {
    checkWhole(`${this._kind}.${where}`, value)
    return value
  }

  private _wrapped(value: number): number {
    return this._kind === 'atomicInt32' ? value | 0 : value >>> 0
  }
}

/**
 * Makes a box of a signed integer of 32 bits: Go's `atomic.Int32`. It is over plain memory, for one thread;
 * `shared.atomicInt32(value)` has the same methods, and may be an argument of a function on a thread.
 *
 * Throws TypeError or RangeError unless `value` is a whole number. Default 0.
 *
 * @example
 * ```ts
 * const served = atomicInt32()
 * served.add(1) // → 1
 * served.compareAndSwap(1, 2 ** 31) // → true
 * served.load() // → -2147483648
 * ```
 */
export function atomicInt32(value = 0): AtomicInteger<number> {
  checkWhole('atomicInt32(value)', value)
  return new AtomicInteger32(Int32Array.of(value), 'atomicInt32')
}

/**
 * Makes a box of an unsigned integer of 32 bits: Go's `atomic.Uint32`. It is over plain memory, for one thread;
 * `shared.atomicUint32(value)` has the same methods, and may be an argument of a function on a thread.
 *
 * Throws TypeError or RangeError unless `value` is a whole number. Default 0.
 *
 * @example
 * ```ts
 * const flags = atomicUint32(1)
 * flags.or(6) // → 1
 * flags.add(-8) // → 4294967295
 * ```
 */
export function atomicUint32(value = 0): AtomicInteger<number> {
  checkWhole('atomicUint32(value)', value)
  return new AtomicInteger32(Uint32Array.of(value), 'atomicUint32')
}
