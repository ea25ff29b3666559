import type { FunctionName } from '../wire/batch.js'

/** A function that a thread was asked to load. */
export interface Loading {
  readonly fn: FunctionName
  isLoaded: boolean
  stopTimer: (() => void) | null
}
