import { mistyped } from '../../runtime/internal.js'
import { current } from './engine.js'

/** A value that goroutines share, whose reads and writes the race detector sees. */
export interface SharedCell<T> {
  /** The value. A write goes by the last read of the same goroutine. */
  value: T
}

/**
 * Makes a cell for a value that goroutines share. Under `explore(program, { race: true })` and `bubble(fn, { race: true })`
 * each read and write of `value` is checked; elsewhere it is a plain property. `name` stands in reports. For an object
 * whose properties are shared, use `watch`. Throws TypeError where `name` is no text.
 *
 * @example
 * ```ts
 * import { go, mutex } from 'millrace'
 * import { explore, shared } from 'millrace/testing'
 *
 * await explore(function* () {
 *   const balance = shared(100, 'balance')
 *   const mu = mutex()
 *   function* withdraw() {
 *     using guard = yield* mu.lock()
 *     balance.value -= 10
 *   }
 *   const first = go(withdraw)
 *   yield* go(withdraw).join()
 *   yield* first.join()
 * }, { race: true, schedules: 20 })
 * ```
 */
export function shared<T>(value: T, name = 'shared value'): SharedCell<T> {
  if (typeof name !== 'string') throw mistyped('shared(value, name): name', 'a text', name)
  return new Cell(value, name)
}

class Cell<T> implements SharedCell<T> {
  constructor(
    private _value: T,
    private readonly _name: string,
  ) {}

  get value(): T {
    current()?.readCell(this, 'value', () => this._name)
    return this._value
  }

  set value(value: T) {
    current()?.writeCell(this, 'value', () => this._name, value)
    this._value = value
  }
}
