/** Whether unreferenced objects are collected. Needs `--expose-gc`, which vitest.config.ts sets. */
import { settle } from './settle.js'

/**
 * JavaScriptCore takes each word on the stack for a reference, also words that ended calls left there. Such an object, and all that it refers to,
 * survives until other calls have overwritten the word: after one collection up to 20 of 1,000, after six 6 or fewer.
 */
const isConservative = 'Bun' in globalThis
const collections = isConservative ? 12 : 3

/** Fewer survivors than these are no leak. */
export function few(limit = 10): number {
  return isConservative ? 20 : limit
}

/** The number of `n` objects made by `make` that survive a collection. The last one may still be in a register or on the stack. */
export async function survivorsOf(n: number, make: (i: number) => object): Promise<number> {
  const refs: WeakRef<object>[] = []
  for (let i = 0; i < n; i++) refs.push(new WeakRef(make(i)))
  for (let round = 0; round < collections; round++) {
    await settle() // a WeakRef holds its target until the end of the turn that read it
    if (gc === undefined) throw new Error('no gc: run node with --expose-gc')
    gc()
  }
  return refs.filter((ref) => ref.deref() !== undefined).length
}
