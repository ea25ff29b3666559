/** Boxes of 64 bits. */
import { mistyped } from '../../../runtime/internal.js'
import type { AtomicInteger } from './atomic-integer.js'
import { setHandle } from './handle.js'

type Words = BigInt64Array | BigUint64Array

export class AtomicInteger64 implements AtomicInteger<bigint> {
  constructor(
    private readonly _words: Words,
    private readonly _kind: 'atomicInt64' | 'atomicUint64',
  ) {
    setHandle(this, { kind: _kind, memory: _words.buffer })
  }

  // A field with a function: see AtomicInteger32.
  readonly load = (): bigint => Atomics.load(this._words, 0)

  store(value: bigint): void {
    Atomics.store(this._words, 0, this._checked('store(value)', value))
  }
  add(delta: bigint): bigint {
    return this._wrapped(Atomics.add(this._words, 0, this._checked('add(delta)', delta)) + delta)
  }
  swap(value: bigint): bigint {
    return Atomics.exchange(this._words, 0, this._checked('swap(value)', value))
  }
  compareAndSwap(old: bigint, value: bigint): boolean {
    const before = this._wrapped(this._checked('compareAndSwap(old)', old))
    return Atomics.compareExchange(this._words, 0, before, this._checked('compareAndSwap(value)', value)) === before
  }
  and(mask: bigint): bigint {
    return Atomics.and(this._words, 0, this._checked('and(mask)', mask))
  }
  or(mask: bigint): bigint {
    return Atomics.or(this._words, 0, this._checked('or(mask)', mask))
  }

  private _checked(where: string, value: bigint): bigint {
    checkBigint(`${this._kind}.${where}`, value)
    return value
  }

  private _wrapped(value: bigint): bigint {
    return this._kind === 'atomicInt64' ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)
  }
}

export function checkBigint(where: string, value: bigint): void {
  if (typeof value !== 'bigint') throw mistyped(where, 'a bigint, such as 1n', value)
}

/**
 * Makes a box of a signed integer of 64 bits, a bigint: Go's `atomic.Int64`. It is over plain memory, for one thread;
 * `shared.atomicInt64(value)` has the same methods, and may be an argument of a function on a thread.
 *
 * Throws TypeError unless `value` is a bigint. Default 0n.
 *
 * @example
 * ```ts
 * const bytes = atomicInt64(2n ** 63n - 1n)
 * bytes.add(1n) // → -9223372036854775808n
 * ```
 */
export function atomicInt64(value = 0n): AtomicInteger<bigint> {
  checkBigint('atomicInt64(value)', value)
  return new AtomicInteger64(BigInt64Array.of(value), 'atomicInt64')
}

/**
 * Makes a box of an unsigned integer of 64 bits, a bigint: Go's `atomic.Uint64`. It is over plain memory, for one
 * thread; `shared.atomicUint64(value)` has the same methods, and may be an argument of a function on a thread.
 *
 * Throws TypeError unless `value` is a bigint. Default 0n.
 *
 * @example
 * ```ts
 * const next = atomicUint64()
 * next.add(-1n) // → 18446744073709551615n
 * ```
 */
export function atomicUint64(value = 0n): AtomicInteger<bigint> {
  checkBigint('atomicUint64(value)', value)
  return new AtomicInteger64(BigUint64Array.of(value), 'atomicUint64')
}
