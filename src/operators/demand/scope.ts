/**
 * The scope: a record of everything that holds below a source or stage. RxJS's `subscribe` carries no demand, so a
 * stage publishes a scope while it subscribes upward, and a source that is reached through operators which subscribe
 * synchronously picks it up. `Downstream` is the part of a source or stage that emits to its subscriber. Of RxJS's
 * internals two fields are read, `source` and `destination`; where they are missing, nothing breaks. A description says
 * of a source or stage what is known without a subscription.
 *
 *     stage:  under(withDemand(scope, demand), () => source.subscribe(…))
 *     source: new Downstream(subscriber) picks the scope up, and claims its demand
 *     source: downstream.next(item) publishes the scope again, for a source that concatMap or concat subscribes to
 *
 * Always true:
 * - the current scope is the scope of the innermost subscription, turn or relay on the stack; outside them it is null;
 * - code of the user runs with no scope published, so a pipeline that runs inside a worker has a scope of its own;
 * - whatever publishes a scope restores the scope before it, also when it throws.
 */
import { Observable, type Subscriber, type Subscription } from 'rxjs'
import { background, withoutCancel, type Context, type Schedule, type Sender } from '../../runtime/index.js'
import { queue, type Failure, type Runnable, type Spawned } from '../../runtime/internal.js'
import { Demand, DemandWaiter, depth, type DemandOwner, type InnerSources } from './demand.js'
import { failedAfterEnd, HeldError, passDown, type DeadLetter } from './errors.js'

/** The goroutines that a run waits for, and its async iterators that return: see `PendingCleanup`. */
export interface CleanupList {
  add(goroutine: Spawned): void
  /** The promise of an iterator's `return`, which never rejects. */
  closing(end: Promise<unknown>): void
  /** Calls `f` when the run has unsubscribed from everything. Returns a function that takes `f` out. */
  over(f: () => void): () => void
  /** The error of the run, for the parts that are unsubscribed from because of it. */
  readonly failure: Failure | null
}

export interface Scope {
  readonly demand: Demand
  readonly ctx: Context
  /** The name that `named` gives to the part above it; empty without `named`. */
  readonly name: string
  /** The channel of `catchTo` and the schedule of `retryEach`, for items whose work fails. */
  readonly deadLetters: Sender<DeadLetter> | null
  readonly retries: Schedule | null
  /** Goroutines that must end before the run ends. */
  readonly cleanup: CleanupList | null
  /** The nearest stage below that subscribes again: `retryWith`, `repeatWith`. */
  readonly rounds: Resubscribing | null
  /** The source that emits at this moment: a source subscribed to meanwhile is an inner source of it. */
  readonly outer: OuterSource | null
  /** Stages with branches below that pass results on at once: the number of branches within one another. */
  readonly nested: number
  /** The subscriber of the stage or run that published the scope; null in a run that has not subscribed. */
  readonly subscriber: Subscriber<never> | null
}

/** A stage that subscribes to everything above it in rounds. */
export interface Resubscribing {
  /** The stage is between two rounds. */
  readonly willSubscribe: boolean
  /** Queues `watcher` to run if its subscriber leaves. */
  watch(watcher: Runnable): void
}

/** A source whose items may lead to inner sources. */
export interface OuterSource {
  /** A source is subscribed to while this source emits. Returns the outer source of the new source. */
  begins(): OuterSource | null
  /** An inner source begins as another ends. */
  beginsAtEnd(): void
  /** An inner source has ended. */
  ended(): void
}

const key = Symbol.for('millrace.scope.v4') // one cell for the process, even where two copies of the package are loaded
const shared = globalThis as { [key]?: { current: Scope | null } } // only Millrace uses this symbol
const scopes = (shared[key] ??= { current: null })

/** The scope published by the nearest stage below, at the moment of subscription; else a demand that is always open. */
export function currentScope(): Scope {
  return scopes.current ?? scopeOfRun(background, null, null)
}

/** The scope of a run: a demand that is always open. */
export function scopeOfRun(ctx: Context, cleanup: CleanupList | null, owner: DemandOwner | null): Scope {
  const none = { name: '', deadLetters: null, retries: null, rounds: null, outer: null, nested: 0, subscriber: null }
  return { ...none, demand: new Demand(owner), ctx, cleanup }
}

/** The scope that a stage publishes upward: everything that holds below it, and its own demand. */
export function withDemand({ ctx, name, deadLetters, retries, cleanup, rounds }: Scope, demand: Demand): Scope {
  return { demand, ctx, name, deadLetters, retries, cleanup, rounds, outer: null, nested: 0, subscriber: null }
}

/**
 * The current scope, for a source or stage with this subscriber. Behind a `share` others may subscribe, and stay when
 * the first has left: so the context does not end with the context of the first, only when the last subscriber leaves.
 */
export function scopeFor(subscriber: Subscriber<unknown>): Scope {
  const scope = currentScope()
  const between = operatorsBetween(subscriber, scope.subscriber)
  if (between !== null) checkRow(between)
  return scope.ctx === background || between !== null ? scope : { ...scope, ctx: withoutCancel(scope.ctx) }
}

/**
 * The number of operators between a source and the stage below. Null where others than plain operators of RxJS stand
 * between: each keeps its subscriber in `destination`, and in a `share` that field holds a Subject.
 */
function operatorsBetween(subscriber: Subscriber<unknown>, below: Subscriber<never> | null): number | null {
  if (below === null) return 0
  let count = 0
  let at: unknown = subscriber
  // `destination` may be a field of any object
  for (; at !== below && typeof at === 'object' && at !== null; count++) at = (at as { destination?: unknown }).destination
  return at === below ? count : null
}

/** Operators without a place for items that fit on the stack: a stage above them is entered from a shallower place. */
const MOST_OPERATORS = 800

/** Throws RangeError for a row of operators that does not fit on the stack. */
export function checkRow(operators: number): void {
  if (operators > MOST_OPERATORS)
    throw new RangeError(
      `millrace: ${operators} operators in a row, more than ${MOST_OPERATORS}, do not fit on the stack; put a stage that holds items, such as queue(1), between them`,
    )
}

/** Runs `f` with the scope published; with null for code of the user. */
export function under<R>(scope: Scope | null, f: () => R): R {
  const before = publish(scope)
  try {
    return f()
  } finally {
    scopes.current = before
  }
}

/** `under` by hand, for loops that publish a scope once for many items. Returns the scope to restore. */
export function publish(scope: Scope | null): Scope | null {
  const before = scopes.current
  scopes.current = scope
  return before
}

/** Facts about a source or stage without a subscription: for `bounds`, `graph` and `refuse`. */
export interface Description {
  readonly name: string
  /** The most items held; Infinity where nothing bounds them. */
  readonly holds: number
  /** The overflow policy, unless a full stage pauses its source. */
  readonly policy?: string
  readonly source?: Observable<unknown>
  /** The sources of a stage that has several. */
  readonly sources?: readonly unknown[]
  /** Not a stage: a name for the part above it. */
  readonly isPart?: boolean
  /** The parts it builds while it runs, of which nothing is known without a subscription. */
  readonly unseen?: string
  /** The stage as it was written down: runs note in it the unseen parts that they meet. */
  readonly notes?: { readonly unseen: string | null }
  /** The pipelines within the stage, built on `root`. */
  readonly branches?: (root: Observable<never>) => readonly Observable<unknown>[]
  /** The pipeline is never subscribed to: it fails, or with null completes, at once. */
  readonly refused?: (failure: Failure | null) => void
}

/** A pipeline for each request makes many of them: a WeakMap of descriptions would cost more than the observables. */
class Described<T> extends Observable<T> {
  constructor(
    readonly description: Description,
    subscribe: (subscriber: Subscriber<T>) => (() => void) | Subscription | void,
  ) {
    super(subscribe)
  }
}

/** An observable with a description. `subscribe` runs for each subscriber, and returns what to do when it leaves. */
export function described<T>(
  description: Description,
  subscribe: (subscriber: Subscriber<T>) => (() => void) | Subscription | void,
): Observable<T> {
  return new Described(description, subscribe)
}

export function descriptionOf(observable: Observable<unknown>): Description | undefined {
  return observable instanceof Described ? observable.description : undefined
}

/** The part of a source or stage that emits to its subscriber: in a turn, with the scope published. */
export class Downstream<T> implements OuterSource {
  readonly scope: Scope
  readonly demand: Demand
  private readonly _operators: number
  /** The scope to publish while the source or stage emits. */
  private readonly _published: Scope
  private readonly _outer: OuterSource | null
  /** Null until an item leads to an inner source. */
  private _inner: InnerSources | null = null
  private _waiter: DemandWaiter | null = null
  private _isEnding = false

  /** To be created during the subscription. A source that honors demand claims it, until the subscriber leaves. */
  constructor(
    private readonly subscriber: Subscriber<T>,
    honorsDemand = true,
  ) {
    const scope = (this.scope = scopeFor(subscriber))
    const demand = (this.demand = scope.demand)
    this._operators = demand.operators
    if (!honorsDemand) {
      this._published = scope
      this._outer = null
      return
    }
    const { outer } = scope
    this._published = { ...currentScope(), demand, outer: this } // an inner source sees by itself whether it is shared
    demand.claims++
    const owner = (this._outer = outer === null || demand.turn === 0 ? null : outer.begins())
    subscriber.add(() => {
      demand.claims--
      this._withdraw()
      owner?.ended()
    })
  }

  private _withdraw(): void {
    if (this._waiter !== null) this.demand.withdraw(this._waiter)
  }

  get isClosed(): boolean {
    return this.subscriber.closed
  }

  /** False also in a turn that is too deep: a source or stage that waits then goes on from the run queue. */
  get isOpen(): boolean {
    return this.demand.isOpen && !depth.isDeep
  }

  /** Runs `source`, the source or stage it belongs to, when there is demand. */
  wait(source: Runnable): void {
    this.demand.wait((this._waiter ??= new DemandWaiter(source)))
  }

  next(value: T): void {
    const before = this.enter()
    try {
      this.emit(value)
    } finally {
      this.leave(before)
    }
  }

  /** Between `enter` and `leave`: for loops that emit many items. */
  emit(value: T): void {
    this.demand.emitted()
    this.subscriber.next(value)
    if (this._inner !== null) this._inner.emitted()
  }

  /** `isCopy`: a stage with branches has the error as well, and reports it. */
  error(cause: unknown, isCopy = false): void {
    if (this.subscriber.closed) return isCopy ? undefined : failedAfterEnd(cause, 'a source or stage after its end')
    this._isEnding = true
    if (depth.isDeep) {
      const held = new HeldError(cause)
      return queue.push({ scope: this.demand.scope, run: () => this.error(held.release(), isCopy) })
    }
    const before = this.enter()
    this.demand.failsWithCopy = isCopy
    try {
      passDown(cause, this.subscriber)
    } finally {
      this.demand.failsWithCopy = false
      this.leave(before)
    }
  }

  complete(): void {
    this._isEnding = true
    if (depth.isDeep) return queue.push({ scope: this.demand.scope, run: () => this.complete() })
    const before = this.enter()
    try {
      this.subscriber.complete()
    } finally {
      this.leave(before)
    }
  }

  /** Begins a turn. Returns the scope to hand to `leave`. */
  enter(): Scope | null {
    this.demand.turn++
    depth.enter(this._operators)
    return publish(this._published)
  }

  leave(before: Scope | null): void {
    this.demand.turn--
    depth.leave(this._operators)
    publish(before)
  }

  begins(): OuterSource | null {
    if (this._isEnding || this.subscriber.closed) {
      this._outer?.beginsAtEnd()
      return this._outer
    }
    const { owner } = this.demand
    if (owner === null) return null
    this._inner ??= owner.innerBegan(this.demand)
    this._inner.begins()
    return this
  }

  beginsAtEnd(): void {
    this._inner?.beginsAtEnd()
  }

  ended(): void {
    this._inner?.ended()
  }
}
