/**
 * A slot of a stage that runs workers: one item, and the work on it, of whatever kind. A slot is used again and again,
 * so the two callbacks for promises are created once for each slot, and the slot itself waits for operations.
 *
 *     begin ──▶ works ──result──▶ done ──▶ free
 *       ▲         └─throws─▶ the failure policy ──pauses──▶ works again
 *       │                              └──sends a dead letter──▶ done
 *
 * Always true:
 * - at most one of these is under way: an operation, a promise, a subscription, a pause, the send of a dead letter;
 * - code of the user runs with no scope published;
 * - the error of the work is in `_letter` until its dead letter is sent;
 * - a slot that was stopped reports nothing more, and its goroutine was canceled.
 */
import { isObservable, Subscription, type Observable } from 'rxjs'
import { sleep, type Context, type Job } from '../../runtime/index.js'
import {
  CallbackPerformer,
  type Failure,
  isGenerator,
  isJob,
  isOperation,
  isThenable,
  mistyped,
  queue,
  spawn,
  Spawned,
  type AsyncScope,
  type Operation,
  type YieldStar,
} from '../../runtime/internal.js'
import { publish, type Scope } from '../demand/scope.js'
import { subscribeUntil } from '../demand/intake.js'
import type { Holder } from './stage.js'

/**
 * The result of a worker function: a value, a promise, an operation, a generator (run as a goroutine), or an observable
 * (each of its items is a result). An array is a value.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- only the run queue calls `next`
export type Work<R> = R | PromiseLike<R> | Generator<YieldStar, R, any> | Observable<R>

/** The result of work that has no result: the item is done, and nothing leaves. For adapters; the types of users do not name it. */
export const NOTHING: unique symbol = Symbol('nothing')

/** The stage of a worker slot. */
export interface SlotOwner<T, R> {
  readonly work: (value: T, ctx: Context) => Work<R>
  /** `work` is a generator function. */
  readonly runsGoroutines: boolean
  /** The context of the workers. */
  readonly context: Context
  /** The async context of the pipeline, where contexts are kept. */
  readonly asyncScope: AsyncScope | null
  /** A worker has returned an observable. */
  returnedObservable(): void
  /** The scope for an observable that a worker returns. */
  readonly scopeOfWork: Scope
  /** Results leave in the order of their items. */
  readonly isOrdered: boolean
  /** The work has its only result. */
  result(slot: WorkerSlot<T, R>, value: R): void
  /** The work has a result, and more may come. */
  oneResult(slot: WorkerSlot<T, R>, value: R): void
  /** The work has no (more) results, and its results have left. */
  done(slot: WorkerSlot<T, R>): void
  /** The work threw. */
  failed(slot: WorkerSlot<T, R>, cause: unknown): void
  /** The pipeline ends with this error. */
  stop(cause: unknown): void
  /** The dead letter of work that failed with this error was not sent. */
  unsent(cause: unknown): void
}

export class WorkerSlot<T, R> extends CallbackPerformer<unknown> implements Holder {
  value: T | undefined = undefined
  position = 0
  /** The lane of the item in `byKey`. */
  lane: unknown = null
  /** The number of failed attempts, and the time of the first failure in ms. */
  attempts = 0
  firstFailed = 0
  isDone = false
  hasKept = false
  held = 0
  /** The work has ended, and results of it wait for demand. */
  private _isEnding = false
  /** Its item is the first in order. */
  private _isFirst = false
  private _kept: R | undefined = undefined
  /** The purpose of the operation under way. */
  private _purpose: 'work' | 'pause' | 'dead letter' | 'none' = 'none'
  private _letter: Failure | null = null
  private _goroutine: Spawned<R> | null = null
  private _subscription: Subscription | null = null
  private _deferred: Observable<R> | null = null
  private readonly _onValue = (value: R | typeof NOTHING): void => this._result(value)
  private readonly _onThrow = (cause: unknown): void => this._owner.failed(this, cause)

  constructor(private readonly _owner: SlotOwner<T, R>) {
    super(_owner.asyncScope)
  }

  begin(value: T, position: number): void {
    this.value = value
    this.position = position
    this.attempts = 0
    this._isFirst = false
    this._work(value)
  }

  private _work(value: T): void {
    const { _owner: owner } = this
    this.isDone = false
    this._purpose = 'work'
    if (owner.runsGoroutines)
      // a generator function
      return this._join(spawn(owner.work as (value: T, ctx: Context) => Generator<never, R>, [value, owner.context], null))
    let work: Work<R>
    let kind
    const scope = publish(null)
    try {
      work = owner.work(value, owner.context)
      kind = kindOf(work)
    } catch (cause) {
      return owner.failed(this, cause)
    } finally {
      publish(scope)
    }
    switch (
      kind // each cast below follows the kind
    ) {
      case 'value':
        return this._result(work as R) // kind 'value'
      case 'promise':
        return void promiseOf(work as PromiseLike<R>).then(this._onValue, this._onThrow) // kind 'promise'
      case 'operation':
        return this.start(work as unknown as Operation<R>) // kind 'operation'
      case 'job':
        return this._join(spawn(delegateTo<R>, [(work as unknown as Job<R>)[Symbol.iterator]()], null)) // kind 'job'
      case 'generator':
        return this._join(spawn(delegateTo<R>, [work as Generator<never, R>], null)) // kind 'generator'
      case 'observable':
        if (!owner.isOrdered || this._isFirst) return this._subscribe(work as Observable<R>) // kind 'observable'
        this._deferred = work as Observable<R> // kind 'observable'
    }
  }

  private _result(value: R | typeof NOTHING): void {
    if (value === NOTHING) this.end()
    else this._owner.result(this, value)
  }

  private _join(goroutine: Spawned<R>): void {
    this._goroutine = goroutine
    this.start(goroutine.join() as Operation<R>) // every Op of Millrace is an Operation
  }

  private _subscribe(work: Observable<R>): void {
    const { _owner: owner } = this
    this._subscription = new Subscription()
    owner.returnedObservable()
    subscribeUntil(this._subscription, owner.scopeOfWork, work, {
      next: (value) => owner.oneResult(this, value),
      error: (cause) => {
        this._subscription = null
        owner.failed(this, cause)
      },
      complete: () => {
        this._subscription = null
        this.end()
      },
    })
  }

  /**
   * The item is the first in order now: an observable is subscribed to only then, or its results would wait without a
   * bound.
   */
  becomeFirst(): void {
    const work = this._deferred
    this._deferred = null
    this._isFirst = true
    if (work !== null) this._subscribe(work)
  }

  /** The work has ended: done, or done when its results have left. */
  end(): void {
    if (this.held > 0) this._isEnding = true
    else this._owner.done(this)
  }

  left(): void {
    if (--this.held > 0 || !this._isEnding) return
    this._isEnding = false
    this._owner.done(this)
  }

  /** Works on the item again, after a pause in ms; from the run queue where there is no pause. */
  workAgain(pause: number): void {
    this._purpose = 'pause'
    if (pause > 0)
      this.start(sleep(pause) as Operation<void>) // every Op of Millrace is an Operation
    else queue.push({ scope: this.scope, run: () => this._purpose === 'pause' && this.succeeded() })
  }

  /** The item is done when its dead letter, of work that failed with this error, is sent. */
  sendDeadLetter(sending: Operation<unknown>, cause: unknown): void {
    this._purpose = 'dead letter'
    this._letter = { error: cause }
    this.start(sending)
  }

  private _notSent(): void {
    const letter = this._letter
    this._letter = null
    if (letter !== null) this._owner.unsent(letter.error)
  }

  protected succeeded(value?: unknown): void {
    const purpose = this._purpose
    this._goroutine = null
    if (purpose === 'work')
      this._result(value as R) // the work results in R
    else if (purpose === 'pause')
      this._work(this.value as T) // a slot keeps its item until its work is done
    else {
      this._letter = null
      this.end()
    }
  }

  protected failed(cause: unknown): void {
    this._goroutine = null
    if (this._purpose === 'work') return this._owner.failed(this, cause)
    this._notSent()
    this._owner.stop(cause)
  }

  /** Keeps a result until the results before it have left. */
  keep(value: R): void {
    this.isDone = true
    this.hasKept = true
    this._kept = value
  }

  takeKept(): R | undefined {
    const value = this._kept
    this.hasKept = false
    this._kept = undefined
    return value
  }

  override stop(): void {
    if (this.isGranted) this._letter = null // it is sent
    super.stop()
    this._notSent()
    this._purpose = 'none'
    if (this._goroutine !== null) {
      this._goroutine.cancel()
      this._owner.scopeOfWork.cleanup?.add(this._goroutine)
    }
    this._subscription?.unsubscribe()
    this._deferred = null
  }
}

function delegateTo<R>(generator: Generator<never, R>): Generator<never, R> {
  return generator
}

/** Only a promise of the language itself is sure to call back once, and later: a subclass may have a `then` of its own. */
function promiseOf<R>(work: PromiseLike<R>): PromiseLike<R> {
  return work instanceof Promise && work.constructor === Promise ? work : new Promise((resolve) => resolve(work))
}

type Kind = 'value' | 'promise' | 'operation' | 'job' | 'generator' | 'observable'

/** Throws TypeError for an object that looks like work and is none: an async generator, the handle of a goroutine. */
function kindOf(work: unknown): Kind {
  if (typeof work !== 'object' || work === null) return 'value'
  if (work instanceof Promise) return 'promise' // first, since most work is a promise
  if (isOperation(work)) return 'operation'
  if (isJob(work)) return 'job'
  if (isThenable(work)) return 'promise'
  if (isGenerator(work)) {
    if (Symbol.asyncIterator in work)
      throw mistyped('the result of a worker', 'a value or work; wrap an async generator in fromIterable()', work)
    return 'generator'
  }
  if (isObservable(work)) return 'observable'
  if (work instanceof Spawned) throw mistyped('the result of a worker', 'a value or work; of a goroutine return its join()', work)
  return 'value'
}
