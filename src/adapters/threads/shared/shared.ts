/** Values over shared memory, made here and used in every thread. */
import type { Mutex, Semaphore } from '../../../runtime/index.js'
import { checkCount, checkOptions, checkWhole, outOfRange } from '../../../runtime/internal.js'
import { AtomicInteger32 } from './atomic-int32.js'
import { AtomicInteger64, checkBigint } from './atomic-int64.js'
import type { AtomicInteger } from './atomic-integer.js'
import type { AtomicValue } from './atomic-value.js'
import { sharedMemory, type HandleSpec } from './handle.js'
import { cellSize, JsonCell } from './json-cell.js'
import { SharedMutex } from './shared-mutex.js'
import { SharedSemaphore } from './shared-semaphore.js'
import { SharedGroup, type SharedWaitGroup } from './shared-wait-group.js'
import { waitsMemory } from './waits.js'
import { NumberChannel } from '../numbers/numbers.js'

/** Options of `shared.atomicValue`. */
export interface SharedValueOptions {
  /** The most bytes of the JSON text of the value. Default 1024. */
  readonly bytes?: number
}

function sharedInt32(value = 0): AtomicInteger<number> {
  checkWhole('shared.atomicInt32(value)', value)
  return begun(new AtomicInteger32(new Int32Array(sharedMemory('shared.atomicInt32()', 4)), 'atomicInt32'), value)
}

function sharedUint32(value = 0): AtomicInteger<number> {
  checkWhole('shared.atomicUint32(value)', value)
  return begun(new AtomicInteger32(new Uint32Array(sharedMemory('shared.atomicUint32()', 4)), 'atomicUint32'), value)
}

function sharedInt64(value = 0n): AtomicInteger<bigint> {
  checkBigint('shared.atomicInt64(value)', value)
  return begun(new AtomicInteger64(new BigInt64Array(sharedMemory('shared.atomicInt64()', 8)), 'atomicInt64'), value)
}

function sharedUint64(value = 0n): AtomicInteger<bigint> {
  checkBigint('shared.atomicUint64(value)', value)
  return begun(new AtomicInteger64(new BigUint64Array(sharedMemory('shared.atomicUint64()', 8)), 'atomicUint64'), value)
}

function sharedValue<T>(value: T, options: SharedValueOptions = {}): AtomicValue<T> {
  checkOptions('shared.atomicValue(value, options)', options, ['bytes'])
  const { bytes = 1024 } = options
  checkCount('shared.atomicValue(value, { bytes })', 1, bytes)
  const cell = new JsonCell<T>(sharedMemory('shared.atomicValue()', cellSize(bytes)))
  cell.begin(value)
  return cell
}

function sharedMutex(): Mutex {
  return new SharedMutex(waitsMemory('shared.mutex()', 1), null)
}

function sharedSemaphore(n: number): Semaphore {
  checkCount('shared.semaphore(n)', 1, n)
  if (n >= 2 ** 30) throw outOfRange('shared.semaphore(n)', `a whole number below ${2 ** 30}`, n)
  const made = new SharedSemaphore(waitsMemory('shared.semaphore()', 2), null)
  made.begin(n)
  return made
}

function sharedWaitGroup(): SharedWaitGroup {
  return new SharedGroup(waitsMemory('shared.waitGroup()', 1))
}

function begun<N extends number | bigint>(box: AtomicInteger<N>, value: N): AtomicInteger<N> {
  box.store(value)
  return box
}

/**
 * Values over shared memory. Such a value may be an argument of a function on a thread (an argument of its own, not a part of another);
 * then both sides have the same value.
 *
 * The boxes of `sync/atomic` have the methods of `atomicInt32`, `atomicUint32`, `atomicInt64`, `atomicUint64` and `atomicValue`.
 * `shared.atomicValue(value, { bytes })` holds data of JSON, and throws TypeError for other values and RangeError for a value whose
 * JSON text has more than `bytes` bytes.
 *
 * `shared.mutex()`, `shared.semaphore(n)` and `shared.waitGroup()` have the operations of `mutex`, `semaphore` and `waitGroup`: cases of
 * `select`, with contexts, and no thread is blocked while a goroutine waits. The waiters of one thread are served first in, first out;
 * among threads there is no order. Where a thread is lost: a mutex that the lost job held, and a wait group that it had and that
 * is not at zero, throw ThreadLostError from then on; permits that the lost job held are given back. A job that returns keeps
 * what it holds, and another goroutine may unlock or release it.
 *
 * Each function throws as its namesake does, and Error on a host without shared memory, such as a page that is not
 * cross-origin isolated.
 *
 * @example
 * ```ts
 * const { count } = onThreads(import.meta, {
 *   count(total: AtomicInteger<number>, times: number) {
 *     for (let i = 0; i < times; i++) total.add(1)
 *   },
 * })
 * using here = inline() // on threads without this line
 * const total = shared.atomicInt32()
 * await all([count(total, 1000), count(total, 1000)])
 * total.load() // → 2000
 * ```
 */
export const shared: {
  /** As `atomicInt32`, over shared memory. */
  readonly atomicInt32: typeof sharedInt32
  /** As `atomicUint32`, over shared memory. */
  readonly atomicUint32: typeof sharedUint32
  /** As `atomicInt64`, over shared memory. */
  readonly atomicInt64: typeof sharedInt64
  /** As `atomicUint64`, over shared memory. */
  readonly atomicUint64: typeof sharedUint64
  /** As `atomicValue`, for data of JSON, over shared memory. */
  readonly atomicValue: typeof sharedValue
  /** As `mutex`, for the goroutines of all threads. */
  readonly mutex: typeof sharedMutex
  /** As `semaphore`, for the goroutines of all threads. */
  readonly semaphore: typeof sharedSemaphore
  /** As `waitGroup`, for the goroutines of all threads. */
  readonly waitGroup: typeof sharedWaitGroup
} = {
  atomicInt32: sharedInt32,
  atomicUint32: sharedUint32,
  atomicInt64: sharedInt64,
  atomicUint64: sharedUint64,
  atomicValue: sharedValue,
  mutex: sharedMutex,
  semaphore: sharedSemaphore,
  waitGroup: sharedWaitGroup,
}

/** In a thread: the value over the memory of the other side. */
export function opened({ kind, memory, part }: HandleSpec): object {
  if (kind === 'mutex') return new SharedMutex(memory, part)
  if (kind === 'semaphore') return new SharedSemaphore(memory, part)
  if (kind === 'waitGroup') return new SharedGroup(memory)
  if (kind === 'numbers') return new NumberChannel(memory, part)
  if (kind === 'atomicInt32') return new AtomicInteger32(new Int32Array(memory), kind)
  if (kind === 'atomicUint32') return new AtomicInteger32(new Uint32Array(memory), kind)
  if (kind === 'atomicInt64') return new AtomicInteger64(new BigInt64Array(memory), kind)
  if (kind === 'atomicUint64') return new AtomicInteger64(new BigUint64Array(memory), kind)
  return new JsonCell(memory)
}
