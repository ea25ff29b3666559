/** A call that waits in its thread: an async function, or a routine (a generator, an operation, a job) in a goroutine. */
import { go, type Routine } from '../../../runtime/index.js'
import { isGenerator, isJob, isOperation, type Spawned } from '../../../runtime/internal.js'
import type { CallContext } from './call-context.js'

/** True for a generator, an operation or a job. */
export function isRoutine(made: unknown): made is Routine<unknown> {
  return isOperation(made) || isJob(made) || isGenerator(made)
}

function perform(made: Routine<unknown>): Routine<unknown> {
  return made
}

export class Running {
  wasCanceled = false
  private readonly _goroutine: Spawned | null
  private readonly _end: PromiseLike<unknown>

  constructor(
    private readonly _name: string,
    made: PromiseLike<unknown> | Routine<unknown>,
    private readonly _context: CallContext | null,
  ) {
    this._goroutine = isRoutine(made) ? (go.named(_name, perform, made) as Spawned) : null // `go` makes nothing else
    this._end = this._goroutine === null ? (made as PromiseLike<unknown>) : this._goroutine.join() // no routine: a promise
  }

  /** As a line of a dump. */
  get line(): string {
    return `job [${this._goroutine?.waitsFor ?? 'await'}]: ${this._name}`
  }

  get isGoroutine(): boolean {
    return this._goroutine !== null
  }

  end(onValue: (value: unknown) => void, onThrow: (error: unknown) => void): void {
    void this._end.then(onValue, onThrow)
  }

  /** Ends the context, and unwinds the goroutine. */
  cancel(cause: unknown): void {
    this.wasCanceled = true
    this._context?.cancel(cause)
    this._goroutine?.cancel(cause)
  }
}
