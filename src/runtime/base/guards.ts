/** Guards for values of unknown type: a promise, a generator, a generator function. */

/** True for an object with a `then` method: a promise, or an operation. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function' // reading is safe
}

/** True for an object with the three methods of a generator, of any realm. */
export function isGenerator(value: unknown): value is Generator {
  if (typeof value !== 'object' || value === null) return false
  const { next, return: end, throw: fail } = value as Partial<Generator> // `typeof` below checks each of the three
  return typeof next === 'function' && typeof end === 'function' && typeof fail === 'function'
}

export const prototypeOf = (value: object): object | null => Object.getPrototypeOf(value) as object | null // typed any

/** The prototype of all generators of this realm's engine. */
export const ownGenerators = prototypeOf(prototypeOf((function* () {})()) as object) as object // each generator has both

function OwnGenerator(): void {}
OwnGenerator.prototype = ownGenerators

/**
 * True for a generator of this realm's engine. Unlike `isGenerator` it reads no properties: each generator function
 * makes generators of a shape of their own, and in a program of many such a read is slow.
 */
export function isOwnGenerator(value: unknown): value is Generator {
  return value instanceof OwnGenerator
}

/** True for `function*`; false for an async generator function, and for a plain function that returns a generator. */
export function isGeneratorFunction(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object GeneratorFunction]'
}
