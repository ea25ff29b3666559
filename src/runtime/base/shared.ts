/**
 * State of the process that every copy of the package shares: a copy finds it in `globalThis`, under a symbol of the
 * global registry. A name ends with the version of the shape of its state.
 */
export function shared<T>(name: string, make: () => T): T {
  const key = Symbol.for(name)
  const places = globalThis as unknown as Record<symbol, T | undefined> // a key of the package
  return (places[key] ??= make())
}
