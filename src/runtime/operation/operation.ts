/**
 * The operation: "poll, else park". What an operation does lives in `poll`, `park`, `withdraw`, `finish` and `undo`; who performs it does
 * not matter to it.
 *
 *     performer            operation                      whoever makes it ready
 *        │ poll() ────────────▶│ complete now: done               │
 *        │◀─ PENDING ──────────│                                  │
 *        │ park(waiter) ──────▶│ waiter joins its queues          │
 *        ·                     │◀────────────────── settle(raw) ──│
 *        │ finish(waiter) ────▶│ raw becomes the result           │
 *
 * Always true:
 * - Between a poll that was PENDING and the park no user code runs, so nothing can become ready in between, and `park` never settles.
 * - `finish` runs once, by the performer; or else `undo`, where a performer left after the grant.
 * - A goroutine performs through the iterator, by `yield*`; the token it yields is taken by the run queue alone, which does the parking. So
 *   an operation driven by anything else (a spread, a `for…of`, an async generator) is an error, never a lost wake-up.
 */
import { parkCases, releaseCase, withdrawCases, type Case } from './case.js'
import { checkFunction, mistyped } from '../base/arguments.js'
import { CanceledError } from '../base/errors.js'
import { installObservable, lookForSymbol } from '../base/rxjs-interop.js'
import { left, right, type Either } from '../base/option.js'
import { performAsync, performAsPromise, subscribe, type Observer, type Unsubscribable } from './perform.js'
import type { Resource } from './resource.js'
import { queue } from '../scheduler/run-queue.js'
import type { Context, Op } from '../interfaces/op.js'
import { PENDING, type Pending, type Waiter } from './waiter.js'

/**
 * TOKEN is what a goroutine yields to the run queue while it waits. `probing` is on while the chain of `yield*` is being looked for: the
 * innermost operation then answers and does nothing else. Both are one in the process, as the run queue is: a goroutine of one copy of the
 * package may perform an operation of another.
 */
const key = Symbol.for('millrace.op.v1')
const shared = globalThis as { [key]?: { readonly token: IteratorYieldResult<never>; readonly probing: { on: boolean } } } // a key of our own
export const { token: TOKEN, probing } = (shared[key] ??= {
  token: { done: false, value: Symbol.for('millrace.token') } as unknown as IteratorYieldResult<never>, // nobody reads its value
  probing: { on: false },
})

/** Where a performing goroutine stands with the operation it performs; `goroutine.ts` draws the picture. */
export const RUNNING = 0 // between operations
export const OFFERED = 1 // a token was handed out; the run queue has not parked it yet
export const PARKED = 2
export const GRANTED = 3 // settled: `finish` makes the result of `raw`
export const KEPT = 4 // complete before it gave way: `raw` is the result
export const CANCEL_DUE = 5 // running, and the next operation is where the cancel takes effect
export const CANCEL_OFFERED = 6 // it was performed, and handed out a token in place of an answer

/** The part of a goroutine that performing an operation needs. */
export interface Performer extends Waiter {
  step: number
  operation: Operation<unknown> | null
  /** RUNNING, or CANCEL_DUE where a cancel came in while what was granted waited for delivery. */
  readonly stepAfterDelivery: number
}

const OPERATION = Symbol.for('millrace.operation')

export abstract class Operation<T> implements Op<T> {
  constructor() {
    lookForSymbol()
    if (queue.probe !== null) queue.probe.make?.(this)
  }

  /** No user code runs in `finish`, so it may be called while others are at work. */
  get isPlain(): boolean {
    return false
  }

  /** The operation completes now, or answers PENDING and has done nothing; it may throw, which completes it too. */
  abstract poll(): T | Pending
  abstract park(waiter: Waiter): void
  /** Takes a parked waiter out of every queue it is in. */
  abstract withdraw(waiter: Waiter): void
  /** What it waits for, in the words of Go's dumps. */
  abstract describe(): string

  /** The operations that this one is made of: the cases of a choice, the operation that `map` changes. */
  parts(): readonly Operation<unknown>[] {
    return noParts
  }

  /** The primitives that it waits for; several where it is a choice. For dumps and test kits. */
  resources(): readonly Resource[] {
    return this.parts().flatMap((part) => part.resources())
  }

  finish(waiter: Waiter): T {
    return waiter.raw as T // granted by whoever made it ready
  }

  /** Gives back what was granted to a waiter that will not take it. */
  undo(_waiter: Waiter): void {}

  /** Why waiting under this context makes no sense, if so: asked once, before it would park. */
  refusal(_ctx: Context): unknown {
    return undefined
  }

  map<U>(f: (value: T) => U): Op<U> {
    checkFunction('map(f)', f)
    return new Mapped(this, f)
  }

  within(ctx: Context): Op<T> {
    return new Within(this, checkContext('within(ctx)', ctx))
  }

  attempt(): Op<Either<unknown, T>>
  attempt<E>(onThrow: (cause: unknown) => E): Op<Either<E, T>>
  attempt<E>(onThrow?: (cause: unknown) => E): Op<Either<unknown, T>> {
    if (onThrow !== undefined) checkFunction('attempt(onThrow)', onThrow)
    return new Attempted(this, onThrow ?? ((cause) => cause))
  }

  then<A = T, B = never>(
    onValue?: ((value: T) => A | PromiseLike<A>) | null,
    onThrow?: ((cause: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    // `await` calls with two functions of the engine's: they are called back directly, without a promise in between.
    if (typeof onValue === 'function' && typeof onThrow === 'function') return performAsync(this, onValue, onThrow)
    return performAsPromise(this).then(onValue, onThrow)
  }

  /** The observable of this operation: performs at each subscription, and unsubscribing withdraws it. */
  subscribe(observer: Observer<T> | ((value: T) => void)): Unsubscribable {
    return subscribe(this, observer)
  }

  [Symbol.iterator](): this & Iterator<never, T, unknown> {
    if (queue.probe !== null) queue.probe.perform?.(this)
    return this
  }

  next(_received?: unknown): IteratorResult<never, T> {
    const performer = queue.running as Performer | null // only goroutines run there
    if (performer === null) throw outsideGoroutine(this)
    // `yield*` hands on what its generator was sent, if only undefined; a spread, a for…of, a destructuring call without an
    // argument. (A rest parameter would be an array for each call.)
    if (arguments.length === 0) throw pulledByOthers(this)
    if (performer.step !== RUNNING) return this._inOtherSteps(performer)
    const value = this.poll()
    if (value === PENDING) return offer(performer, this, OFFERED)
    if (--queue.operations.left <= 0 && queue.sliceIsOver) {
      performer.raw = value
      return offer(performer, this, KEPT)
    }
    return { done: true, value }
  }

  /** The generator that waits here is unwound; or the chain of `yield*` that leads here is looked for. */
  return(value?: unknown): IteratorResult<never, T> {
    return probing.on ? TOKEN : { done: true, value: value as T } // by the iterator protocol
  }

  private _inOtherSteps(performer: Performer): IteratorResult<never, T> {
    const { step } = performer
    if (step === CANCEL_DUE) return offer(performer, this, CANCEL_OFFERED)
    if (performer.operation !== this || (step !== GRANTED && step !== KEPT)) throw drivenByOthers(this)
    performer.step = performer.stepAfterDelivery
    performer.operation = null
    const value = step === KEPT ? (performer.raw as T) : this.finish(performer) // kept by `next`
    performer.raw = undefined
    return { done: true, value }
  }
}

const noParts: readonly Operation<unknown>[] = []

void Object.defineProperty(Operation.prototype, OPERATION, { value: true })
installObservable(Operation.prototype)

export function isOperation(value: unknown): value is Operation<unknown> {
  return typeof value === 'object' && value !== null && (value as { [OPERATION]?: true })[OPERATION] === true // to look
}

function offer(performer: Performer, operation: Operation<unknown>, step: number): IteratorYieldResult<never> {
  performer.step = step
  performer.operation = operation
  return TOKEN
}

function outsideGoroutine(operation: Operation<unknown>): Error {
  return new Error(
    `an operation (${operation.describe()}) was iterated outside a goroutine: use yield* in a generator started by go(), or await in an async function`,
  )
}

function pulledByOthers(operation: Operation<unknown>): Error {
  return new Error(
    `an operation (${operation.describe()}) was iterated by something other than yield* (a spread, a for…of, a destructuring): use yield*, which waits for it`,
  )
}

function drivenByOthers(operation: Operation<unknown>): Error {
  return new Error(
    `an operation (${operation.describe()}) was performed while another is under way: something other than the run queue drives it (an async generator, a generator driven by hand); use yield*`,
  )
}

/** Throws unless the value can serve as a Context. Ours are known by a mark: one is derived for each request, so the look has to be cheap. */
export function checkContext(where: string, ctx: Context): Context {
  const it = ctx as unknown as Partial<Record<string | symbol, unknown>> | null | undefined // from JavaScript it may be anything
  if (it === null || it === undefined) throw mistyped(where, 'a Context (cannot create context from nil parent)', ctx)
  if (
    it.millraceContext === true ||
    (['done', 'err', 'cause', 'deadline', 'value'].every((name) => typeof it[name] === 'function') && 'signal' in it)
  )
    return ctx
  throw mistyped(where, 'a Context, with done, err, cause, deadline, value and signal', ctx)
}

/** An operation that waits as another does, and sees the result another way. */
abstract class Wrapped<T, U> extends Operation<U> {
  constructor(protected readonly inner: Operation<T>) {
    super()
  }
  park(waiter: Waiter): void {
    this.inner.park(waiter)
  }
  withdraw(waiter: Waiter): void {
    this.inner.withdraw(waiter)
  }
  override undo(waiter: Waiter): void {
    this.inner.undo(waiter)
  }
  override refusal(ctx: Context): unknown {
    return this.inner.refusal(ctx)
  }
  override parts(): readonly Operation<unknown>[] {
    return [this.inner]
  }
  describe(): string {
    return this.inner.describe()
  }
}

class Mapped<T, U> extends Wrapped<T, U> {
  constructor(
    inner: Operation<T>,
    private readonly f: (value: T) => U,
  ) {
    super(inner)
  }
  poll(): U | Pending {
    const value = this.inner.poll()
    return value === PENDING ? PENDING : this.f(value)
  }
  override finish(waiter: Waiter): U {
    return this.f(this.inner.finish(waiter))
  }
}

class Attempted<T, E> extends Wrapped<T, Either<E, T>> {
  constructor(
    inner: Operation<T>,
    private readonly onThrow: (cause: unknown) => E,
  ) {
    super(inner)
  }
  poll(): Either<E, T> | Pending {
    let value: T | Pending
    try {
      value = this.inner.poll()
    } catch (cause) {
      return left(this.onThrow(cause))
    }
    return value === PENDING ? PENDING : right(value)
  }
  override finish(waiter: Waiter): Either<E, T> {
    let value: T
    try {
      value = this.inner.finish(waiter)
    } catch (cause) {
      return left(this.onThrow(cause))
    }
    return right(value)
  }
}

/** The context's end and the operation, in this order: a choice of two that answers one of them. */
class Within<T> extends Operation<T> {
  private readonly _ops: readonly [Operation<unknown>, Operation<T>]

  constructor(
    inner: Operation<T>,
    private readonly ctx: Context,
  ) {
    super()
    this._ops = [checkOperation('within(ctx)', ctx.done()), inner]
  }

  poll(): T | Pending {
    const { ctx } = this
    if (ctx.err()._tag === 'Some' || this._ops[0].poll() !== PENDING) throw causeOf(ctx)
    const value = this._ops[1].poll()
    if (value !== PENDING) return value
    const refusal = this._ops[1].refusal(ctx)
    if (refusal !== undefined) throw refusal
    return PENDING
  }

  park(waiter: Waiter): void {
    parkCases(waiter, this._ops, null)
  }

  withdraw(waiter: Waiter): void {
    withdrawCases(waiter)
  }

  override finish(waiter: Waiter): T {
    const winner = waiter.raw as Case // a settled case
    try {
      if (winner.index === 0) throw causeOf(this.ctx)
      return this._ops[1].finish(winner)
    } finally {
      releaseCase(winner)
    }
  }

  override undo(waiter: Waiter): void {
    const winner = waiter.raw as Case // a settled case
    winner.operation.undo(winner)
    releaseCase(winner)
  }

  override parts(): readonly Operation<unknown>[] {
    return this._ops
  }

  describe(): string {
    return this._ops[1].describe()
  }
}

export function causeOf(ctx: Context): unknown {
  const cause = ctx.cause()
  return cause._tag === 'Some' ? cause.value : new CanceledError()
}

export function checkOperation(where: string, value: unknown): Operation<unknown> {
  if (isOperation(value)) return value
  throw mistyped(where, 'an operation', value)
}
