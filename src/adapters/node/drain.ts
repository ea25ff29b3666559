/**
 * The drain: the time between the first signal and the end of main's context, in which running work may finish.
 *
 * Always true: a drain with a limit holds the process. Its end will wake main, so there is no deadlock to report.
 */
import { programDump, type GoroutineTable, type Spawned } from '../../runtime/internal.js'
import { MAX_DELAY } from './delay.js'
import type { SignalError } from './signals.js'

export class Drain {
  private _timer: NodeJS.Timeout | undefined

  constructor(
    /** Zero and below: no drain. */
    private readonly _ms: number,
    private readonly _main: Spawned,
    private readonly _table: GoroutineTable | null,
  ) {}

  /**
   * Calls `expire` at the end of the drain, after a warning on stderr that lists the goroutines; without a drain, at
   * once and silently.
   */
  begin({ signal }: SignalError, expire: () => void): void {
    if (this._ms <= 0) return expire()
    if (this._ms === Infinity) return
    this._timer = setTimeout(
      () => {
        const goroutines = programDump(this._main, this._table)
        process.stderr.write(`main: still running ${this._ms} ms after ${signal}; canceling. Goroutines:\n\n${goroutines}`)
        expire()
      },
      Math.min(this._ms, MAX_DELAY),
    )
  }

  end(): void {
    clearTimeout(this._timer)
  }
}
