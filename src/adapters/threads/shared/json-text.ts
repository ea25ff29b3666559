/** The JSON text of a value, which JSON gives back as it is. */
import { mistyped } from '../../../runtime/internal.js'

/** Throws TypeError where a part is no data of JSON: JSON itself drops functions and turns NaN, dates and maps into something else. */
export function jsonText(where: string, value: unknown): string {
  check(where, value, new Set())
  return JSON.stringify(value)
}

function check(where: string, value: unknown, above: Set<object>): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return
  if (typeof value === 'number' && Number.isFinite(value)) return
  if (typeof value !== 'object' || above.has(value) || !isData(value))
    throw mistyped(where, 'data of JSON: null, true, false, finite numbers, texts, arrays and objects of them', value)
  above.add(value)
  const parts: Iterable<unknown> = Array.isArray(value) ? value : Object.values(value)
  for (const part of parts) check(where, part, above)
  above.delete(value)
}

function isData(value: object): boolean {
  const made: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || made === Object.prototype || made === null
}
