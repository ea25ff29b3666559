/**
 * The operation: "poll, else park". The meaning of an operation is in `poll`, `park`, `withdraw`, `finish` and `undo`;
 * they are the same for every performer.
 *
 *     performer            operation                      the code that makes it ready
 *        │ poll() ────────────▶│ complete now: done               │
 *        │◀─ PENDING ──────────│                                  │
 *        │ park(waiter) ──────▶│ waiter joins its queues          │
 *        ·                     │◀────────────────── settle(raw) ──│
 *        │ finish(waiter) ────▶│ raw becomes the result           │
 *
 * Always true:
 * - Between a poll that returned PENDING and the park no user code runs, so nothing becomes ready in between, and
 *   `park` never settles.
 * - A granted operation is finished once, by its performer, or undone once, where the performer left after the grant.
 *
 * The combinators stand in this file: each is an operation, and every operation has them, so in a file of their own
 * they would be a cycle.
 */
import { Allowance, type Limit } from './allowance.js'
import { parkCases, releaseCase, withdrawCases, type Case } from './case.js'
import { checkFunction, mistyped } from '../base/arguments.js'
import { installObservable, lookForSymbol } from '../base/rxjs-interop.js'
import { left, right, type Either } from '../base/option.js'
import { checkContext, type Context } from '../interfaces/context.js'
import { cutOff } from './cut-off.js'
import type { Op } from '../interfaces/op.js'
import { performAsPromise, performAsync } from './await.js'
import { subscribe, type Observer, type Unsubscribable } from './perform.js'
import { begins, continued, descent, suspended } from './performer.js'
import type { Resource } from './resource.js'
import { performs } from '../scheduler/events.js'
import { queue } from '../scheduler/run-queue.js'
import { PENDING, type Pending, type Waiter } from './waiter.js'

export const OPERATION: unique symbol = Symbol.for('millrace.operation')

export abstract class Operation<T> implements Op<T> {
  constructor() {
    lookForSymbol()
    queue.probe?.make?.(this)
  }

  /** `finish` runs no user code, so it may be called from within another operation's step. */
  get isPlain(): boolean {
    return false
  }

  /** Completes the operation now, or returns PENDING and has no effect. A throw completes the operation too. */
  abstract poll(): T | Pending
  /** Puts the waiter into every queue of the operation. */
  abstract park(waiter: Waiter): void
  /** Takes a parked waiter out of every queue of the operation. */
  abstract withdraw(waiter: Waiter): void
  /** The wait in the words of Go's dumps: `chan receive`. */
  abstract describe(): string

  /** The parts of this operation: the cases of a choice, the operation that `map` changes. */
  parts(): readonly Operation<unknown>[] {
    return noParts
  }

  /** The primitives that the operation waits for; several for a choice. For dumps and test kits. */
  resources(): readonly Resource[] {
    return this.parts().flatMap((part) => part.resources())
  }

  /** Makes the result of the grant in `waiter.raw`; may throw. */
  finish(waiter: Waiter): T {
    return waiter.raw as T // an operation without a `finish` of its own is granted its result
  }

  /** Gives back the grant of a waiter that left before delivery; `turn` grows from grant to grant. */
  undo(_waiter: Waiter, _turn: number): void {}

  /** The performer gives up before it parks: its context or its time had ended, or it was canceled. */
  decline(): void {
    for (const part of this.parts()) part.decline()
  }

  /** The error, if this context is certain to end before the grant. Read once, before the operation would park. */
  refusal(_ctx: Limit): unknown {
    return undefined
  }

  /** Called where another operation is made of this one. */
  protected used(): this {
    return this
  }

  map<U>(f: (value: T) => U): Op<U> {
    checkFunction('map(f)', f)
    return new Mapped(this.used(), f)
  }

  within(ctx: Context): Op<T> {
    return new Within(this.used(), checkContext('within(ctx)', ctx), checkOperation('within(ctx)', ctx.done()))
  }

  timeout(ms: number): Op<T> {
    const allowance = new Allowance(ms, this)
    return new Within(this.used(), allowance, allowance.elapsed as unknown as Operation<void>) // it has the methods that a case calls
  }

  attempt(): Op<Either<unknown, T>>
  attempt<E>(onThrow: (cause: unknown) => E): Op<Either<E, T>>
  attempt<E>(onThrow?: (cause: unknown) => E): Op<Either<unknown, T>> {
    if (onThrow !== undefined) checkFunction('attempt(onThrow)', onThrow)
    return new Attempted(this.used(), onThrow ?? ((cause) => cause))
  }

  then<A = T, B = never>(
    onValue?: ((value: T) => A | PromiseLike<A>) | null,
    onThrow?: ((cause: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    // `await` passes two functions of the engine: they are called back directly, without a promise in between.
    if (typeof onValue === 'function' && typeof onThrow === 'function') {
      return performAsync(this, onValue, onThrow) as PromiseLike<A | B> // their results
    }
    return performAsPromise(this).then(onValue, onThrow)
  }

  /** As an observable: each subscription performs the operation, and unsubscribing withdraws the operation. */
  subscribe(observer: Observer<T> | ((value: T) => void)): Unsubscribable {
    return subscribe(this, observer)
  }

  [Symbol.iterator](): this & Iterator<never, T, unknown> {
    if (queue.isWatched) performs(this)
    return this
  }

  // Each class of a hot operation repeats this body, word for word (next-copies.test.ts). V8 keeps the types that a call
  // has met with its source text: a copy calls the `poll` of one class, and V8 compiles that in place; the call below
  // meets the classes of all other operations (a free mutex in a program of ten kinds: 26 → 20 ns).
  next(_received?: unknown): IteratorResult<never, T> {
    if (!begins(arguments.length)) return continued(this, arguments.length)
    const value = this.poll()
    return value === PENDING || --queue.operations.left <= 0 ? suspended(this, value) : { done: true, value }
  }

  /** Called when the generator that waits here is unwound. */
  return(value?: unknown): IteratorResult<never, T> {
    if (descent.end !== null) descent.end()
    return { done: true, value: value as T } // by the iterator protocol
  }
}

const noParts: readonly Operation<unknown>[] = []

void Object.defineProperty(Operation.prototype, OPERATION, { value: true })
installObservable(Operation.prototype)

export function isOperation(value: unknown): value is Operation<unknown> {
  return typeof value === 'object' && value !== null && (value as { [OPERATION]?: true })[OPERATION] === true // to look
}

/** Throws TypeError unless the value is an operation of the package. */
export function checkOperation(where: string, value: unknown): Operation<unknown> {
  if (isOperation(value)) return value
  throw mistyped(where, 'an operation', value)
}

/** An operation that waits as its inner operation does, and changes the result. */
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
  override undo(waiter: Waiter, turn: number): void {
    this.inner.undo(waiter, turn)
  }
  override refusal(ctx: Limit): unknown {
    return this.inner.refusal(ctx)
  }
  override parts(): readonly Operation<unknown>[] {
    return [this.inner]
  }
  describe(): string {
    return this.inner.describe()
  }
}

export class Mapped<T, U> extends Wrapped<T, U> {
  constructor(
    inner: Operation<T>,
    protected readonly f: (value: T) => U,
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

/** The end of the limit (a context, a timeout) and the operation, in this order: a choice of two that results in the second. */
class Within<T> extends Operation<T> {
  private readonly _ops: readonly [Operation<unknown>, Operation<T>]

  constructor(
    inner: Operation<T>,
    private readonly ctx: Limit,
    done: Operation<unknown>,
  ) {
    super()
    this._ops = [done, inner]
  }

  poll(): T | Pending {
    const { ctx } = this
    if (ctx.err()._tag === 'Some' || this._ops[0].poll() !== PENDING) {
      this._ops[1].decline()
      throw cutOff(ctx, this, false)
    }
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
      if (winner.index === 0) throw cutOff(this.ctx, this, true)
      return this._ops[1].finish(winner)
    } finally {
      releaseCase(winner)
    }
  }

  override undo(waiter: Waiter, turn: number): void {
    const winner = waiter.raw as Case // a settled case
    winner.operation.undo(winner, turn)
    releaseCase(winner)
  }

  override parts(): readonly Operation<unknown>[] {
    return isOperation(this._ops[0]) ? this._ops : [this._ops[1]]
  }

  describe(): string {
    return this._ops[1].describe()
  }
}
