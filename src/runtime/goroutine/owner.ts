import type { Task } from './task.js'

/** The owner of a goroutine, a wait group for example: it is called when the body has really ended. */
export interface Owner {
  /**
   * `value` is the result of the body, or UNWOUND where the goroutine was canceled. Returns whether the owner takes the
   * failure; otherwise it is a crash unless the goroutine is joined.
   */
  ended(task: Task, failure: Failure | null, value: unknown): boolean
  /** The function of the owner that stands for `go` in the stack of a start; see `start-place.ts`. */
  readonly entry?: unknown
}

export interface Failure {
  readonly error: unknown
}
