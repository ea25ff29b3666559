/** The microtasks in which the host has run. An engine has one count for all of its runs: the microtask under way keeps no run alive. */

// The host's own: a promise, or a watched microtask, would be code of the program.
const { queueMicrotask } = globalThis

export class Microtasks {
  /** The number of the microtask that runs. */
  now = 0
  private _isCounting = false

  /** The host runs in this microtask: a later one has another number. */
  count(): number {
    if (!this._isCounting) {
      this._isCounting = true
      queueMicrotask(() => {
        this._isCounting = false
        this.now++
      })
    }
    return this.now
  }
}
