/** Objects to use again: Go's `sync.Pool`. */
import { checkFunction } from '../base/arguments.js'
import { queue } from '../scheduler/run-queue.js'

/** A stock of objects that are costly to make. */
export interface SyncPool<T> {
  /** Takes the object that was put last; makes an object if the pool is empty. */
  get(): T
  /** Leaves an object for later use. The pool keeps 1,024 objects and drops the rest; undefined is no object. */
  put(item: T): void
}

/** Enough for a burst, and no leak. Go drops objects that were not used for two collections. */
const MAX_KEPT = 1024

/**
 * Makes an empty pool. Without `make`, `get` returns undefined when the pool is empty. Source: Go's `sync.Pool`.
 *
 * @example
 * ```ts
 * const buffers = syncPool(() => new Uint8Array(65_536))
 * const buffer = buffers.get()
 * try {
 *   yield* copy(file, buffer)
 * } finally {
 *   buffers.put(buffer)
 * }
 * ```
 */
export function syncPool<T>(make: () => T): SyncPool<T>
export function syncPool<T>(): SyncPool<T | undefined>
export function syncPool<T>(make?: () => T): SyncPool<T | undefined> {
  if (make !== undefined) checkFunction('syncPool(make)', make)
  return new SyncPoolImpl(make ?? (() => undefined))
}

class SyncPoolImpl<T> implements SyncPool<T> {
  private readonly _items: T[] = []

  constructor(private readonly make: () => T) {}

  get(): T {
    queue.order?.acquire(this, 'start')
    return this._items.length > 0 ? (this._items.pop() as T) : this.make() // not empty
  }

  put(item: T): void {
    queue.order?.release(this, 'start')
    if (item !== undefined && this._items.length < MAX_KEPT) this._items.push(item)
  }
}
