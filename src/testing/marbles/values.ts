/** The text of values in a marble test, as a line. */
import { readable, show } from '../../runtime/internal.js'

/** Levels of a value that are written. */
const DEPTH = 4
const LENGTH = 72

/** A value as a line; a long line is cut. */
export function lineOf(value: unknown): string {
  const text = readable(() => write(value, DEPTH))
  return text.length > LENGTH ? `${text.slice(0, LENGTH)}…` : text
}

function write(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Object.is(value, -0)) return '-0'
  if (typeof value !== 'object' || value === null) return show(value)
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (value instanceof RegExp || (typeof URL !== 'undefined' && value instanceof URL)) return String(value)
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
