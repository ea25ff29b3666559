/**
 * Checks of arguments, for callers in JavaScript. A wrong argument throws at once: TypeError for the wrong type,
 * RangeError for a number outside its range. The message names the call, the expected type and the value.
 */

/** The value as a message shows it: short, and with its type where the type is wrong. */
export function show(value: unknown): string {
  try {
    return describe(value)
  } catch {
    return UNREADABLE
  }
}

/** For a revoked proxy, and for an object with a getter that throws. */
export const UNREADABLE = 'a value that cannot be read'

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `an array of ${value.length}`
  const made = (value.constructor as { name?: string } | undefined)?.name // an object without a prototype has none
  if (made) return made === 'Object' ? 'an object' : `an instance of ${made}`
  const tag = Object.prototype.toString.call(value)
  return tag.endsWith('Generator]') ? (tag.includes('Async') ? 'an async generator' : 'a generator') : 'an object'
}

export function mistyped(where: string, expected: string, value: unknown): TypeError {
  return new TypeError(`${where}: expected ${expected}, got ${show(value)}`)
}

export function outOfRange(where: string, expected: string, value: unknown): RangeError {
  return new RangeError(`${where}: expected ${expected}, got ${show(value)}`)
}

/** A duration or a point in time: any number of ms but NaN; zero and below mean at once, Infinity means never. */
export function checkTime(where: string, ms: number): void {
  if (typeof ms !== 'number') throw mistyped(where, 'a number of ms', ms)
  if (Number.isNaN(ms)) throw outOfRange(where, 'a number of ms', ms)
}

/** A duration that is not zero: a lease, the time between two looks. */
export function checkInterval(where: string, ms: number): void {
  checkTime(where, ms)
  if (ms <= 0) throw outOfRange(where, 'more than 0 ms', ms)
}

/** How many: a whole number from `least` up. */
export function checkCount(where: string, least: number, n: number): void {
  if (typeof n !== 'number') throw mistyped(where, `a whole number from ${least} up`, n)
  if (!Number.isSafeInteger(n) || n < least) throw outOfRange(where, `a whole number from ${least} up`, n)
}

/** A whole number, which may be negative. */
export function checkWhole(where: string, n: number): void {
  if (typeof n !== 'number') throw mistyped(where, 'a whole number', n)
  if (!Number.isSafeInteger(n)) throw outOfRange(where, 'a whole number', n)
}

/** One of these words. */
export function checkOneOf(where: string, allowed: readonly string[], value: unknown): void {
  if (!allowed.some((word) => word === value)) {
    const words = allowed.map((word) => JSON.stringify(word))
    throw mistyped(where, `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`, value)
  }
}

/** True, false, or absent. */
export function checkFlag(where: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw mistyped(where, 'true or false', value)
}

/** An options record, or none: `call` is "f(x)", or "f(x, options)". Without `known`, the record may have options of any name. */
export function checkOptions(call: string, options: unknown, known?: readonly string[]): void {
  if (options !== undefined) checkRecord(call.endsWith('options)') ? call : `${call}: options`, 'an object', options, known)
}

/** A record with no options but `known`; `expected` shows it in the message ("{ size, within? }"). */
export function checkRecord(where: string, expected: string, options: unknown, known?: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) throw mistyped(where, expected, options)
  if (known === undefined) return
  for (const name in options)
    if (!known.includes(name) && Object.hasOwn(options, name))
      throw new TypeError(`${where}: unknown option ${show(name)}, expected ${known.join(', ')}`)
}

/** A function. */
export function checkFunction(where: string, f: unknown): void {
  if (typeof f !== 'function') throw mistyped(where, 'a function', f)
}

/** An object with this method: `expected` names its type in the message ("a Receiver"). */
export function checkMethod(where: string, expected: string, value: unknown, method: PropertyKey): void {
  const held = (value as Partial<Record<PropertyKey, unknown>> | null | undefined)?.[method] // from JavaScript the value may be anything
  if (typeof held !== 'function') throw mistyped(where, expected, value)
}
