/**
 * The task: the state of one goroutine. Its body is a generator that the run queue steps, an async function that the
 * task watches, or a plain function that it calls.
 *
 *     spawned ──▶ RUNNING ──op not ready──▶ OFFERED ──▶ PARKED ──settle──▶ GRANTED ──┐
 *                  ▲  │                                   │                          │
 *                  │  └──slice over──▶ KEPT ──────────────┼──────────────────────────┤
 *                  └──────────────────────────────────────┼──────────────────────────┘ delivery
 *                                                         └─cancel─▶ unwinding ─▶ ended
 *
 * Always true:
 * - Only `run`, called by the run queue, steps the generator; `settle` and `cancel` make the task ready and return.
 * - A grant is delivered before a cancel takes effect.
 * - A parked task is referenced by the resource that it waits for and by nothing else: if it can never be woken, it is
 *   collected.
 * - Joiners are settled first and once; the owner (a wait group, an error group) is called when the body has really
 *   ended, which is later for an async function that was canceled.
 *
 * Go's counterpart is `runtime/proc.go`'s g. Go has no cancel: a goroutine looks at a context.
 */
import { failedAfterCancel, failedUnjoined } from './crash.js'
import { yielding } from './gosched.js'
import { Join } from './join.js'
import { leftUnderWay, strangeYield } from './misuse.js'
import type { Failure, Owner } from './owner.js'
import { rareOf, type Rare } from './rare.js'
import { UNWOUND, Unwinding } from './unwind.js'
import { CanceledError, withoutStack } from '../base/errors.js'
import { isGenerator, isThenable } from '../base/guards.js'
import { rememberCause } from '../interfaces/echo.js'
import type { Goroutine } from '../interfaces/goroutine.js'
import type { Op } from '../interfaces/op.js'
import { isOperation, type Operation } from '../operation/operation.js'
import { CANCEL_DUE, CANCEL_OFFERED, GRANTED, OFFERED, PARKED, RUNNING, TOKEN, type Performer } from '../operation/performer.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, WaitQueue, Waiter, type Pending } from '../operation/waiter.js'
import type { Observed } from '../scheduler/probe.js'
import { queue, type AsyncScope, type Runnable } from '../scheduler/run-queue.js'

// The life of a goroutine.
const NEW = 0
const LIVE = 1
const RETURNED = 2
const FAILED = 3
const FAILED_AND_SEEN = 4
const CANCELED = 5

type AnyBody = (...args: readonly unknown[]) => unknown

// Twelve fields and no more: a program may park a million goroutines (bytes each: `npm run bench -- --only parked`).
export class Task<R = unknown> extends Waiter implements Goroutine<R>, Performer, Runnable, Observed, Resource {
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
    name: string | null,
  ) {
    super()
    this.raw = args
    queue.live++
    const scope = queue.captureScope === null ? null : queue.captureScope()
    if (scope !== null || name !== null) this._rare = rareOf(name, scope)
    if (queue.probe !== null) queue.probe.spawn?.(this)
    queue.push(this)
  }

  get kind(): string {
    return 'goroutine'
  }

  get name(): string {
    return this._rare?.name ?? (this.body.name || 'anonymous')
  }

  join(): Op<R> {
    return new Join<R>(this)
  }

  cancel(cause?: unknown): void {
    if (this._life === FAILED) this.leave()
    if (this._rare?.isCanceled === true || this._life > LIVE) return
    if (queue.probe !== null) queue.probe.cancel?.(this)
    const rare = this._rareParts()
    rare.isCanceled = rare.isDue = true
    rare.cause = cause
    if (cause !== undefined) rememberCause(cause)
    if (this._life === NEW) return // `run` finds it canceled
    if (this._generator === null) this._settleJoiners(CANCELED, this._canceledError())
    else if (this.step === RUNNING) this.step = CANCEL_DUE
    else if (this.step === PARKED) {
      this.operation?.withdraw(this)
      queue.push(this)
    }
  }

  /** A joiner has given up: from now on a failure that no join sees is a late failure. */
  leave(): void {
    this._rareParts().isLeft = true
  }

  private _rareParts(): Rare {
    return (this._rare ??= rareOf(null, null))
  }

  /** Makes the goroutine ready; `run` delivers the grant. */
  settle(raw: unknown): void {
    this.raw = raw
    this.step = GRANTED
    if (queue.probe !== null) queue.probe.wake?.(this)
    queue.push(this)
  }

  /** For the run queue: the async context to run in. */
  get scope(): AsyncScope | null {
    return this._rare === null ? null : this._rare.scope
  }

  get stepAfterDelivery(): number {
    return this._rare?.isDue === true ? CANCEL_DUE : RUNNING
  }

  run(): void {
    if (this._life === NEW) this._start()
    else if (this.step === PARKED || this._rare?.unwinding) this._unwind()
    else this._go(this._generator as Generator) // a goroutine that is live and not unwinding was started with a generator
  }

  private _start(): void {
    if (this._rare?.isCanceled === true) {
      this._end(CANCELED, this._canceledError())
      return
    }
    this._life = LIVE
    const args = this.raw as readonly unknown[] // set by the constructor
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
    else this._end(CANCELED, this._canceledError()) // canceled by the call that made the generator
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

  /** The generator yielded: a token, or a value of the user's, which is an error. */
  private _suspended(result: IteratorResult<unknown>): void {
    const { step, operation } = this
    if ((result !== TOKEN && result.value !== TOKEN.value) || operation === null) {
      this._end(FAILED, strangeYield(this, result.value))
    } else if (step === CANCEL_OFFERED || (step === OFFERED && this.stepAfterDelivery === CANCEL_DUE)) {
      this._unwind() // in the second case `poll` called user code that canceled this goroutine (a user's context)
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

  /** Begins the unwinding, or continues it after a `finally` waited. */
  private _unwind(): void {
    const rare = this._rare as Rare // made by `cancel`
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
    // A foreign thenable may throw, or call back twice; a promise made of it does neither.
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
    const hasSettled = this._life === CANCELED // an async function that was canceled: its joiners have been settled
    const taken = this.owner !== null && this._endOwned(this.owner, life, outcome)
    if (hasSettled) {
      if (life === FAILED && !taken) failedAfterCancel(outcome, this)
      return
    }
    const joined = this._joiners !== null && this._joiners.first !== null
    this._settleJoiners(life === FAILED && (taken || joined) ? FAILED_AND_SEEN : life, outcome)
    if (this._life === FAILED) failedUnjoined(this)
  }

  private _endOwned(owner: Owner, life: number, outcome: unknown): boolean {
    if (life === FAILED) return owner.ended(this, { error: outcome }, undefined)
    return owner.ended(this, null, life === CANCELED ? UNWOUND : outcome)
  }

  private _settleJoiners(life: number, outcome: unknown): void {
    this._life = life
    this.raw = outcome
    this._joiners?.settleAll(undefined)
    this._joiners = null
  }

  /** For `Join`: the result, or PENDING before the end; throws where the goroutine failed or was canceled. */
  get outcome(): R | Pending {
    const life = this._life
    if (life <= LIVE) return PENDING
    if (life === RETURNED) return this.raw as R // the result of the body
    if (life === FAILED) this._life = FAILED_AND_SEEN
    throw this.raw
  }

  get joiners(): WaitQueue {
    return (this._joiners ??= new WaitQueue())
  }

  /** True once joins complete: the body has ended, or an async function was canceled. */
  get hasEnded(): boolean {
    return this._life > LIVE
  }

  get wasCanceled(): boolean {
    return this._rare?.isCanceled === true
  }

  /** True where a failure is a late failure: after a cancel, or after a join was withdrawn. */
  get wasGivenUp(): boolean {
    return this._rare !== null && (this._rare.isCanceled || this._rare.isLeft)
  }

  /** The failure of a body that threw. */
  get failure(): Failure | null {
    return this._life === FAILED || this._life === FAILED_AND_SEEN ? { error: this.raw } : null
  }

  /** The state in the words of Go's dumps: `chan receive`, `await`, `runnable`. */
  get waitsFor(): string {
    if (this.step === PARKED && this.operation !== null) return this.operation.describe()
    return this.isAsync ? 'await' : 'runnable'
  }

  /** True for an async function under way, which goes on by promises and not by the run queue. */
  get isAsync(): boolean {
    return this._life === LIVE && this._generator === null
  }

  /** True while it is ready and yields to the others, in `gosched`. */
  get isYielding(): boolean {
    return this.operation === yielding
  }

  /** True for a failure that no join and no owner has seen. */
  get failedUnseen(): boolean {
    return this._life === FAILED
  }

  /** True where a cancel unwinds it: the body is a generator, or has not started. */
  get isGenerator(): boolean {
    return this._generator !== null || this._life === NEW
  }
}
