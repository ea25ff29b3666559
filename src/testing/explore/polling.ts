/**
 * A goroutine that polls in a loop without a wait (`while (trySelect(…)._tag === 'None');`, `while (!mu.tryLock());`) never
 * ends its step, and no other code can run. Each of its calls is an event of the probe or reads the clock, so the call that
 * is one too many throws and ends the loop.
 */
import type { Probe } from '../../runtime/index.js'
import { Spawned, type Runnable } from '../../runtime/internal.js'
import { nameOf } from './trace.js'

/** Calls within one step, after which a loop counts as endless. */
const MOST_CALLS = 100_000

export class Polling {
  /** The loop that was ended, in words; null where there was none. */
  loop: string | null = null
  private _calls = 0
  private _runnable: Runnable | null = null

  reset(): void {
    this.loop = null
    this._calls = 0
    this._runnable = null
  }

  /** A step begins; null: it has ended. */
  step(runnable: Runnable | null): void {
    this._runnable = runnable
    this._calls = 0
  }

  /** A call within the step. */
  readonly call = (): void => {
    const { _runnable: runnable } = this
    if (runnable === null || ++this._calls <= MOST_CALLS) return
    const who = runnable instanceof Spawned ? nameOf(runnable) : 'a callback'
    this.loop = `${who} polls without waiting: ${MOST_CALLS} calls within one step, so no other goroutine can run; use yield* gosched() in the loop`
    throw new Error(this.loop)
  }

  /** The probe, with each operation made and performed counted. */
  watched(probe: Probe): Probe {
    const { call } = this
    return {
      ...probe,
      make: (operation) => {
        call()
        probe.make?.(operation)
      },
      perform: (operation) => {
        call()
        probe.perform?.(operation)
      },
      attempt: (thing) => {
        call()
        probe.attempt?.(thing)
      },
    }
  }
}
