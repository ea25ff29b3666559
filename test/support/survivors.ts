/** Whether unreferenced objects are collected. Needs `--expose-gc`, which vitest.config.ts sets. */
import { settle } from './settle.js'

/** Fewer survivors than these are no leak. JavaScriptCore takes each word on the stack for a reference, so the limit is higher there. */
export function few(limit = 10): number {
  return 'Bun' in globalThis ? 20 : limit
}

/** The number of `n` objects made by `make` that survive a collection. The last one may still be in a register or on the stack. */
export async function survivorsOf(n: number, make: (i: number) => object): Promise<number> {
  const refs: WeakRef<object>[] = []
  for (let i = 0; i < n; i++) refs.push(new WeakRef(make(i)))
  for (let round = 0; round < 3; round++) {
    await settle() // a WeakRef holds its target until the end of the turn that read it
    if (gc === undefined) throw new Error('no gc: run node with --expose-gc')
    gc()
  }
  return refs.filter((ref) => ref.deref() !== undefined).length
}
