import type { OperatorFunction } from 'rxjs'
import { SKIPPED, textStage, type LineOptions } from './text-stage.js'

/** A line that is no JSON. */
export class NdjsonError extends Error {
  override readonly name = 'NdjsonError'
  constructor(
    /** The number of the line; the first line is 1. */
    readonly line: number,
    /** The first 100 characters of the line. */
    readonly text: string,
    cause: unknown,
  ) {
    super(`line ${line} is no JSON: ${JSON.stringify(text)}`, { cause })
  }
}

/**
 * Values of newline-delimited JSON, from chunks of strings or of bytes in UTF-8 that are cut anywhere.
 *
 * Shape: an item for each line that is not empty, parsed; also for the last line where no end follows. Holds 1 chunk
 * with its values, and the line under way. Fails with NdjsonError, which names the line, after the values before it;
 * with LineTooLongError for a line longer than `maxLength`. The types of the values are not checked. Throws RangeError
 * for a `maxLength` that is no whole number from 1 up.
 *
 * @example
 * ```ts
 * const rows = fromIterable(['{"n":1}\n{"n"', ':2}\n']).pipe(ndjson<{ n: number }>())
 * console.log(yield* collect(ctx, rows).join()) // [ { n: 1 }, { n: 2 } ]
 * ```
 */
export function ndjson<T = unknown>(options?: LineOptions): OperatorFunction<string | Uint8Array, T> {
  const valueOf = (line: string, number: number): T | typeof SKIPPED => {
    if (line.trim() === '') return SKIPPED
    try {
      return JSON.parse(line) as T // the caller says which
    } catch (cause) {
      throw new NdjsonError(number, line.slice(0, 100), cause)
    }
  }
  return textStage('ndjson', valueOf, options)
}
