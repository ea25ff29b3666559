/** Durations as an arbitrary. */
import fc, { type Arbitrary } from 'fast-check'
import { checkCounts, checkFlags, checkOptions } from './options.js'

/** Options of `latency`. */
export interface LatencyOptions {
  /** The longest duration, in whole ms; default 10,000. */
  readonly max?: number
  /** Whether a few steps never end (Infinity): for timeouts, and for work that is given up; default false. */
  readonly never?: boolean
}

const SHORT = 10
const LONG = 1_000

/**
 * The duration of a step, in whole ms: mostly 0 or a few ms, so that several steps end at the same moment, and some up
 * to `max`. Shrinks to 0. For `sleep(ms)` in a program that runs in virtual time.
 *
 * Throws TypeError or RangeError for bad options.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 *
 * const bounded = fc.asyncProperty(schedule(), latency({ never: true }), async (s, ms) => {
 *   await s.run(function* () {
 *     yield* select({ answer: sleep(ms), timeout: after(50) })
 *   })
 * })
 * await fc.assert(bounded)
 * ```
 */
export function latency(options: LatencyOptions = {}): Arbitrary<number> {
  checkOptions('latency(options)', options, ['max', 'never'])
  const { max = 10_000, never = false } = options
  checkCounts('latency', 0, { max })
  checkFlags('latency', { never })
  const upTo = (ms: number): Arbitrary<number> => fc.nat(Math.min(ms, max))
  return fc.oneof(
    { withCrossShrink: true },
    { arbitrary: fc.constant(0), weight: 5 },
    { arbitrary: upTo(SHORT), weight: 5 },
    { arbitrary: upTo(LONG), weight: 2 },
    { arbitrary: upTo(max), weight: 2 },
    { arbitrary: fc.constant(Infinity), weight: never ? 1 : 0 },
  )
}
