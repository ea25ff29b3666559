/** Code of users that misbehaves, and the shape of a row: a program that calls such code at one place. */

/** The code of the user; it returns junk, throws, or calls the place again. */
export type Bad = (...args: readonly unknown[]) => never

/**
 * Calls the place with the code, and performs the result: the end of the promise, the operation or the job is the end of the row.
 * `cleanUp` takes back what the row has set.
 */
export type Row = (f: Bad, cleanUp: (f: () => unknown) => void) => unknown

/** Rows by the place, as `codePlacesOf` names it; what follows a colon says which part of the code misbehaves. */
export type Rows = Readonly<Record<string, Row>>

export const boom = new Error('boom')
export const fault = new Error('getter')
export const raise = (cause: unknown): never => {
  throw cause
}
/** From JavaScript anything may come. */
export const junk = (value: unknown) => value as never

const throwing = (...names: readonly (string | symbol)[]) =>
  Object.defineProperties({}, Object.fromEntries(names.map((name) => [name, { get: () => raise(fault), enumerable: true }])))

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** What the code returns. */
export const returns: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  NaN: () => NaN,
  'a symbol': () => Symbol('junk'),
  'a revoked proxy': revoked,
  'a getter `then` that throws': () => throwing('then'),
  'getters of iterators that throw': () => throwing(Symbol.iterator, Symbol.asyncIterator, Symbol.for('observable'), '@@observable'),
  'getters `next`, `value` and `done` that throw': () => throwing('next', 'value', 'done'),
  'a `then` that throws': () => ({ then: () => raise(fault) }),
  'an iterator without results': () => ({
    next: () => undefined,
    return: () => undefined,
    [Symbol.iterator]: () => ({ next: () => undefined }),
  }),
  'a promise of a revoked proxy': () => ({ then: (resolve?: (value: unknown) => void) => resolve?.(revoked()) }),
}

/** What the code throws. */
export const throws: Readonly<Record<string, () => unknown>> = {
  'an error': () => boom,
  undefined: () => undefined,
  'a revoked proxy': revoked,
  'an error whose properties throw': () => new Proxy(new Error(), { get: () => raise(fault), getPrototypeOf: () => raise(fault) }),
}
