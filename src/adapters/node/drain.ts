/**
 * The time between the first signal and the end of main's context, in which what is under way may finish.
 *
 * It holds the process: as long as it lasts something will wake main, its end if nothing else, so there is no deadlock to be found.
 */
import type { Spawned } from '../../runtime/internal.js'
import { dump } from './dump.js'
import type { Roster } from './roster.js'
import type { SignalError } from './signals.js'

/** The longest delay that a timer of Node takes. */
export const LONGEST = 2 ** 31 - 1

export class Drain {
  private _timer: NodeJS.Timeout | undefined

  /** `ms` below or equal to zero: there is no drain. */
  constructor(
    private readonly ms: number,
    private readonly main: Spawned,
    private readonly roster: Roster | null,
  ) {}

  /** Calls `expire` when its time is up, having said on stderr who is still at work; at once, and without a word, where there is no drain. */
  begin(signal: SignalError, expire: () => void): void {
    if (this.ms <= 0) return expire()
    if (this.ms === Infinity) return
    const timeIsUp = (): void => {
      const { ms, main, roster } = this
      process.stderr.write(`main: not done ${ms} ms after ${signal.signal}: the context ends. Still there:\n\n${dump(main, roster)}`)
      expire()
    }
    this._timer = setTimeout(timeIsUp, Math.min(this.ms, LONGEST))
  }

  end(): void {
    clearTimeout(this._timer)
  }
}
