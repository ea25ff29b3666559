import { mistyped } from '../../runtime/internal.js'

/** The JSON of a value. Throws TypeError for a value that has none. */
export function jsonOf(where: string, value: unknown): string {
  const json = JSON.stringify(value) as string | undefined // undefined, functions and symbols have none
  if (json === undefined) throw mistyped(where, 'a value that JSON has', value)
  return json
}
