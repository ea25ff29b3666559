import type { TaskGroup } from './task-group.js'
import type { Failure, Owner } from '../goroutine/owner.js'
import type { Task } from '../goroutine/task.js'
import { causeOf } from '../interfaces/context.js'

/** A goroutine of a group, in a list with the others. */
export class Member implements Owner {
  previous: Member | null = null
  next: Member | null = null
  goroutine: Task | null = null

  constructor(
    readonly group: TaskGroup,
    /** Its position among the functions started. */
    readonly index: number,
  ) {}

  /** The place of a start is the caller of the method that called `start`; a start from the queue has no place. */
  get entry(): unknown {
    return Reflect.get(this.group, 'start')
  }

  get performer(): Task | null {
    return this.group.performer
  }

  /** A canceled async function goes on, and counts until its promise settles. */
  unwind(): void {
    this.goroutine?.cancel(causeOf(this.group.ctx))
  }

  ended(_: Task, failure: Failure | null, value: unknown): boolean {
    return this.group.memberEnded(this, failure, value)
  }
}
