import type { Task } from './task.js'
import { queue } from '../scheduler/run-queue.js'

/**
 * True in a goroutine that is being unwound. A `catch` there has caught the error of a clean-up on the way out: the
 * language resumes the caller, and a loop that goes on would never end.
 */
export function isUnwinding(): boolean {
  const task = queue.running as Task | null // the run queue runs goroutines
  return task !== null && task.isUnwinding
}
