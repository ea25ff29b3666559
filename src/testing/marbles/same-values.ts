/**
 * Equality of values in a marble test.
 *
 * Always true: two objects are equal only if all their state is visible and equal. Objects of a kind whose state is not
 * visible (private fields, the host's own classes) are equal only if they are one object, so no test passes by mistake.
 */

/**
 * Whether two values have equal content, at any depth: the prototype, the content of the kinds in `contentOf`, and the
 * own enumerable properties, symbols included. Of a class with private fields, the getters count in their place. 0
 * equals -0, and NaN equals NaN.
 */
export function isSame(a: unknown, b: unknown, under: ReadonlyMap<object, object> = new Map()): boolean {
  if (a === b || Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (under.get(a) === b) return true // a cycle, equal so far
  const within = new Map(under).set(a, b)
  const [one, other] = [stateOf(a), stateOf(b)]
  if (one === null || other === null || one.size !== other.size) return false
  return [...one].every(([key, value]) => other.has(key) && isSame(value, other.get(key), within))
}

/** The visible state of an object; null where an object of its class has state that is not visible. */
function stateOf(object: object): ReadonlyMap<unknown, unknown> | null {
  const state = new Map<unknown, unknown>()
  const content = contentOf(object)
  content?.forEach((value, i) => state.set(i, value)) // property keys are strings and symbols
  for (const key of Reflect.ownKeys(object))
    if (Object.prototype.propertyIsEnumerable.call(object, key)) state.set(key, Reflect.get(object, key))
  if (content !== null || isPlain(object)) return state
  const own = state.size
  for (const [key, value] of getters(object)) state.set(key, value)
  if (state.size === 0 || (state.size === own && hasPrivateState(object))) return null
  return state
}

/** Objects whose state is in their own properties. */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** The content of kinds that hold it elsewhere than in own enumerable properties; null for any other kind. */
function contentOf(value: object): readonly unknown[] | null {
  if (Array.isArray(value)) return [value.length]
  if (value instanceof Date) return [value.getTime()]
  if (value instanceof Error) return errorContent(value)
  if (value instanceof Map || value instanceof Set) return [...(value as Iterable<unknown>)] // the types of its items are any
  if (value instanceof RegExp) return [value.source, value.flags, value.lastIndex]
  if (value instanceof ArrayBuffer) return bytesOf(value, 0, value.byteLength)
  if (typeof SharedArrayBuffer !== 'undefined' && value instanceof SharedArrayBuffer) return bytesOf(value, 0, value.byteLength)
  if (ArrayBuffer.isView(value)) return bytesOf(value.buffer, value.byteOffset, value.byteLength)
  if (isBoxed(value)) return [value.valueOf()]
  return hostContent(value)
}

/** The content of an error. */
function errorContent(error: Error): readonly unknown[] {
  const { name, message, cause } = error
  return [
    name,
    message,
    cause,
    error instanceof AggregateError ? (error.errors as unknown) : undefined, // declared as any[]
  ]
}

function bytesOf(buffer: ArrayBufferLike, offset: number, length: number): readonly unknown[] {
  return [new Uint8Array(buffer, offset, length).join()]
}

function isBoxed(value: object): boolean {
  return [Number, String, Boolean, Symbol, BigInt].some((kind) => value instanceof kind)
}

/** Classes of the host that can be listed. A host may lack any of them. */
const lists: readonly string[] = ['URLSearchParams', 'Headers', 'FormData']

function hostContent(value: object): readonly unknown[] | null {
  if (typeof URL !== 'undefined' && value instanceof URL) return [value.href]
  const isList = lists.some((name) => {
    const kind: unknown = Reflect.get(globalThis, name)
    return typeof kind === 'function' && value instanceof kind
  })
  return isList ? [...(value as Iterable<unknown>)] : null // each of the lists is iterable
}

/** The values of the getters of its classes. A getter that throws counts with its error. */
function* getters(object: object): Generator<readonly [PropertyKey, unknown]> {
  for (const prototype of classesOf(object))
    for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (property.get === undefined) continue
      try {
        yield [key, property.get.call(object)]
      } catch (error) {
        yield [key, error]
      }
    }
}

/** The prototypes of its classes, without Object's. */
function classesOf(object: object): readonly object[] {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (typeof prototype !== 'object' || prototype === null || Object.getPrototypeOf(prototype) === null) return []
  return [prototype, ...classesOf(prototype)]
}

/** Whether the source of a class names private members, or is the host's. */
function hasPrivateState(object: object): boolean {
  for (const { constructor } of classesOf(object)) {
    const source = typeof constructor === 'function' ? Function.prototype.toString.call(constructor) : ''
    if (/\.#[\w$]|\[native code\]/.test(source)) return true
  }
  return false
}
