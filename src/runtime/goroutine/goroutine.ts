/**
 * A goroutine: a generator that the run queue steps, an async function it watches, or a plain function it calls.
 *
 *     spawned ──▶ RUNNING ──op not ready──▶ OFFERED ──▶ PARKED ──settle──▶ GRANTED ──┐
 *                  ▲  │                                   │                          │
 *                  │  └──slice over──▶ KEPT ──────────────┼──────────────────────────┤
 *                  └──────────────────────────────────────┼──────────────────────────┘ delivery
 *                                                         └─cancel─▶ unwinding ─▶ ended
 *
 * Always true:
 * - Only `run`, called by the run queue, steps the generator; `settle` and `cancel` make it ready and return.
 * - What was granted is delivered before a cancel takes effect.
 * - A parked goroutine is held by what it waits for and by nothing else: one that can never be woken is collected.
 * - Joiners learn of the end first and once; the owner (a wait group, an error group) learns when the body has really ended, which for a
 *   canceled async function is later.
 *
 * Go's counterpart is `runtime/proc.go`'s g; Go has no cancel, its goroutines have to be asked through a context.
 */
import { crash, failedUnjoined } from './crash.js'
import { show } from '../base/arguments.js'
import { isGenerator, isThenable } from '../base/guards.js'
import { CanceledError, withoutStack } from '../base/errors.js'
import {
  CANCEL_DUE,
  CANCEL_OFFERED,
  GRANTED,
  isOperation,
  KEPT,
  OFFERED,
  Operation,
  PARKED,
  RUNNING,
  TOKEN,
  type Performer,
} from '../operation/operation.js'
import { QueuedOperation } from '../operation/queued.js'
import type { Resource } from '../operation/resource.js'
import type { Observed } from '../scheduler/probe.js'
import { queue, type AsyncScope, type Runnable } from '../scheduler/run-queue.js'
import type { Op } from '../interfaces/op.js'
import { PENDING, WaitQueue, Waiter, type Pending } from '../operation/waiter.js'
import { UNWOUND, Unwinding } from './unwind.js'

/** What can be run as a goroutine: a generator function whose only yields are operations, an async function, or a plain function. */
export type Body<A extends readonly unknown[], R> = (...args: A) => Generator<never, R, any> | Promise<R> | R // eslint-disable-line @typescript-eslint/no-explicit-any -- what `next` is sent is the run queue's own business

/**
 * The handle of a goroutine; not a promise, so returning it from an async function does not join it.
 *
 * A failure that nobody has joined by the time the host's event loop turns is a crash: see `onCrash`.
 *
 * @example
 * ```ts
 * const handle = go(function* () {
 *   return 42
 * })
 * const answer = await handle.join() // → 42
 * ```
 */
export interface Goroutine<out R> {
  /** 1 and up, in order of creation. */
  readonly id: number
  /** The name of its function. */
  readonly name: string
  /** Waits for its end: the result, or the throw; CanceledError (with the cause) if it was canceled. */
  join(): Op<R>
  /**
   * Stops it: while parked at once, else at the next operation it performs. What was already granted is delivered first. `finally` blocks
   * run and may wait, `catch` blocks do not see it. Before the start the body never runs; the second cancel is ignored. An async function
   * cannot be stopped: its joiners are told at once, and it goes on until it ends.
   */
  cancel(cause?: unknown): void
}

/** Who started a goroutine on its own account: told when the body has really ended. */
export interface Owner {
  /**
   * `value` is what it returned, or UNWOUND where it was canceled. Answers whether it takes the failure; otherwise that is a crash unless
   * somebody joins.
   */
  ended(goroutine: Spawned, failure: Failure | null, value: unknown): boolean
  /** The function of the owner that stands for `go` in the stack of a start; see `start-place.ts`. */
  readonly entry?: unknown
}

export interface Failure {
  readonly error: unknown
}

// How far a goroutine's life is.
const NEW = 0
const LIVE = 1
const RETURNED = 2
const FAILED = 3
const FAILED_AND_SEEN = 4
const CANCELED = 5

/** What few goroutines need. */
interface Rare {
  /** The async context of the spawner, where that is kept. */
  readonly scope: AsyncScope | null
  isCanceled: boolean
  cause: unknown
  /** The cancel waits for the next operation. */
  isDue: boolean
  unwinding: Unwinding | null
}

type AnyBody = (...args: readonly unknown[]) => unknown

// Twelve fields, because a million parked goroutines are a promise too (bytes each: `npm run bench -- --only parked`).
export class Spawned<R = unknown> extends Waiter implements Goroutine<R>, Performer, Runnable, Observed, Resource {
  step = RUNNING
  operation: Operation<unknown> | null = null
  readonly id = queue.nextId++
  private _life = NEW
  private _generator: Generator | null = null
  private _joiners: WaitQueue | null = null
  private _rare: Rare | null = null

  constructor(
    readonly body: AnyBody,
    args: readonly unknown[],
    readonly owner: Owner | null,
  ) {
    super()
    this.raw = args
    queue.live++
    if (queue.captureScope !== null)
      this._rare = { scope: queue.captureScope(), isCanceled: false, cause: undefined, isDue: false, unwinding: null }
    if (queue.probe !== null) queue.probe.spawn?.(this)
    queue.push(this)
  }

  get kind(): string {
    return 'goroutine'
  }

  get name(): string {
    return this.body.name || 'anonymous'
  }

  join(): Op<R> {
    return new Join<R>(this)
  }

  cancel(cause?: unknown): void {
    if (this._rare?.isCanceled === true || this._life > LIVE) return
    if (queue.probe !== null) queue.probe.cancel?.(this)
    this._rare = { scope: this.scope, isCanceled: true, cause, isDue: true, unwinding: null }
    if (this._life === NEW) return // `run` finds it canceled
    if (this._generator === null) this._tell(CANCELED, this._canceledError())
    else if (this.step === RUNNING) this.step = CANCEL_DUE
    else if (this.step === PARKED) {
      this.operation?.withdraw(this)
      queue.push(this)
    }
  }

  /** What was granted is delivered by `run`. */
  settle(raw: unknown): void {
    this.raw = raw
    this.step = GRANTED
    if (queue.probe !== null) queue.probe.wake?.(this)
    queue.push(this)
  }

  /** For the run queue: where this goroutine runs. */
  get scope(): AsyncScope | null {
    return this._rare === null ? null : this._rare.scope
  }

  get stepAfterDelivery(): number {
    return this._rare?.isDue === true ? CANCEL_DUE : RUNNING
  }

  run(): void {
    if (this._life === NEW) this._start()
    else if (this.step === PARKED || this._rare?.unwinding) this._unwind()
    else this._go(this._generator as Generator) // a step of a live one
  }

  private _start(): void {
    if (this._rare?.isCanceled === true) {
      this._end(CANCELED, this._canceledError())
      return
    }
    this._life = LIVE
    const args = this.raw as readonly unknown[] // what it was made with
    this.raw = undefined
    let made: unknown
    queue.running = this
    try {
      made = this.body(...args)
    } catch (error) {
      queue.running = null
      this._end(FAILED, error)
      return
    }
    queue.running = null
    if (isThenable(made)) this._watch(made)
    else if (!isGenerator(made)) this._end(RETURNED, made)
    else if (this.stepAfterDelivery === RUNNING) this._go((this._generator = made))
    else this._end(CANCELED, this._canceledError()) // by what makes the generator
  }

  private _go(generator: Generator): void {
    let result: IteratorResult<unknown>
    queue.running = this
    try {
      result = generator.next()
    } catch (error) {
      queue.running = null
      this._end(FAILED, error)
      return
    }
    queue.running = null
    if (result.done === true) this._returned(result.value)
    else this._suspended(result)
  }

  /** The generator handed out a token, or yielded something of its own. */
  private _suspended(result: IteratorResult<unknown>): void {
    const { step, operation } = this
    if (result !== TOKEN || operation === null) {
      this._end(FAILED, strangeYield(this, result.value))
    } else if (step === CANCEL_OFFERED || (step === OFFERED && this.stepAfterDelivery === CANCEL_DUE)) {
      this._unwind() // the second: canceled by user code that `poll` called (a context of the user's own)
    } else if (step === OFFERED) {
      this.step = PARKED
      operation.park(this)
      if (queue.probe !== null) queue.probe.park?.(this, operation.describe())
    } else queue.push(this) // its slice was over
  }

  private _returned(value: unknown): void {
    if (this.step !== RUNNING && this.step !== CANCEL_DUE) this._end(FAILED, leftUnderWay(this))
    else if (value === UNWOUND) this._end(CANCELED, this._canceledError())
    else this._end(RETURNED, value)
  }

  /** Begins the unwinding, or goes on with it after a wait. */
  private _unwind(): void {
    const rare = this._rare as Rare // canceled
    let result: IteratorResult<unknown>
    queue.running = this
    try {
      if (rare.unwinding === null) {
        rare.isDue = false
        this.step = RUNNING
        this.operation = null
        this.raw = undefined
        rare.unwinding = new Unwinding(this._generator as Generator) // only a generator is unwound
        result = rare.unwinding.begin()
      } else result = rare.unwinding.resume()
    } catch (error) {
      queue.running = null
      this._end(FAILED, error)
      return
    }
    queue.running = null
    if (result.done === true) this._returned(result.value)
    else this._suspended(result)
  }

  private _watch(made: PromiseLike<unknown>): void {
    // A stranger's thenable may throw, or call back twice; a promise of it does neither.
    const promise = made instanceof Promise || isOperation(made) ? made : Promise.resolve(made)
    promise.then(
      (value) => this._end(RETURNED, value),
      (error: unknown) => this._end(FAILED, error),
    )
  }

  private _canceledError(): CanceledError {
    return withoutStack(() => new CanceledError(this._rare?.cause))
  }

  /** The body has ended. */
  private _end(life: number, outcome: unknown): void {
    queue.live--
    this._generator = null
    this.operation = null
    if (queue.probe !== null) queue.probe.end?.(this)
    const toldBefore = this._life === CANCELED
    const taken = this.owner !== null && this._tellOwner(this.owner, life, outcome)
    if (toldBefore) {
      if (life === FAILED && !taken) crash(outcome, this)
      return
    }
    const joined = this._joiners !== null && this._joiners.first !== null
    this._tell(life === FAILED && (taken || joined) ? FAILED_AND_SEEN : life, outcome)
    if (this._life === FAILED) failedUnjoined(this)
  }

  private _tellOwner(owner: Owner, life: number, outcome: unknown): boolean {
    if (life === FAILED) return owner.ended(this, { error: outcome }, undefined)
    return owner.ended(this, null, life === CANCELED ? UNWOUND : outcome)
  }

  private _tell(life: number, outcome: unknown): void {
    this._life = life
    this.raw = outcome
    this._joiners?.settleAll(undefined)
    this._joiners = null
  }

  /** For `Join`: the outcome, if it has come. */
  get outcome(): R | Pending {
    const life = this._life
    if (life <= LIVE) return PENDING
    if (life === RETURNED) return this.raw as R // what the body returned
    if (life === FAILED) this._life = FAILED_AND_SEEN
    throw this.raw
  }

  get joiners(): WaitQueue {
    return (this._joiners ??= new WaitQueue())
  }

  /** The body has ended, or those who join have been told so. */
  get hasEnded(): boolean {
    return this._life > LIVE
  }

  get wasCanceled(): boolean {
    return this._rare?.isCanceled === true
  }

  /** It ended by a throw. */
  get failure(): Failure | null {
    return this._life === FAILED || this._life === FAILED_AND_SEEN ? { error: this.raw } : null
  }

  /** What it waits for, in the words of Go's dumps. */
  get waitsFor(): string {
    if (this.step === PARKED && this.operation !== null) return this.operation.describe()
    return this.isAsync ? 'await' : 'runnable'
  }

  /** An async function under way: it goes on by promises, not by the run queue. */
  get isAsync(): boolean {
    return this._life === LIVE && this._generator === null
  }

  /** It is ready, and lets the others go first. */
  get isGivingWay(): boolean {
    return this.operation === givingWay
  }

  /** It failed, and nobody has asked. */
  get failedUnseen(): boolean {
    return this._life === FAILED
  }

  /** Its body is a generator, so that a cancel unwinds it. */
  get isGenerator(): boolean {
    return this._generator !== null || this._life === NEW
  }
}

class Join<R> extends QueuedOperation<R> {
  constructor(private readonly goroutine: Spawned<R>) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  protected get waiters(): WaitQueue {
    return this.goroutine.joiners
  }
  poll(): R | Pending {
    return this.goroutine.outcome
  }
  override finish(): R {
    return this.goroutine.outcome as R // granted at its end
  }
  override resources(): readonly Resource[] {
    return [this.goroutine]
  }
  describe(): string {
    return `join of goroutine ${this.goroutine.id}`
  }
}

function strangeYield(goroutine: Observed, value: unknown): TypeError {
  return new TypeError(
    `goroutine ${goroutine.id} (${goroutine.name}) yielded ${show(value)}: only operations may be yielded, with yield* (a plain yield, or a generator driven by hand, does not wait)`,
  )
}

function leftUnderWay(goroutine: Spawned): Error {
  return new Error(
    `goroutine ${goroutine.id} (${goroutine.name}) ended while an operation (${goroutine.operation?.describe()}) was under way: it was performed by something other than yield* (an async generator, a generator driven by hand)`,
  )
}

/**
 * Starts `fn(...args)` as a goroutine: soon, never inline. `fn` is a generator function (`yield*` for each operation; the fast one), an
 * async function, or a plain one. Pass a named function with its arguments where you start many: a function literal evaluated for each
 * costs five times as much.
 *
 * Throws TypeError "go of nil func value" where `fn` is no function. Source: Go's `go` statement.
 *
 * @example
 * ```ts
 * function* worker(id: number, jobs: Receiver<number>) {
 *   for (const it = range(jobs); yield* it.next(); ) console.log(id, it.value)
 * }
 * for (let i = 0; i < 3; i++) go(worker, i, jobs)
 * ```
 */
export function go<A extends readonly unknown[], R>(fn: Body<A, R>, ...args: A): Goroutine<R> {
  return spawn(fn, args, null)
}

export function spawn<A extends readonly unknown[], R>(fn: Body<A, R>, args: A, owner: Owner | null): Spawned<R> {
  if (typeof fn !== 'function') throw new TypeError(`go of nil func value: expected a function, got ${show(fn)}`)
  return new Spawned<R>(fn as unknown as AnyBody, args, owner) // called with its own arguments only
}

/** How many goroutines have not ended: Go's `runtime.NumGoroutine`, without the caller where that is none. */
export function numGoroutine(): number {
  return queue.live
}

/** Gives way: the goroutine goes to the back of the run queue. Source: Go's `runtime.Gosched`. */
export function gosched(): Op<void> {
  return givingWay
}

class GivingWay extends Operation<void> {
  override next(...received: [] | [unknown]): IteratorResult<never, void> {
    const performer = queue.running as Performer | null // only goroutines run there
    if (performer === null || performer.step !== RUNNING || received.length === 0) return super.next(...received)
    performer.raw = undefined
    performer.step = KEPT
    performer.operation = this
    return TOKEN
  }
  override then<A = void, B = never>(
    onValue?: ((value: undefined) => A | PromiseLike<A>) | null,
    onThrow?: ((cause: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    queue.cameBack()
    return new Promise<undefined>((resolve) => queue.push({ run: () => (queue.resumed++, resolve(undefined)) })).then(onValue, onThrow)
  }
  poll(): void {}
  park(): void {}
  withdraw(): void {}
  describe(): string {
    return 'gosched'
  }
}

const givingWay = /* @__PURE__ */ new GivingWay()
