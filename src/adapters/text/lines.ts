import type { OperatorFunction } from 'rxjs'
import { textStage, type LineOptions } from './text-stage.js'

/**
 * Lines of text, from chunks of strings or of bytes in UTF-8 that are cut anywhere.
 *
 * Shape: an item for each line, without its end, LF or CRLF; also for the last line where no end follows, and for empty
 * lines. A byte order mark at the beginning is dropped. Holds 1 chunk with its lines, and the line under way. Fails with
 * LineTooLongError, which names the line, for a line longer than `maxLength`; with a TypeError for a chunk of another
 * type. At an error of the source, the line under way is emitted before it. Throws RangeError for a `maxLength` that is
 * no whole number from 1 up.
 *
 * @example
 * ```ts
 * yield* collect(ctx, fromIterable(['ada,3', '6\r\ngrace', ',45']).pipe(lines())).join() // → [ 'ada,36', 'grace,45' ]
 * ```
 */
export function lines(options?: LineOptions): OperatorFunction<string | Uint8Array, string> {
  return textStage('lines', (line) => line, options)
}
