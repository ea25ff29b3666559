/**
 * RxJS takes an object for an observable if it has a method under `Symbol.observable` or, where that symbol was missing
 * when RxJS was loaded, under `'@@observable'`. The prototypes of the package get both, in any order of loading: a
 * polyfill may add the symbol after Millrace and before RxJS, so the package looks for the symbol until the symbol is
 * there.
 */

/** A polyfill adds the symbol. */
const symbols = Symbol as { readonly observable?: symbol }

/** Prototypes that lack the symbol; null once the symbol exists. */
let waiting: object[] | null = []

/** Makes the objects of a prototype with a `subscribe` observables. */
export function installObservable(prototype: object): void {
  offer(prototype, '@@observable')
  if (waiting === null)
    offer(prototype, symbols.observable as symbol) // `lookForSymbol` has found the symbol
  else waiting.push(prototype)
  lookForSymbol()
}

/** Called by each function that makes an object for RxJS. Costs a branch or two. */
export function lookForSymbol(): void {
  if (waiting === null || symbols.observable === undefined) return
  for (const prototype of waiting) offer(prototype, symbols.observable)
  waiting = null
}

function offer(prototype: object, key: PropertyKey): void {
  Object.defineProperty(prototype, key, { value: self, configurable: true })
}

function self(this: unknown): unknown {
  return this
}
