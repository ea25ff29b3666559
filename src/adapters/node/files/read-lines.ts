import { createReadStream } from 'node:fs'
import type { Observable } from 'rxjs'
import { currentScope, described, under } from '../../../operators/internal.js'
import { fromReadable } from '../streams/from-readable.js'
import { lines, type LineOptions } from '../../text/index.js'
import { awaitClose } from './closing.js'
import { checkPath } from './path.js'

/**
 * A source of the lines of a file in UTF-8, as fast as the pipeline takes them. Each subscriber opens the file anew.
 *
 * Shape: an item for each line, without its end, LF or CRLF, as `lines` gives them. Holds 2 chunks of 64 KiB with their
 * lines, and the line under way; the stream reads one chunk ahead. Completes at the end of the file. Fails with the error of the host, the
 * same object: ENOENT, EACCES, EISDIR; with LineTooLongError for a line longer than `maxLength`. A subscriber that
 * leaves, and the end of the context, close the file, and `run` waits for that. Throws TypeError and RangeError for bad
 * arguments. Source: Go's `bufio.Scanner`.
 *
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs'
 *
 * writeFileSync('/tmp/names.txt', 'ada\ngrace\n')
 * console.log(yield* collect(ctx, readLines('/tmp/names.txt')).join()) // [ 'ada', 'grace' ]
 * ```
 */
export function readLines(path: string | URL, options?: LineOptions): Observable<string> {
  checkPath('readLines(path)', path)
  const split = lines(options)
  return described<string>({ name: 'readLines', holds: 2 }, (subscriber) => {
    const scope = currentScope()
    const stream = createReadStream(path)
    awaitClose(stream, scope, subscriber)
    under(scope, () =>
      fromReadable(() => stream)
        .pipe(split)
        .subscribe(subscriber),
    )
  })
}
