import type { Pair } from './pairs.mjs'
export interface Service extends Pair {
  /** Not reported by default. */
  readonly isMissed?: true
}
export const services: Service[]
