/**
 * A map that several goroutines use: Go's `sync.Map`. On one thread every method is atomic anyway; what it adds to a Map are the forms that
 * look and act in one step, a `range` that is at ease with changes, and `loadOrCompute` for values that take time.
 *
 * Where we differ from Go: values are compared by `===`.
 */
import { checkFunction } from '../base/arguments.js'
import { spawn, type Body } from '../goroutine/goroutine.js'
import { none, some, type Option } from '../base/option.js'
import { Ready, resultOf } from '../operation/immediate.js'
import type { Op } from '../interfaces/op.js'

export interface SyncMap<K, V> {
  load(key: K): Option<V>
  store(key: K, value: V): void
  /** What is there, or else `value`, stored. */
  loadOrStore(key: K, value: V): { value: V; loaded: boolean }
  loadAndDelete(key: K): Option<V>
  delete(key: K): void
  /** Stores, and answers what was there before. */
  swap(key: K, value: V): Option<V>
  /** Stores `next` where `old` is stored; answers whether it did. */
  compareAndSwap(key: K, old: V, next: V): boolean
  /** Deletes where `old` is stored; answers whether it did. */
  compareAndDelete(key: K, old: V): boolean
  /**
   * Calls `f` for each key that is there now and still when its turn comes, with its value at that time; no key twice. It stops where `f`
   * answers false.
   */
  range(f: (key: K, value: V) => unknown): void
  clear(): void
  /**
   * What is there, or else what `f` answers, stored. `f` is started at the call, and once: those who ask for the key meanwhile wait for the
   * same result, or throw what it throws; then the next one tries again. What is stored meanwhile wins.
   */
  loadOrCompute(key: K, f: Body<[key: K], V>): Op<V>
}

/**
 * Makes an empty map. Source: Go's `sync.Map`.
 *
 * @example
 * ```ts
 * const users = syncMap<string, User>()
 * const user = yield* users.loadOrCompute(id, async (id) => (await fetch(`/users/${id}`)).json())
 * ```
 */
export function syncMap<K, V>(): SyncMap<K, V> {
  return new Table<K, V>()
}

class Table<K, V> implements SyncMap<K, V> {
  private readonly _entries = new Map<K, V>()
  private readonly _computing = new Map<K, Op<V>>()

  load(key: K): Option<V> {
    const value = this._entries.get(key)
    return value === undefined && !this._entries.has(key) ? none : some(value as V) // it has the key
  }

  store(key: K, value: V): void {
    this._entries.set(key, value)
  }

  loadOrStore(key: K, value: V): { value: V; loaded: boolean } {
    const found = this.load(key)
    if (found._tag === 'Some') return { value: found.value, loaded: true }
    this._entries.set(key, value)
    return { value, loaded: false }
  }

  loadAndDelete(key: K): Option<V> {
    const found = this.load(key)
    this._entries.delete(key)
    return found
  }

  delete(key: K): void {
    this._entries.delete(key)
  }

  swap(key: K, value: V): Option<V> {
    const found = this.load(key)
    this._entries.set(key, value)
    return found
  }

  compareAndSwap(key: K, old: V, next: V): boolean {
    if (!this._holds(key, old)) return false
    this._entries.set(key, next)
    return true
  }

  compareAndDelete(key: K, old: V): boolean {
    return this._holds(key, old) && this._entries.delete(key)
  }

  range(f: (key: K, value: V) => unknown): void {
    checkFunction('syncMap.range(f)', f)
    // The keys of this moment: a Map iterated while it grows goes on for ever, and shows a key again that was deleted and stored anew.
    for (const key of [...this._entries.keys()]) {
      const found = this.load(key)
      if (found._tag === 'Some' && f(key, found.value) === false) return
    }
  }

  clear(): void {
    this._entries.clear()
  }

  loadOrCompute(key: K, f: Body<[key: K], V>): Op<V> {
    checkFunction('syncMap.loadOrCompute(key, f)', f)
    const found = this.load(key)
    if (found._tag === 'Some') return new Ready(found.value)
    let computing = this._computing.get(key)
    if (computing === undefined) {
      computing = spawn(compute, [this, this._computing, key, f], null).join() // what f answers
      this._computing.set(key, computing)
    }
    return computing
  }

  private _holds(key: K, value: V): boolean {
    return this._entries.get(key) === value && (value !== undefined || this._entries.has(key))
  }
}

function* compute<K, V>(table: SyncMap<K, V>, computing: Map<K, Op<V>>, key: K, f: Body<[key: K], V>): Generator<never, V> {
  try {
    return table.loadOrStore(key, yield* resultOf(f(key))).value
  } finally {
    computing.delete(key)
  }
}
