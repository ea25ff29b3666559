/** Races that the program accepts. */
import { mistyped, shared } from '../../runtime/internal.js'

/** A comment that accepts the races of the accesses of a line, and of what is declared there: `// race-ok: why`. */
export interface AllowedLine {
  readonly file: string
  /** The line of the comment. */
  readonly line: number
  readonly why: string
  /** The number of races that it covered. */
  hits: number
}

interface Allowance {
  readonly why: string
  /** The number of races that it covered. */
  hits: number
}

const allowances = shared('millrace.race-allowed.v1', () => new WeakMap<object, Allowance>())

/** The properties of objects whose declarations accept races. */
const declared = shared('millrace.race-declared.v1', () => new WeakMap<object, Map<unknown, Allowance>>())

/** The comments, by file and line that they are about. One table in the process, as that of the sites. */
export const allowedLines = shared('millrace.race-allowed-lines.v1', () => new Map<string, AllowedLine>())

/** Adds a comment that is about a line; the reason is required. */
export function allowLine(file: string, line: number, why: string, about: number): void {
  if (why !== '') allowedLines.set(`${file}:${about}`, { file, line, why, hits: 0 })
}

/** The comment about a line accepts the races of a property, or, without a key, those of a cell or of an object with all it holds. */
export function allowDeclared(object: object, key: string | null, file: string, line: number): void {
  const allowance = allowedLines.get(`${file}:${line}`)
  if (allowance === undefined) return
  if (key === null) return void allowances.set(object, allowance)
  const keys = declared.get(object) ?? new Map<unknown, Allowance>()
  declared.set(object, keys.set(key, allowance))
}

/** Whether a line accepts its races; counts this one. */
export function isAllowedAt(file: string, line: number): boolean {
  const allowance = allowedLines.get(`${file}:${line}`)
  if (allowance === undefined) return false
  allowance.hits++
  return true
}

/** The objects behind the proxies of `watch`. */
export const targets = shared('millrace.race-watched.v1', () => new WeakMap<object, object>())

/**
 * Accepts the races of an object: a cell of `shared`, an object of `watch`, or any object of instrumented code. `why` is for
 * the reader of the code. Returns the object. Throws TypeError where `object` is no object, or `why` no text.
 *
 * @example
 * ```ts
 * import { ignoreRaces, shared } from 'millrace/testing'
 *
 * const lastSeen = ignoreRaces(shared(0, 'lastSeen'), 'the last writer wins')
 * ```
 */
export function ignoreRaces<T extends object>(object: T, why: string): T {
  const given: unknown = object
  if ((typeof given !== 'object' && typeof given !== 'function') || given === null)
    throw mistyped('ignoreRaces(object, why): object', 'an object', object)
  if (typeof why !== 'string' || why.trim() === '') throw mistyped('ignoreRaces(object, why): why', 'a reason, as text', why)
  allowances.set(targets.get(object) ?? object, { why, hits: 0 })
  return object
}

/** Whether the races of an object, or of this property, are accepted; counts this one. */
export function isAllowed(object: object | null, key: unknown): boolean {
  const allowance = object === null ? undefined : (declared.get(object)?.get(key) ?? allowances.get(object))
  if (allowance === undefined) return false
  allowance.hits++
  return true
}
