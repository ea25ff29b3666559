/**
 * A timer whose end runs from the run queue, in an async context of its own, and never from the timer of the host.
 *
 *     off ──start──▶ runs ──the time is over──▶ fired ──the run queue──▶ off, and `onEnd`
 *                      ▲          stop: off; start: runs, and an end that is in the run queue has no effect
 *
 * Always true: `onEnd` runs once for each start that was neither stopped nor repeated.
 */
import type { AsyncScope } from '../base/async-scope.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'
import { time, type Entry } from '../scheduler/timers.js'

export class QueuedTimer {
  private _entry: Entry | null = null
  private _hasFired = false
  private readonly _end: Runnable

  constructor(scope: AsyncScope | null, onEnd: () => void) {
    this._end = {
      scope,
      run: () => {
        if (!this._hasFired) return
        this._hasFired = false
        onEnd()
      },
    }
  }

  get isRunning(): boolean {
    return this._entry !== null || this._hasFired
  }

  /** Starts anew. With Infinity the time is never over, and nothing waits. */
  start(ms: number): void {
    this.stop()
    if (ms === Infinity) return
    const { timers } = time
    this._entry = timers.add(timers.now() + ms, () => {
      this._entry = null
      this._hasFired = true
      queue.push(this._end)
    })
  }

  stop(): void {
    if (this._entry !== null) time.timers.remove(this._entry)
    this._entry = null
    this._hasFired = false
  }
}
