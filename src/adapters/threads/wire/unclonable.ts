/** Finds the part of a value that the structured clone refuses, for the message: the clone itself does not name it. */
import { handleOf, isShared, type Handle } from '../shared/handle.js'

/** Returns a sentence such as `the argument.jobs[1].done is a function (onDone)`, or null where every part can be cloned. */
export function unclonablePart(value: unknown, path: string): string | null {
  return partOf(value, path, new Set())
}

function nameOf({ kind, memory }: Handle): string {
  if (kind === 'numbers') return 'a channel of numbers, which crosses only as an argument of its own'
  return isShared(memory)
    ? `a shared.${kind}, which crosses only as an argument of its own`
    : `an ${kind} over plain memory (use shared.${kind}())`
}

const plainName = /^[A-Za-z_$][\w$]*$/

function partOf(value: unknown, path: string, seen: Set<unknown>): string | null {
  if (typeof value === 'function') return `${path} is a function (${value.name || 'anonymous'})`
  if (typeof value === 'symbol') return `${path} is a symbol`
  if (typeof value !== 'object' || value === null || seen.has(value)) return null
  seen.add(value)
  const handle = handleOf(value)
  if (handle !== null) return `${path} is ${nameOf(handle)}`
  if ('receive' in value || 'trySend' in value) return `${path} is a channel, which crosses only as an argument of its own`
  for (const [part, at] of partsOf(value, path)) {
    const found = partOf(part, at, seen)
    if (found !== null) return found
  }
  return refusal(value, path)
}

function* partsOf(value: object, path: string): Generator<readonly [unknown, string], void> {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) yield [value[i], `${path}[${i}]`]
  } else if (value instanceof Map) {
    for (const [key, part] of value) {
      yield [key, `a key of ${path}`]
      yield [part, `${path}.get(${typeof key === 'string' ? JSON.stringify(key) : String(typeof key)})`]
    }
  } else if (value instanceof Set) {
    for (const part of value) yield [part, `an element of ${path}`]
  } else if (!ArrayBuffer.isView(value)) {
    for (const key of Object.keys(value))
      yield [Reflect.get(value, key), plainName.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`]
  }
}

function refusal(value: object, path: string): string | null {
  try {
    structuredClone(value)
    return null
  } catch {
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value))
      return `${path} is a buffer that was moved before, or that cannot be moved`
    const made = (value.constructor as { readonly name?: string } | undefined)?.name // an object without a prototype has none
    return `${path} is ${made === undefined ? 'an object' : `an instance of ${made}`}`
  }
}
