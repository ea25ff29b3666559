/**
 * One place of a stage that runs workers: the item under way there, whatever kind its work is. A place is used again and again, so a promise's
 * two callbacks are made once for each place, not for each item; it waits for operations itself.
 */
import { Subscription, type Observable } from 'rxjs'
import type { Context } from '../../runtime/index.js'
import { PENDING, queue, spawn, type Spawned, Waiter, type Operation, type Runnable } from '../../runtime/internal.js'
import type { Leaving } from '../demand/pending-cleanup.js'
import { lay, type Scope } from '../demand/scope.js'
import { kindOf, type Work } from './work.js'
import { subscribeUntil } from '../demand/upstream.js'

/** The stage, as its places see it. */
export interface Workers<T, R> {
  readonly work: (value: T, ctx: Context) => Work<R>
  /** `work` is a generator function. */
  readonly runsGoroutines: boolean
  readonly context: Context
  /** Where goroutines go that are told to stop. */
  readonly leaving: Leaving | null
  /** What an observable of a worker is subscribed under. */
  readonly scopeBelow: Scope
  /** Whether results leave in the order of their items. */
  readonly isOrdered: boolean
  /** A result of this place, and whether it has no more. */
  result(place: Place<T, R>, value: R, isLast: boolean): void
  /** This place has no (more) results. */
  done(place: Place<T, R>): void
  /** The work of this place threw. */
  failed(place: Place<T, R>, cause: unknown): void
}

export class Place<T, R> extends Waiter implements Runnable {
  /** What is under way, and how many items had come before it. */
  value: T | undefined = undefined
  position = 0
  /** What `byKey` is to find again at the end. */
  lane: unknown = null
  /** How often its work has failed, and when it first began. */
  attempts = 0
  began = 0
  isDone = false
  hasKept = false
  private _kept: R | undefined = undefined
  private _operation: Operation<R> | null = null
  private _isGranted = false
  private _goroutine: Spawned<R> | null = null
  private _subscription: Subscription | null = null
  private _deferred: Observable<R> | null = null
  private readonly _onValue = (value: R): void => this.pool.result(this, value, true)
  private readonly _onThrow = (cause: unknown): void => this.pool.failed(this, cause)

  constructor(private readonly pool: Workers<T, R>) {
    super()
  }

  begin(value: T, position: number): void {
    this.value = value
    this.position = position
    this.attempts = 0
    this.work(value)
  }

  /** Does the work on the item, for the first time or again. */
  work(value: T): void {
    const { pool } = this
    this.isDone = false
    if (pool.runsGoroutines)
      // it is a generator function
      return this._join(spawn(pool.work as (value: T, ctx: Context) => Generator<never, R>, [value, pool.context], null))
    let work: Work<R>
    let kind
    const scope = lay(null)
    try {
      work = pool.work(value, pool.context)
      kind = kindOf(work)
    } catch (cause) {
      return pool.failed(this, cause)
    } finally {
      lay(scope)
    }
    // `kindOf` has told what it is.
    switch (kind) {
      case 'value':
        return pool.result(this, work as R, true) // no work
      case 'promise':
        // Only a promise of the language's own is sure to call back once, and later.
        // It is a promise, or may be made one.
        return void (work instanceof Promise ? work : Promise.resolve(work as PromiseLike<R>)).then(this._onValue, this._onThrow)
      case 'operation':
        return this._perform(work as unknown as Operation<R>) // it is one
      case 'generator':
        return this._join(spawn(handOver<R>, [work as Generator<never, R>], null)) // it is one
      case 'observable':
        if (!pool.isOrdered) return this._subscribe(work as Observable<R>) // it is one
        this._deferred = work as Observable<R> // it is one
    }
  }

  private _join(goroutine: Spawned<R>): void {
    this._goroutine = goroutine
    this._perform(goroutine.join() as Operation<R>) // every Op of ours is one
  }

  private _perform(operation: Operation<R>): void {
    let value
    try {
      value = operation.poll()
    } catch (cause) {
      this._goroutine = null
      return this.pool.failed(this, cause)
    }
    if (value !== PENDING) return this.pool.result(this, value, true)
    this._operation = operation
    this._isGranted = false
    operation.park(this)
  }

  settle(raw: unknown): void {
    this.raw = raw
    this._isGranted = true
    queue.push(this)
  }

  run(): void {
    const operation = this._operation
    if (operation === null) return // stopped meanwhile
    this._operation = this._goroutine = null
    let value
    try {
      value = operation.finish(this)
    } catch (cause) {
      return this.pool.failed(this, cause)
    }
    this.raw = undefined
    this.pool.result(this, value, true)
  }

  private _subscribe(work: Observable<R>): void {
    const { pool } = this
    this._subscription = new Subscription()
    subscribeUntil(this._subscription, pool.scopeBelow, work, {
      next: (value) => pool.result(this, value, false),
      error: (cause) => {
        this._subscription = null
        pool.failed(this, cause)
      },
      complete: () => {
        this._subscription = null
        pool.done(this)
      },
    })
  }

  /** In order, an observable is subscribed to when those before it are through: its results would have to wait without bound. */
  becomeFirst(): void {
    const work = this._deferred
    this._deferred = null
    if (work !== null) this._subscribe(work)
  }

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

  stop(): void {
    if (this._operation !== null) {
      if (this._isGranted) this._operation.undo(this)
      else this._operation.withdraw(this)
    }
    this._operation = null
    if (this._goroutine !== null) {
      this._goroutine.cancel()
      this.pool.leaving?.add(this._goroutine)
    }
    this._subscription?.unsubscribe()
    this._deferred = null
  }
}

function handOver<R>(generator: Generator<never, R>): Generator<never, R> {
  return generator
}
