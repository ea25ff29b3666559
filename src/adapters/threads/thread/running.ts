/** A call that waits in its thread: an async function, or a routine (a generator, an operation, a job) in a goroutine. */
import { go, type Goroutine, type Routine } from '../../../runtime/index.js'
import { isGenerator, isJob, isOperation } from '../../../runtime/internal.js'
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
  private readonly _goroutine: Goroutine<unknown> | null
  private readonly _end: PromiseLike<unknown>

  constructor(
    made: PromiseLike<unknown> | Routine<unknown>,
    private readonly _context: CallContext | null,
  ) {
    this._goroutine = isRoutine(made) ? go(perform, made) : null
    this._end = this._goroutine === null ? (made as PromiseLike<unknown>) : this._goroutine.join() // no routine: a promise
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
