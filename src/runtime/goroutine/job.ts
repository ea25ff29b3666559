/**
 * The job: a routine that is made anew for each performance. `yield*` runs the routine in the goroutine of its
 * performer, so that unwinding the performer unwinds the job; `await`, `within` and a subscription run it as a child.
 *
 *     yield* job ──▶ routine in place
 *     await job, job.within(ctx), from(job) ──▶ child ──ends──▶ joined
 *                                                 └─performer leaves─▶ canceled, unwound, waited for
 *
 * Always true: when a performance is over, each child of it has been canceled or has ended, and its generator is
 * unwound. An async function that was canceled may still run; its failure is then a late failure.
 */
import { failedAfterCancel } from './crash.js'
import { spawn } from './goroutine.js'
import { Join } from './join.js'
import type { Owner } from './owner.js'
import type { Task } from './task.js'
import { uncancelable } from './uncancelable.js'
import { checkFunction, checkTime } from '../base/arguments.js'
import { isThenable } from '../base/guards.js'
import { left, right, type Either } from '../base/option.js'
import { installObservable, lookForSymbol } from '../base/rxjs-interop.js'
import { checkContext, type Context } from '../interfaces/context.js'
import type { Body } from '../interfaces/goroutine.js'
import { JOB, type Job, type Routine } from '../interfaces/job.js'
import type { Op } from '../interfaces/op.js'
import { cutOff } from '../operation/cut-off.js'
import { Immediate, isRoutine, ready } from '../operation/immediate.js'
import type { Operation } from '../operation/operation.js'
import { subscribe, type Observer, type Unsubscribable } from '../operation/perform.js'
import { Promised } from '../operation/promise.js'
import type { Observed } from '../scheduler/probe.js'
import { queue } from '../scheduler/run-queue.js'

export class Work<T> implements Job<T> {
  constructor(
    readonly name: string,
    private readonly _routine: () => Generator<never, T>,
    readonly owner: Unstarted | null = null,
  ) {
    markOnce()
    lookForSymbol()
  }

  [Symbol.iterator](): Generator<never, T> {
    return this._routine()
  }

  map<U>(f: (value: T) => U): Job<U> {
    checkFunction('map(f)', f)
    const routine = this._routine
    return new Work(
      this.name,
      function* () {
        return f(yield* routine())
      },
      this.owner,
    )
  }

  within(ctx: Context): Job<T> {
    checkContext('within(ctx)', ctx)
    return new Work(this.name, () => this._within(ctx), this.owner)
  }

  timeout(ms: number): Job<T> {
    checkTime('timeout(ms)', ms)
    return new Work(this.name, () => this._timeout(ms), this.owner)
  }

  attempt(): Job<Either<unknown, T>>
  attempt<E>(onThrow: (cause: unknown) => E): Job<Either<E, T>>
  attempt<E>(onThrow?: (cause: unknown) => E): Job<Either<unknown, T>> {
    if (onThrow !== undefined) checkFunction('attempt(onThrow)', onThrow)
    const routine = this._routine
    return new Work(
      this.name,
      function* () {
        let value: T
        try {
          value = yield* routine()
        } catch (cause) {
          return left(onThrow === undefined ? cause : onThrow(cause))
        }
        return right(value)
      },
      this.owner,
    )
  }

  then<A = T, B = never>(
    onValue?: ((value: T) => A | PromiseLike<A>) | null,
    onThrow?: ((cause: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    return this.start().join().then(onValue, onThrow)
  }

  /** As an observable: each subscription performs the job, and unsubscribing cancels it. */
  subscribe(observer: Observer<T> | ((value: T) => void)): Unsubscribable {
    const child = this.start()
    const joining = subscribe(child.join() as Operation<T>, observer) // every operation of the runtime is an Operation
    return {
      unsubscribe() {
        joining.unsubscribe()
        child.cancel()
      },
    }
  }

  /** Performs the job in a goroutine of its own, under the name given or that of the job. */
  start(name: string | null = null): Task<T> {
    return spawn(this._routine, [], this.owner, name ?? this.name)
  }

  private *_within(ctx: Context): Generator<never, T> {
    if (ctx.err()._tag === 'Some') {
      yield* this.owner === null ? ready : uncancelable(this.owner.giveUp())
      throw cutOff(ctx, { describe: () => this.name }, false)
    }
    const child = this._child()
    return yield* this._owned(child, new End(child).within(ctx))
  }

  private *_timeout(ms: number): Generator<never, T> {
    const child = this._child()
    return yield* this._owned(child, new End(child).timeout(ms))
  }

  /** Performs the job in a goroutine that the running one waits for. */
  private _child(): Task<T> {
    return spawn(this._routine, [], new Performance(this.owner), this.name)
  }

  private *_owned(child: Task<T>, wait: Op<T>): Generator<never, T> {
    try {
      return yield* owned(child, wait)
    } finally {
      const rest = this.owner?.rest ?? null
      if (rest !== null) yield* uncancelable(rest.join())
    }
  }
}

/** The owner of a job that owns work before it starts: gives that work up where the job is canceled before it has started. */
export class Unstarted implements Owner {
  rest: Task | null = null

  constructor(readonly giveUp: () => Generator<never, void>) {}

  ended(task: Task): boolean {
    if (!task.isGenerator) return false // at the end only a goroutine that has not started counts as one
    this.rest = spawn(this.giveUp, [], null, task.name)
    void this.rest.join() // its failure is a late failure
    return false
  }
}

/** The owner of a child of a job: the goroutine that performs the job. */
class Performance implements Owner {
  readonly performer = queue.running as Task // jobs are performed by goroutines

  constructor(private readonly _unstarted: Unstarted | null) {}

  ended(task: Task): boolean {
    return this._unstarted !== null && this._unstarted.ended(task)
  }
}

/** The wait for the end of a job, under the name of the job. */
class End<T> extends Join<T> {
  override describe(): string {
    return this.goroutine.name
  }
}

let isMarked = false

/**
 * Marks jobs, and makes them observables: at the first job and not when the module loads, so that a bundle of a program
 * without jobs leaves the class out.
 */
function markOnce(): void {
  if (isMarked) return
  isMarked = true
  void Object.defineProperty(Work.prototype, JOB, { value: true })
  installObservable(Work.prototype)
}

/**
 * Waits for a child; when the wait ends otherwise than by the end of the child, the child is canceled and unwound, also
 * where a cancel arrives meanwhile.
 */
export function* owned<T>(child: Task<T>, wait: Op<T> = child.join()): Generator<never, T> {
  let cause: unknown
  try {
    return yield* wait
  } catch (error) {
    cause = error
    throw error
  } finally {
    if (child.hasEnded) child.cancel(cause)
    else yield* uncancelable(canceled(child, cause))
  }
}

/** Cancels a child and waits until it is unwound; its clean-up may throw. A canceled async function is not waited for. */
export function* canceled(child: Task, cause?: unknown): Generator<never, void> {
  child.cancel(cause)
  try {
    yield* child.join()
  } catch (error) {
    if (child.failure !== null) throw error
  }
}

/**
 * Performs the return value of a function that a job runs. The failure of a promise that comes after the performer has
 * left is a late failure.
 */
export function performed<R>(made: ReturnType<Body<[], R>>): Routine<R> {
  if (isRoutine<R>(made)) return typeof made[Symbol.iterator] === 'function' ? made : handedOn(made)
  return isThenable(made) ? awaited<R>(made) : new Immediate(made as R) // neither a routine nor a promise: a value
}

/** A generator of the user's own making may have its three methods and no `Symbol.iterator`. */
function handedOn<R>(made: Routine<R>): Routine<R> {
  return { [Symbol.iterator]: () => made } as Routine<R> // all that `yield*` reads
}

function* awaited<R>(promise: PromiseLike<R>): Generator<never, R> {
  const settled: Op<R> = new Promised(promise)
  let isSettled = false
  try {
    const value = yield* settled
    isSettled = true
    return value
  } catch (cause) {
    isSettled = true
    throw cause
  } finally {
    if (!isSettled) leave(promise)
  }
}

/** For a result that the running goroutine waits for no more: the failure of a promise is a late failure. */
export function leave(made: unknown): void {
  const performer = queue.running as Observed // only goroutines run there
  if (isThenable(made)) made.then(undefined, (cause) => failedAfterCancel(cause, performer))
}
