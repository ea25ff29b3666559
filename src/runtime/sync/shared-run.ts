/**
 * One run of a function for several callers, which own it together: when the last of them has left, the run is
 * canceled, its generator is unwound and waited for, and its context ends.
 *
 * Always true: `callers` counts the performances that wait for the run.
 */
import { background, withCancel } from '../context/context.js'
import { spawn } from '../goroutine/goroutine.js'
import { canceled } from '../goroutine/job.js'
import type { Owner } from '../goroutine/owner.js'
import { checkSelf } from '../goroutine/self-wait.js'
import type { Task } from '../goroutine/task.js'
import type { CancelContext, Context } from '../interfaces/context.js'
import type { Body } from '../interfaces/goroutine.js'
import { queue } from '../scheduler/run-queue.js'

export class SharedRun<A extends readonly unknown[], V> implements Owner {
  /** The first caller, while it waits: the run is not to wait for its end. */
  performer: Task | null = null
  private _callers = 0
  private _performances = 0
  private readonly _ctx: CancelContext = withCancel(background)
  private readonly _goroutine: Task<V>

  /** `over` is called when the run has ended or was left by its last caller: nobody may join it any more. */
  constructor(
    f: Body<[...A, ctx: Context], V>,
    args: A,
    private readonly over: (run: SharedRun<A, V>) => void,
    name: string | null = null,
  ) {
    this._goroutine = spawn(f, [...args, this._ctx], this, name)
  }

  /** More than one caller has asked for the result. */
  get isShared(): boolean {
    return this._performances > 1
  }

  /** `call` names the call of the user, for the error of a run that waits for itself. */
  *result(call: string): Generator<never, V> {
    checkSelf(call, this)
    const caller = queue.running as Task // jobs are performed by goroutines
    this.performer ??= caller
    this._callers++
    this._performances++
    try {
      return yield* this._goroutine.join()
    } finally {
      if (this.performer === caller) this.performer = null
      if (--this._callers === 0) yield* this._left()
    }
  }

  ended(): boolean {
    this.over(this)
    return false
  }

  private *_left(): Generator<never, void> {
    if (this._goroutine.hasEnded) return
    this.over(this)
    this._goroutine.cancel()
    this._ctx.cancel()
    yield* canceled(this._goroutine)
  }
}
