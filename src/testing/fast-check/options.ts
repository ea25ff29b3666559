/** Checks of the options of the arbitraries. */
import { checkCount, checkRecord, mistyped, outOfRange } from '../../runtime/internal.js'

/** `where` names the parameter: `latency(options)`. */
export function checkOptions(where: string, options: unknown, known: readonly string[]): void {
  checkRecord(where, 'a record of options', options, known)
}

/** `call` is the function, `latency`; the error names an option as `latency({ max })`. */
export function checkCounts(call: string, least: number, counts: Readonly<Record<string, number>>): void {
  for (const [name, n] of Object.entries(counts)) checkCount(`${call}({ ${name} })`, least, n)
}

export function checkFlags(call: string, flags: Readonly<Record<string, boolean | undefined>>): void {
  for (const [name, flag] of Object.entries(flags))
    if (flag !== undefined && typeof flag !== 'boolean') throw mistyped(`${call}({ ${name} })`, 'true or false', flag)
}

/** `some` must be a non-empty part of `known`. */
export function checkSome(where: string, known: readonly string[], some: readonly string[]): void {
  const expected = `one or more of ${known.join(', ')}`
  if (!Array.isArray(some)) throw mistyped(where, expected, some)
  if (some.length === 0) throw outOfRange(where, expected, some)
  const unknown = some.findIndex((one: unknown) => !known.some((name) => name === one))
  if (unknown >= 0) throw mistyped(where, expected, some[unknown])
}
