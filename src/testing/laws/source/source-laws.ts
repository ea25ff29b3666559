import { lawsOf, type Law } from '../law.js'
import { cancellation, context, errors, reentrancy } from './ending.js'
import { boundedness, conservation, firehose, laziness, ordering } from './flow.js'
import { sourceSubject, type MakeSource, type SourceLawOptions } from './subject.js'

const records = [conservation, ordering, boundedness, laziness, cancellation, context, errors, reentrancy, firehose]

/**
 * The laws of a source. `make(items)` returns a new source of these items for each run.
 *
 * Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * for (const law of laws.source((items) => fromIterable(items))) await law.check()
 * ```
 */
export function sourceLaws(make: MakeSource, options: SourceLawOptions = {}): readonly Law[] {
  return lawsOf(records, sourceSubject(make, options), options)
}
