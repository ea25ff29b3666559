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
  /** The group that the owner belongs to; see `self-wait.ts`. */
  readonly group?: object
  /** The goroutine that waits for the end of the owned ones and cannot end before; see `self-wait.ts`. */
  readonly performer?: Task | null
}

export interface Failure {
  readonly error: unknown
  /** Only the echo of an end when it was thrown: an echo it stays where a wait throws it in another goroutine. */
  readonly isEnd?: boolean
}
