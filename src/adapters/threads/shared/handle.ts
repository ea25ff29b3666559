/**
 * Values over memory: how they are known to all copies of the package, and how they cross. An argument with shared
 * memory crosses as its kind and its memory, and the thread makes a value of the same kind over the same memory.
 */
import { shared } from '../../../runtime/internal.js'

/** What stands behind such a value. */
export interface Handle {
  readonly kind: HandleKind
  readonly memory: ArrayBufferLike
}

export type HandleKind = 'atomicInt32' | 'atomicUint32' | 'atomicInt64' | 'atomicUint64' | 'atomicValue' | SyncKind
export type SyncKind = 'mutex' | 'semaphore' | 'waitGroup' | 'numbers'

/** The part of one call, shared: the number of its side, and the permits that it holds, or the numbers that were granted there. */
export type Part = Int32Array

/** The side that made the value. */
export const HOME = -1

/** A handle in the record of its call. */
export interface HandleSpec extends Handle {
  /** The place of the value among the arguments. */
  readonly index: number
  /** Null for a box, which nobody holds. */
  readonly part: Part | null
}

/** The sides have numbers of their own, from 1 up, for all copies of the package. */
const sides = shared('millrace.threads.sides.v1', () => ({ last: 0 }))

/** How this handle crosses, as the argument at this place. */
export function specOf({ kind, memory }: Handle, index: number): HandleSpec {
  const part = isSync(kind) ? new Int32Array(sharedMemory(`shared.${kind}`, 8)) : null
  if (part !== null) part[0] = ++sides.last
  return { kind, memory, index, part }
}

function isSync(kind: HandleKind): kind is SyncKind {
  return kind === 'mutex' || kind === 'semaphore' || kind === 'waitGroup' || kind === 'numbers'
}

const handles = shared('millrace.threads.handles.v1', () => new WeakMap<object, Handle>())

export function setHandle(value: object, handle: Handle): void {
  handles.set(value, handle)
}

/** Null for any other value. */
export function handleOf(value: unknown): Handle | null {
  return (typeof value === 'object' && value !== null && handles.get(value)) || null
}

export function isShared(memory: ArrayBufferLike): boolean {
  return typeof SharedArrayBuffer === 'function' && memory instanceof SharedArrayBuffer
}

/** Shared memory of this size, for the value that `where` makes. */
export function sharedMemory(where: string, bytes: number): SharedArrayBuffer {
  if (typeof SharedArrayBuffer === 'function') return new SharedArrayBuffer(bytes)
  throw new Error(`${where}: this host shares no memory between threads; a page must be cross-origin isolated`)
}
