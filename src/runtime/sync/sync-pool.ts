/** Things to use again: Go's `sync.Pool`. */
import { checkFunction } from '../base/arguments.js'

export interface SyncPool<T> {
  /** One that was put, the last one first, or else one that is made. */
  get(): T
  /** Leaves one for others; it may be dropped. */
  put(item: T): void
}

/** How many are kept: enough for a burst, and no leak. Go drops what is not used for two collections. */
const MOST = 1024

/**
 * Makes an empty pool. Without `make`, `get` answers undefined where nothing was put. Source: Go's `sync.Pool`.
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
  return new Shelf(make ?? (() => undefined))
}

class Shelf<T> implements SyncPool<T> {
  private readonly _items: T[] = []

  constructor(private readonly make: () => T) {}

  get(): T {
    return this._items.length > 0 ? (this._items.pop() as T) : this.make() // there is one
  }

  put(item: T): void {
    if (this._items.length < MOST) this._items.push(item)
  }
}
