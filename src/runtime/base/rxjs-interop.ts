/**
 * What makes a thing an observable in the eyes of RxJS: a method under `Symbol.observable` or, where that was missing
 * when RxJS was loaded, under `'@@observable'`. Both are offered, whoever was loaded first: a polyfill may bring the
 * symbol after us and before RxJS, so it is looked for until it is there.
 */

/** A polyfill adds the symbol. */
const symbols = Symbol as { readonly observable?: symbol }

/** Prototypes that lack the symbol; null once it is there. */
let waiting: object[] | null = []

/** Makes what has `subscribe` an observable. */
export function installObservable(prototype: object): void {
  offer(prototype, '@@observable')
  if (waiting === null)
    offer(prototype, symbols.observable as symbol) // it is there
  else waiting.push(prototype)
  lookForSymbol()
}

/** Called by whatever makes something that RxJS may be given; costs one branch, or two. */
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
