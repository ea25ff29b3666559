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
import { failedAfterCancel, failedUnjoined, failureOf } from './crash.js'
import { CANCELED, Ending, FAILED, FAILED_AND_SEEN, LEFT, LIVE, NEW, RETURNED } from './ending.js'
import { yielding } from './gosched.js'
import { Join } from './join.js'
import { leftUnderWay, strangeYield } from './misuse.js'
import type { Owner } from './owner.js'
import { isPassedOn } from './passed-on.js'
import { rareOf, type Rare } from './rare.js'
import { kindOf, promiseOf, type ResultKind } from './result-kind.js'
import { UNWOUND, Unwinding } from './unwind.js'
import type { AsyncScope } from '../base/async-scope.js'
import { CanceledError, withoutStack } from '../base/errors.js'
import { rememberCause } from '../interfaces/echo.js'
import type { Goroutine } from '../interfaces/goroutine.js'
import type { Op } from '../interfaces/op.js'
import { performing } from '../operation/immediate.js'
import type { Operation } from '../operation/operation.js'
import { CANCEL_DUE, CANCEL_OFFERED, GRANTED, OFFERED, PARKED, RUNNING, TOKEN, type Performer } from '../operation/performer.js'
import type { Resource } from '../operation/resource.js'
import type { Observed } from '../scheduler/probe.js'
import { wakes } from '../scheduler/events.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'

type AnyBody = (...args: readonly unknown[]) => unknown

// Twelve fields and no more: a program may park a million goroutines (bytes each: `npm run bench -- --only parked`).
export class Task<R = unknown> extends Ending<R> implements Goroutine<R>, Performer, Runnable, Observed, Resource {
  step = RUNNING
  operation: Operation<unknown> | null = null
  readonly id = queue.nextId++
  private _generator: Generator | null = null

  constructor(
    readonly body: AnyBody,
    args: readonly unknown[],
    public owner: Owner | null,
    name: string | null,
  ) {
    super()
    this.raw = args
    queue.live++
    const scope = queue.scopeHere
    if (scope !== null || name !== null) this.rare = rareOf(name, scope)
    queue.probe?.spawn?.(this)
    queue.order?.spawn(this)
    queue.push(this)
  }

  get kind(): string {
    return 'goroutine'
  }

  get name(): string {
    return this.rare?.name ?? (this.body.name || 'anonymous')
  }

  join(): Op<R> {
    this.joinMade()
    return new Join<R>(this)
  }

  cancel(cause?: unknown): void {
    if (this.life === FAILED) this.leave()
    if (this.rare?.isCanceled === true || this.life > LIVE) return
    if (this.rare?.misuse) return this.leave() // it is unwound already
    queue.probe?.cancel?.(this)
    queue.order?.cancel(this)
    const rare = this.rareParts()
    rare.isCanceled = rare.isDue = true
    rare.cause = cause
    rememberCause(cause, false)
    if (this.life === NEW) return // `run` finds it canceled
    if (this._generator === null) this.settleJoiners(LEFT, this._canceledError())
    else if (rare.shields > 0)
      return // `unshield` makes the cancel take effect
    else if (this.step === RUNNING) this.step = CANCEL_DUE
    else if (this.step === PARKED) {
      this.operation?.withdraw(this)
      queue.push(this)
    }
  }

  /** Makes the goroutine ready; `run` delivers the grant. */
  settle(raw: unknown): void {
    this.raw = raw
    this.step = GRANTED
    if (queue.isWatched) wakes(this)
    queue.push(this)
  }

  /** For the run queue: the async context to run in. */
  get scope(): AsyncScope | null {
    return this.rare === null ? null : this.rare.scope
  }

  get stepAfterDelivery(): number {
    return this.rare?.isDue === true && this.rare.shields === 0 ? CANCEL_DUE : RUNNING
  }

  /** True from the moment when a cancel takes effect. */
  get isUnwinding(): boolean {
    return this.rare !== null && this.rare.unwinding !== null
  }

  /** From now until `unshield` a cancel waits, also a cancel that is due. */
  shield(): void {
    this.rareParts().shields++
    if (this.step === CANCEL_DUE) this.step = RUNNING
  }

  unshield(): void {
    this.rareParts().shields--
    if (this.step === RUNNING) this.step = this.stepAfterDelivery
  }

  run(): void {
    if (this.life === NEW) this._start()
    else if (this.step === PARKED || this.rare?.unwinding) this._unwind()
    else this._go(this._generator as Generator) // a goroutine that is live and not unwinding was started with a generator
  }

  private _start(): void {
    if (this.rare?.isCanceled === true) {
      this._end(CANCELED, this._canceledError())
      return
    }
    this.life = LIVE
    const args = this.raw as readonly unknown[] // set by the constructor
    this.raw = undefined
    let made: unknown
    let kind: ResultKind
    queue.running = this
    try {
      made = performing(this.body(...args))
      kind = kindOf(made)
    } catch (error) {
      queue.running = null
      this._end(FAILED, error)
      return
    }
    queue.running = null
    if (kind === 'promise')
      this._watch(made as PromiseLike<unknown>) // by its kind
    else if (kind === 'value') this._end(RETURNED, made)
    else if (this.stepAfterDelivery === RUNNING)
      this._go((this._generator = made as Generator)) // by its kind
    else this._end(CANCELED, this._canceledError()) // canceled by the call that made the generator
  }

  private _go(generator: Pick<Generator, 'next'> | Unwinding): void {
    let result: IteratorResult<unknown> | undefined // a generator of the user's own making may return anything
    let isDone: boolean | undefined
    let value: unknown
    queue.running = this
    try {
      result = generator.next()
      isDone = result?.done
      value = result?.value
    } catch (error) {
      queue.running = null
      this._end(FAILED, error)
      return
    }
    queue.running = null
    if (isDone === true) this._returned(value)
    else if (value === TOKEN.value && this.operation !== null) this._suspended(this.operation)
    else this._misused(strangeYield(this, result, value))
  }

  /** The generator yielded the token: the operation has to wait. */
  private _suspended(operation: Operation<unknown>): void {
    const { step } = this
    if (queue.isWatched) queue.order?.suspends(this)
    if (step === CANCEL_OFFERED || (step === OFFERED && this.stepAfterDelivery === CANCEL_DUE)) {
      operation.decline()
      this._unwind() // in the second case `poll` called user code that canceled this goroutine (a user's context)
    } else if (step === OFFERED) {
      this.step = PARKED
      if (queue.isWatched) this._parkWatched(operation)
      else operation.park(this)
    } else queue.push(this) // its slice was over
  }

  /** The body yielded something else. It is unwound, once: a body that yields such a value there too is dropped. */
  private _misused(error: TypeError): void {
    const rare = this.rareParts()
    if (rare.misuse !== null || rare.unwinding !== null) return this._end(FAILED, rare.misuse?.error ?? error)
    rare.misuse = { error }
    this._unwind()
  }

  private _returned(value: unknown): void {
    const misuse = this.rare === null ? null : this.rare.misuse
    if (misuse !== null) this._end(FAILED, misuse.error)
    else if (this.step !== RUNNING && this.step !== CANCEL_DUE) this._end(FAILED, leftUnderWay(this))
    else if (value === UNWOUND) this._end(CANCELED, this._canceledError())
    else this._end(RETURNED, value)
  }

  /** Begins the unwinding, or continues it after a `finally` waited. */
  private _unwind(): void {
    const rare = this.rare as Rare // made by `cancel`
    if (rare.unwinding === null) {
      rare.isDue = false
      this.step = RUNNING
      this.operation = null
      this.raw = undefined
      rare.unwinding = new Unwinding(this._generator as Generator) // only a generator is unwound
    }
    this._go(rare.unwinding)
  }

  private _watch(made: PromiseLike<unknown>): void {
    promiseOf(made).then(
      (value) => {
        queue.order?.wake(this) // the body ran elsewhere
        this._end(RETURNED, value)
      },
      (error: unknown) => {
        queue.order?.wake(this)
        if (isPassedOn(error)) this.receive(error)
        this._end(FAILED, error)
      },
    )
  }

  private _canceledError(): CanceledError {
    return withoutStack(() => new CanceledError(this.rare?.cause))
  }

  /** The body has ended. */
  private _end(life: number, outcome: unknown): void {
    queue.live--
    this._generator = null
    this.operation = null
    if (queue.isWatched) this._endWatched(life, outcome)
    else this._tell(life, outcome)
  }

  // The two that follow are apart since a function with a closure allocates a context in each call.
  private _parkWatched(operation: Operation<unknown>): void {
    if (queue.order === null) operation.park(this)
    else queue.order.within(this, () => operation.park(this))
    queue.probe?.park?.(this, operation.describe())
  }

  private _endWatched(life: number, outcome: unknown): void {
    queue.probe?.end?.(this)
    queue.order?.end(this)
    if (queue.order === null) this._tell(life, outcome)
    else queue.order.within(this, () => this._tell(life, outcome))
  }

  private _tell(life: number, outcome: unknown): void {
    const hasSettled = this.life === LEFT
    if (hasSettled) this.life = CANCELED
    const taken = this.owner !== null && this._endOwned(this.owner, life, outcome)
    if (hasSettled) {
      if (life === FAILED && !taken) failedAfterCancel(outcome, this)
      return
    }
    const joined = this.hasJoiners
    this.settleJoiners(life === FAILED && (taken || joined) ? FAILED_AND_SEEN : life, outcome)
    if (this.life === FAILED) failedUnjoined(this)
  }

  private _endOwned(owner: Owner, life: number, outcome: unknown): boolean {
    if (life === FAILED) return owner.ended(this, failureOf(this, outcome), undefined)
    return owner.ended(this, null, life === CANCELED ? UNWOUND : outcome)
  }

  /** The state in the words of Go's dumps: `chan receive`, `await`, `runnable`. */
  get waitsFor(): string {
    if (this.step === PARKED && this.operation !== null) return this.operation.describe()
    return this.isAsync ? 'await' : 'runnable'
  }

  /** True for an async function under way, which goes on by promises and not by the run queue. */
  get isAsync(): boolean {
    return (this.life === LIVE && this._generator === null) || this.life === LEFT
  }

  /** True while it is ready and yields to the others, in `gosched`. */
  get isYielding(): boolean {
    return this.operation === yielding
  }

  /** True where a cancel unwinds it: the body is a generator, or has not started. */
  get isGenerator(): boolean {
    return this._generator !== null || this.life === NEW
  }
}
