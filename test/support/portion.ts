/** How much of a long suite runs: all on Node, and on other engines the portion that test/engines/portable.mjs gives. */
import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    portion: number | undefined
  }
}

export function portionOf(n: number): number {
  return Math.ceil(n * (inject('portion') ?? 1))
}
