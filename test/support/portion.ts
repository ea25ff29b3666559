/** How much of a long suite of random programs runs. */
import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    portion: number | undefined
    sample: number | undefined
  }
}

/** All on Node, and on other engines the portion that test/engines/portable.mjs gives. */
export function portionOf(n: number): number {
  return Math.ceil(n * (inject('portion') ?? 1))
}

/** A sample in `npm test`, for a suite that .ci/run runs in full as a step of its own, with SAMPLE=1. */
export function sampleOf(n: number): number {
  return isNightly ? n : Math.ceil(n * (inject('sample') ?? 1))
}

/** Of a list of cases the sample that `npm test` runs, spread over the list. */
export function someOf<T>(all: readonly T[]): readonly T[] {
  const step = all.length / sampleOf(all.length)
  return all.filter((_, i) => i % step < 1)
}

/** Whether the long runs of the night are under way. */
export const isNightly = (globalThis as { process?: NodeJS.Process }).process?.env['MODE'] === 'nightly' // a browser has no process
