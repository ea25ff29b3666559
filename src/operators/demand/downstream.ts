/** How a source or stage of ours speaks to what is below: within the scope that it was subscribed under, and in its turn. */
import type { Subscriber } from 'rxjs'
import type { Runnable } from '../../runtime/internal.js'
import { Family } from './family.js'
import { fly } from './stage-trail.js'
import { currentScope, lay, type Demand, type Emitter, type Scope } from './scope.js'

export class Outlet<T> implements Emitter {
  readonly scope: Scope = currentScope()
  readonly demand: Demand = this.scope.demand
  /** Those that its items led to. */
  private _family: Family | null = null
  /** The family that it is a child of. */
  private _kin: Family | null = null
  private _isEnding = false
  /** Who emitted when this one's turn began; several turns of one may be nested. */
  private _turns = 0
  private _emitterBefore: Emitter | null = null

  /** To be made while the subscription is made. One who paces what it emits claims the demand, until the subscriber leaves. */
  constructor(
    private readonly subscriber: Subscriber<T>,
    paces = true,
  ) {
    if (!paces) return
    this.demand.claims++
    this._kin = this.demand.emitter?.leadsTo() ?? null
    subscriber.add(() => {
      this.demand.claims--
      this._family?.leave()
      this._kin?.ended()
    })
  }

  /** A source is subscribed to in this one's turn: the next item of it, or what follows it when it has ended. */
  leadsTo(): Family | null {
    if (this._isEnding || this.subscriber.closed) {
      this._kin?.bornAtEnd()
      return this._kin
    }
    if (!this.demand.seesArrivals) return null
    this._family ??= new Family(this.demand)
    this._family.bornInTurn()
    return this._family
  }

  get isClosed(): boolean {
    return this.subscriber.closed
  }

  /** There is demand, and what was emitted last was of use. */
  get isOpen(): boolean {
    return this.demand.isOpen && (this._family === null || !this._family.rests)
  }

  /** Calls `source` when that may have changed. */
  wait(source: Runnable): void {
    if (this._family?.rests === true) this._family.wait(source)
    else this.demand.wait(source)
  }

  next(value: T): void {
    const before = this.enter()
    try {
      this.emit(value)
    } finally {
      this.leave(before)
    }
  }

  /** Inside `enter` and `leave`: for loops that emit many. */
  emit(value: T): void {
    this.demand.emitted()
    this.subscriber.next(value)
    this._family?.emitted()
  }

  error(cause: unknown): void {
    this._isEnding = true
    const before = this.enter()
    try {
      fly(cause, (one) => this.subscriber.error(one))
    } finally {
      this.leave(before)
    }
  }

  complete(): void {
    this._isEnding = true
    const before = this.enter()
    try {
      this.subscriber.complete()
    } finally {
      this.leave(before)
    }
  }

  enter(): Scope | null {
    const { demand } = this
    demand.turn++
    if (this._turns++ === 0) {
      this._emitterBefore = demand.emitter
      demand.emitter = this
    }
    return lay(this.scope)
  }

  leave(before: Scope | null): void {
    const { demand } = this
    demand.turn--
    if (--this._turns === 0) {
      demand.emitter = this._emitterBefore
      this._emitterBefore = null
    }
    lay(before)
  }
}
