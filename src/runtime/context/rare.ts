import type { Entry, Timers } from '../scheduler/timers.js'
import type { OwnSignal } from './own-signal.js'

/** The state that few contexts need. */
export interface Rare {
  signal: OwnSignal | null
  /** Unix time in ms; NaN where there is none. */
  deadline: number
  /** The deadline as a time of `timers`, which timers fire at. */
  due: number
  /** The ms given to `withTimeout`; NaN where a time was given. */
  readonly allowed: number
  readonly timers: Timers | null
  timer: Entry | null
  readonly timeoutCause: unknown
}
