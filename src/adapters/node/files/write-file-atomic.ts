import { fileURLToPath } from 'node:url'
import type { Observable, OperatorFunction } from 'rxjs'
import { currentScope, described, under } from '../../../operators/internal.js'
import { checkCount, checkOptions, mistyped, outOfRange } from '../../../runtime/internal.js'
import { writeTo } from '../streams/write-to.js'
import { AtomicFile } from './atomic-file.js'
import { awaitClose } from './closing.js'
import { checkPath } from './path.js'

/** Options of `writeFileAtomic`. */
export interface WriteFileOptions {
  /** The permissions of the file, such as 0o600; default: those of the file that is replaced, or those of a new file. */
  readonly mode?: number
  /** The name for errors and reports; default `writeFileAtomic`. */
  readonly name?: string
}

/**
 * A sink that writes strings and bytes into a file, which appears as a whole or not at all: the items go into a file
 * beside it, which is written to the disk and takes the name at the end. A reader sees the old file or the new one.
 *
 * Shape: emits nothing. Holds 1 item, and 64 KiB that are being written. Completes when the file has its name. Fails
 * with the error of the host, the same object: ENOENT, EACCES, ENOSPC; with ERR_INVALID_ARG_TYPE for an item of another
 * type. Where the source fails, the subscriber leaves or the context ends, the file beside is removed, the old file
 * stays, and `run` waits for that. A process that is killed leaves the file beside, `<path>.<pid>.<random>.tmp`. A link
 * is followed. Throws TypeError and RangeError for bad arguments. Source: `write-file-atomic` of npm, and
 * `renameio` of Google.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 *
 * yield* run(ctx, fromIterable(['a,', 'b']).pipe(writeFileAtomic('/tmp/report.txt'))).join()
 * console.log(readFileSync('/tmp/report.txt', 'utf8')) // a,b
 * ```
 */
export function writeFileAtomic<T extends string | Uint8Array = string | Uint8Array>(
  path: string | URL,
  options: WriteFileOptions = {},
): OperatorFunction<T, never> {
  checkPath('writeFileAtomic(path)', path)
  checkOptions('writeFileAtomic(path, options)', options, ['mode', 'name'])
  const { mode, name = 'writeFileAtomic' } = options
  if (mode !== undefined) checkMode(mode)
  if (typeof name !== 'string') throw mistyped('writeFileAtomic(path, { name })', 'a string', name)
  const target = path instanceof URL ? fileURLToPath(path) : path
  return (source: Observable<T>) =>
    described<never>({ name, holds: 1, source }, (subscriber) => {
      const scope = currentScope()
      const file = new AtomicFile(target, mode)
      awaitClose(file, scope, subscriber)
      under(scope, () => source.pipe(writeTo<T>(() => file, { name })).subscribe(subscriber))
    })
}

function checkMode(mode: number): void {
  checkCount('writeFileAtomic(path, { mode })', 0, mode)
  if (mode > 0o7777) throw outOfRange('writeFileAtomic(path, { mode })', 'a whole number from 0 to 0o7777', mode)
}
