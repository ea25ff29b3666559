/** Equality of values in a marble test, and their text as a line. */
import { StageTrail } from '../../operators/index.js'
import { show } from '../../runtime/internal.js'

/**
 * Whether two values have equal content: the prototype, the contents of arrays, maps, sets and dates, the name, message
 * and cause of errors (without the stage trail), and the own properties, at any depth. 0 equals -0, and NaN equals NaN.
 */
export function isSame(a: unknown, b: unknown, under: ReadonlyMap<object, object> = new Map()): boolean {
  if (a === b || Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (under.get(a) === b) return true // a cycle, equal so far
  const within = new Map(under).set(a, b)
  const areSame = (x: readonly unknown[], y: readonly unknown[]): boolean =>
    x.length === y.length && x.every((one, i) => isSame(one, y[i], within))
  if (!areSame(contentsOf(a), contentsOf(b))) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && isSame(Reflect.get(a, key), Reflect.get(b, key), within))
}

/** The content of a value outside of its own enumerable properties. */
function contentsOf(value: object): readonly unknown[] {
  if (value instanceof Date) return [value.getTime()]
  if (value instanceof Error) return [value.name, value.message, value.cause instanceof StageTrail ? undefined : value.cause]
  return value instanceof Map || value instanceof Set ? [...value] : []
}

/** Levels of a value that are written. */
const DEPTH = 4
const LENGTH = 72

/** A value as a line; a long line is cut. */
export function lineOf(value: unknown): string {
  const text = write(value, DEPTH)
  return text.length > LENGTH ? `${text.slice(0, LENGTH)}…` : text
}

function write(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Object.is(value, -0)) return '-0'
  if (typeof value !== 'object' || value === null) return show(value)
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (depth === 0) return '…'
  const list = (parts: Iterable<unknown>): string => Array.from(parts, (one) => write(one, depth - 1)).join(', ')
  if (Array.isArray(value)) return `[${list(value)}]`
  const made = (value.constructor as { name?: string } | undefined)?.name ?? '' // an object without a prototype has none
  const kind = made === 'Object' || made === '' ? '' : `${made} `
  if (value instanceof Set) return `${kind}{${list(value)}}`
  if (value instanceof Map)
    return `${kind}{${Array.from(value, ([key, one]) => `${write(key, depth - 1)} => ${write(one, depth - 1)}`).join(', ')}}`
  const properties = Object.entries(value).map(([key, one]) => `${key}: ${write(one, depth - 1)}`)
  return properties.length === 0 ? `${kind}{}` : `${kind}{ ${properties.join(', ')} }`
}
