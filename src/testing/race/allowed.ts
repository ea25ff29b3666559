/** Races that the program accepts. */
import { mistyped, shared } from '../../runtime/internal.js'

/** A line that accepts the races of its accesses: `// race-ok: why`. */
export interface AllowedLine {
  readonly file: string
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

/** The lines, by file and line. One table in the process, as that of the sites. */
export const allowedLines = shared('millrace.race-allowed-lines.v1', () => new Map<string, AllowedLine>())

/** Adds a line; the reason is required. */
export function allowLine(file: string, line: number, why: string): void {
  if (why !== '') allowedLines.set(`${file}:${line}`, { file, line, why, hits: 0 })
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

/** Whether the races of an object are accepted; counts this one. */
export function isAllowed(object: object | null): boolean {
  const allowance = object === null ? undefined : allowances.get(object)
  if (allowance === undefined) return false
  allowance.hits++
  return true
}
