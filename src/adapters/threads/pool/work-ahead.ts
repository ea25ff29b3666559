/**
 * How many calls may lie in a thread: the call that runs, and work ahead worth some 4 ms, at least one call. A thread that has
 * work ahead does not wait for the main thread, which itself waits for a core where the threads fill them all.
 *
 * Always true: the mean goes down at once and up slowly, because the time of a slow sample is most likely that of other work.
 */
import { SLOTS } from '../wire/claims.js'

/** ms of work that may lie in a thread beyond the call that runs. */
export const AHEAD = 4
const MOST = SLOTS / 2

export class WorkAhead {
  /** The mean time of a call in a thread, in ms; 0 before the first. */
  mean = 0

  /** The number of calls that a thread may have. */
  get limit(): number {
    if (this.mean === 0) return 2
    return 1 + Math.max(1, Math.min(MOST, Math.ceil(AHEAD / this.mean)))
  }

  /** A thread has spent `ms` on `calls` calls. */
  worked(ms: number, calls: number): void {
    if (calls === 0) return
    const each = Math.max(ms / calls, 0.001)
    if (this.mean === 0) this.mean = each
    else if (each < this.mean) this.mean = (this.mean + each) / 2
    else this.mean = this.mean * 0.9 + Math.min(each, this.mean * 8) * 0.1
  }
}
