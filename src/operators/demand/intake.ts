/**
 * The upper end of a stage: its subscription to the source, and the intake, where items arrive and wait for a slot.
 *
 *     stage ──subscribeUntil──▶ Upstream ──subscribe, under the scope──▶ operators of RxJS ──▶ source
 *       ◀──next, error, complete──┘                ◀── items, in the turn of the source ──┘
 *
 * `Upstream` is a subscriber of RxJS in its own right, not an observer behind one, so an item goes from the operator above
 * to the stage in one call.
 *
 * An overflow of the stack while a stage subscribes: where `concat`, `merge` or `defer` are nested some thousand deep, their
 * subscription does not fit on the stack. Each operator on the way back catches the RangeError and passes it on, with
 * hardly any stack left, to a subscriber that may have stopped meanwhile: then RxJS loses the error, and the pipeline
 * would wait forever. So an error that arrives with hardly any stack left is not handled there, and an error that arrives
 * at a stopped subscriber, for which RxJS reads its configuration, is noticed. The pipeline fails when the subscription
 * returns.
 *
 * Always true:
 * - the stage receives items and ends in the async context of the pipeline, whatever code emits them, and nothing after
 *   the first end;
 * - the configuration of RxJS has an accessor exactly while a stage subscribes, and keeps its value;
 * - by default no item is lost: an item that finds no free slot waits in a ring;
 * - items wait only while every slot is in use, or an item before them waits.
 */
import { config, Subscriber, Subscription, throwError, type Observable, type Observer } from 'rxjs'
import { queue, Ring } from '../../runtime/internal.js'
import { Demand, depth, STAGE, type DemandOwner, type InnerSources } from './demand.js'
import { HeldError, passedBy } from './errors.js'
import { checkRow, descriptionOf, under, withDemand, type Scope } from './scope.js'
import { PileUp, type Sign, type StageNotes, type UnpacedError } from './unpaced.js'

/** Frames without which no error is handled. */
const ROOM = 1000

/** Stages that subscribe at this moment, and the overflows that none of them has reported. */
let subscribing = 0
let overflows = 0
let isWatching = false

class Upstream<T> extends Subscriber<T> {
  private _hasEnded = false

  constructor(
    private readonly _demand: Demand,
    private readonly _stage: Observer<T>,
  ) {
    super()
  }

  /** A source of the package emits in a turn, which is in the async context of the pipeline. Others emit in that of any code. */
  override next(value: T): void {
    if (this.isStopped) super.next(value)
    else if (this._demand.turn === 0) this._atHome(() => this._stage.next(value))
    else
      try {
        this._stage.next(value)
      } catch (cause) {
        unhandled(cause)
      }
  }

  override error(cause: unknown): void {
    if (this.isStopped) return super.error(cause)
    this.isStopped = true
    if (subscribing === 0 || hasRoom()) this._end(() => this._stage.error(cause))
    else {
      overflows++
      this.unsubscribe()
    }
  }

  override complete(): void {
    if (this.isStopped) return super.complete()
    this.isStopped = true
    this._end(() => this._stage.complete())
  }

  private _end(f: () => void): void {
    this._hasEnded = true
    try {
      this._atHome(f)
    } finally {
      this.unsubscribe()
    }
  }

  /** Calls the stage in the async context of the pipeline. A throw is an unhandled error, as in every subscriber of RxJS. */
  private _atHome(f: () => void): void {
    const { scope, turn } = this._demand
    const home = turn > 0 ? null : (scope ?? queue.neutral)
    try {
      if (home === null) f()
      else home.runInAsyncScope(f)
    } catch (cause) {
      unhandled(cause)
    }
  }

  /** Subscribes. An overflow of the stack that no operator has passed on fails the stage, unless `until` was unsubscribed. */
  subscribeTo(source: Observable<T>, scope: Scope, until: Subscription): void {
    const before = overflows
    if (!isWatching) watchStopped()
    subscribing++
    try {
      under({ ...scope, subscriber: this }, () => source.subscribe(this))
    } finally {
      subscribing--
    }
    if (overflows === before) return
    overflows = before
    if (this._hasEnded) return
    this.unsubscribe()
    if (!until.closed) this._end(() => this._stage.error(new RangeError(OVERFLOW)))
  }
}

/**
 * Subscribes under the scope, until `until` is unsubscribed. That takes effect at once, while the source emits: a plain
 * `subscribe` returns only when a foreign source that emits synchronously has emitted everything, and it may have no
 * end. A row of operators that does not fit on the stack is refused here, since RxJS would lose that RangeError.
 */
export function subscribeUntil<T>(until: Subscription, scope: Scope, source: Observable<T>, stage: Observer<T>): void {
  const between = operatorsAbove(source)
  const operators = between + STAGE
  scope.demand.operators = Math.max(scope.demand.operators, operators)
  depth.descend(operators, () => {
    const upstream = new Upstream(scope.demand, stage)
    try {
      checkRow(between)
      const leaving = new Subscription(() => depth.descend(operators, () => upstream.unsubscribe()))
      upstream.add(leaving)
      until.add(leaving)
      if (!upstream.closed) upstream.subscribeTo(source, scope, until)
    } catch (cause) {
      upstream.error(cause)
    }
  })
}

/** The operators up to the next stage that holds items, or source. */
function operatorsAbove(source: Observable<unknown>): number {
  let count = 0
  for (let at = source; ; count++) {
    const description = descriptionOf(at)
    if (description !== undefined && description.holds > 0) return count
    const { source: above } = description ?? (at as { source?: Observable<unknown> }) // the operators of RxJS have this field
    if (above === undefined) return count
    at = above
  }
}

/** Reports an error as RxJS does where a subscriber throws. */
function unhandled(cause: unknown): void {
  throwError(() => cause).subscribe()
}

const OVERFLOW =
  'millrace: the stack overflowed as the pipeline was subscribed to: concat, merge or defer are nested too deep; use a loop in fromGoroutine, concatMap over an iterable, or a stage that holds items, such as queue(1), between them'

/**
 * Counts, while a stage subscribes, the notifications to stopped subscribers for which the stack has no room: RxJS
 * reads this setting for each. To define the property for each subscription would cost more than the subscription.
 */
function watchStopped(): void {
  isWatching = true
  const before = Object.getOwnPropertyDescriptor(config, 'onStoppedNotification') // an accessor where another copy of the package is loaded
  let hook = config.onStoppedNotification
  Object.defineProperty(config, 'onStoppedNotification', {
    configurable: true,
    enumerable: true,
    get: () => {
      if (subscribing > 0 && !hasRoom()) overflows++
      return before?.get === undefined ? hook : (before.get.call(config) as typeof hook) // the same property
    },
    set: (value: typeof hook) => {
      hook = value
      before?.set?.call(config, value)
    },
  })
}

function hasRoom(): boolean {
  try {
    return descend(ROOM) === ROOM
  } catch {
    return false
  }
}

/** Adds to its own result: JavaScriptCore gives a call in tail position no frame. */
function descend(frames: number): number {
  return frames === 0 ? 0 : 1 + descend(frames - 1)
}

/** Items missing when an item arrives at last, before a warning. */
const MANY_MISSING = 10_000

export class Intake<T> implements DemandOwner {
  readonly demand: Demand
  /** The name of the stage, with the names of the parts around it. */
  readonly name: string
  private readonly _waiting = new Ring<T>()
  /** Items that arrived outside a turn since an item last arrived in a turn. */
  private _late = 0
  /** Slots that the stage uses at present: an adaptive pool sets it. */
  limit: number | undefined = undefined
  /** Items that have arrived. */
  arrived = 0
  /** Slots in use; counted by the stage. */
  used = 0

  constructor(
    private readonly notes: StageNotes,
    readonly slots: number,
    private readonly _below: Scope,
  ) {
    this.demand = new Demand(this, _below.demand.scope)
    this.name = _below.name === '' ? notes.name : `${_below.name}/${notes.name}`
  }

  /** Items that wait for a slot. */
  get size(): number {
    return this._waiting.size
  }

  get depth(): number {
    return this.used + this._waiting.size
  }

  /** Subscribes to the source with this demand in the scope, until `until` is unsubscribed. */
  connect(until: Subscription, source: Observable<T>, stage: Observer<T>): void {
    subscribeUntil(until, withDemand(this._below, this.demand), source, stage)
  }

  /** To be called first for an error from above, which gets this stage in its trail. The stage holds the error. */
  failed(cause: unknown): HeldError {
    const { demand } = this
    demand.failure ??= { error: cause }
    return new HeldError(passedBy(cause, this), demand.failsWithCopy)
  }

  /** To be called first when the source has completed. */
  completed(): void {
    this.demand.isComplete = true
  }

  /** To be called first for each item. Returns the error that ends the pipeline, if there is one. */
  look(): UnpacedError | null {
    const { demand } = this
    this.arrived++
    if (demand.turn === 0) return this._lookOutsideTurn()
    const missing = demand.unseen - 1 // this item is counted as well
    demand.unseen = this._late = 0
    if (!demand.isOpen) return this.saw('closed')
    return missing < MANY_MISSING ? null : this.saw('missing')
  }

  private _lookOutsideTurn(): UnpacedError | null {
    const { demand } = this
    this._late++
    if (!this.notes.isSparse && demand.unseen >= this._late && (this._late > this.slots || !demand.isOpen)) return this.saw('late')
    return demand.isOpen ? null : this.saw('closed')
  }

  /** An item that finds no free slot waits; or this item, or another, is lost. */
  keep(value: T): void {
    const { overflow } = this.notes
    const isFull = this._waiting.size >= this.slots
    if (overflow === 'drop-newest' && isFull) return
    if (overflow === 'drop-oldest' && isFull) this._waiting.shift()
    this._waiting.push(value)
  }

  /** The item that has waited longest; only while `size` is above 0. */
  take(): T {
    return this._waiting.shift() as T // `size` is above 0
  }

  /** A sign that something above ignores backpressure. Returns the error that ends the pipeline, if there is one. */
  saw(sign: Sign, items?: number): UnpacedError | null {
    return this.notes.see(sign, this.name, items)
  }

  innerBegan(demand: Demand): InnerSources {
    this.notes.unseen ??= 'the inner sources of operators above it'
    return new PileUp(demand)
  }
}
