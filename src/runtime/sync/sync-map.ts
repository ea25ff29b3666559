/**
 * A map for several goroutines: Go's `sync.Map`. On one thread every method is atomic. Beyond a Map, a sync map has
 * methods that look up and change in a single step, a `range` that tolerates changes, and `loadOrCompute` for values
 * that take time.
 *
 * Where we differ from Go: values are compared by `===`.
 */
import { checkFunction } from '../base/arguments.js'
import { none, some, type Option } from '../base/option.js'
import { performed, Work } from '../goroutine/job.js'
import type { Context } from '../interfaces/context.js'
import type { Body } from '../interfaces/goroutine.js'
import type { Job } from '../interfaces/job.js'
import { ready } from '../operation/immediate.js'
import { queue } from '../scheduler/run-queue.js'
import { SharedRun } from './shared-run.js'

/**
 * A map with steps that are atomic even when a value takes time. Keys are compared as a Map compares them, values by
 * `===`.
 */
export interface SyncMap<K, V> {
  /** The value of the key; none if there is no such key. */
  load(key: K): Option<V>
  /** Sets the value of the key. */
  store(key: K, value: V): void
  /** Returns the value of the key (`loaded: true`), or stores and returns `value`. */
  loadOrStore(key: K, value: V): { value: V; loaded: boolean }
  /** Deletes the key; returns its value. */
  loadAndDelete(key: K): Option<V>
  /** Deletes the key. */
  delete(key: K): void
  /** Stores `value`; returns the value before. */
  swap(key: K, value: V): Option<V>
  /** Stores `next` if the value is `old`; returns whether it was. */
  compareAndSwap(key: K, old: V, next: V): boolean
  /** Deletes the key if the value is `old`; returns whether it was. */
  compareAndDelete(key: K, old: V): boolean
  /**
   * Calls `f` with each key of this moment and its value, each key once. A key that is deleted before its turn is left
   * out, and a changed value is passed as it then is. Stops when `f` returns false.
   */
  range(f: (key: K, value: V) => unknown): void
  /** Deletes every key. */
  clear(): void
  /**
   * A job, shared by all callers of the key: results in the value of the key, or else in the result of `f`, which is then
   * stored. Callers that come while `f` runs wait for the same result or throw the same error. After an error the next
   * caller starts `f` again. When its last caller leaves, `f` is canceled, and nothing is stored.
   *
   * A value stored while `f` runs wins over its result. A delete while `f` runs makes the run stale: its callers get its
   * result, which is not stored, and the next caller starts `f` again.
   */
  loadOrCompute(key: K, f: Body<[key: K, ctx: Context], V>): Job<V>
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
  return new SyncMapImpl<K, V>()
}

type Computing<K, V> = SharedRun<[key: K], V>

class SyncMapImpl<K, V> implements SyncMap<K, V> {
  private readonly _entries = new Map<K, V>()
  /** The runs whose result is to be stored. */
  private readonly _computing = new Map<K, Computing<K, V>>()

  load(key: K): Option<V> {
    this._touches(key, false)
    const value = this._entries.get(key)
    return value === undefined && !this._entries.has(key) ? none : some(value as V) // the map has the key
  }

  store(key: K, value: V): void {
    this._touches(key, true)
    this._entries.set(key, value)
  }

  loadOrStore(key: K, value: V): { value: V; loaded: boolean } {
    const found = this.load(key)
    if (found._tag === 'Some') return { value: found.value, loaded: true }
    this.store(key, value)
    return { value, loaded: false }
  }

  loadAndDelete(key: K): Option<V> {
    const found = this.load(key)
    this.delete(key)
    return found
  }

  delete(key: K): void {
    this._touches(key, true)
    this._entries.delete(key)
    this._computing.delete(key)
  }

  swap(key: K, value: V): Option<V> {
    const found = this.load(key)
    this.store(key, value)
    return found
  }

  compareAndSwap(key: K, old: V, next: V): boolean {
    if (!this._holds(key, old)) return false
    this.store(key, next)
    return true
  }

  compareAndDelete(key: K, old: V): boolean {
    if (!this._holds(key, old)) return false
    this.delete(key)
    return true
  }

  range(f: (key: K, value: V) => unknown): void {
    checkFunction('syncMap.range(f)', f)
    // A copy of the keys: iterating over a growing Map does not end, and yields a key again that was deleted and stored
    // anew.
    for (const key of [...this._entries.keys()]) {
      const found = this.load(key)
      if (found._tag === 'Some' && f(key, found.value) === false) return
    }
  }

  clear(): void {
    if (queue.order !== null) for (const key of this._entries.keys()) this._touches(key, true)
    this._entries.clear()
    this._computing.clear()
  }

  loadOrCompute(key: K, f: Body<[key: K, ctx: Context], V>): Job<V> {
    checkFunction('syncMap.loadOrCompute(key, f)', f)
    return new Work('loadOrCompute', () => this._compute(key, f))
  }

  private *_compute(key: K, f: Body<[key: K, ctx: Context], V>): Generator<never, V> {
    const found = this.load(key)
    if (found._tag === 'Some') {
      yield* ready
      return found.value
    }
    return yield* (this._computing.get(key) ?? this._start(key, f)).result('syncMap.loadOrCompute')
  }

  private _start(key: K, f: Body<[key: K, ctx: Context], V>): Computing<K, V> {
    const { _computing: computing } = this
    const settle = (value: V): V => (computing.get(key) === run ? this.loadOrStore(key, value).value : this._valueOr(key, value))
    const run: Computing<K, V> = new SharedRun<[key: K], V>(
      function* compute(key, ctx) {
        return settle(yield* performed(f(key, ctx)))
      },
      [key],
      () => {
        if (computing.get(key) === run) computing.delete(key)
      },
      'compute',
    )
    computing.set(key, run)
    return run
  }

  private _valueOr(key: K, value: V): V {
    const stored = this.load(key)
    return stored._tag === 'Some' ? stored.value : value
  }

  /** A step of one caller on an entry comes before each later step that reads it. */
  private _touches(key: K, writes: boolean): void {
    queue.order?.entry(this, key, writes)
  }

  private _holds(key: K, value: V): boolean {
    this._touches(key, false)
    return this._entries.get(key) === value && (value !== undefined || this._entries.has(key))
  }
}
