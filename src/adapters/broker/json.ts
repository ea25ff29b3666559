import { headOf, mistyped } from '../../runtime/internal.js'

/** The JSON of a value. Throws TypeError for a value that has none. */
export function jsonOf(where: string, value: unknown): string {
  let json: string | undefined // undefined, functions and symbols have none
  try {
    json = JSON.stringify(value)
  } catch (cause) {
    throw new TypeError(`${where}: expected a value that JSON has: ${headOf(cause)}`, { cause }) // a cycle, a bigint, a toJSON that throws
  }
  if (json === undefined) throw mistyped(where, 'a value that JSON has', value)
  return json
}
