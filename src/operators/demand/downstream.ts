/** How a source or stage of ours speaks to what is below: within the scope that it was subscribed under, and in its turn. */
import type { Subscriber } from 'rxjs'
import type { Runnable } from '../../runtime/internal.js'
import { PileUp } from './pile-up.js'
import { fly } from './stage-trail.js'
import { currentScope, lay, type Demand, type OuterSource, type Scope } from './scope.js'

export class Outlet<T> implements OuterSource {
  readonly scope: Scope = currentScope()
  readonly demand: Demand = this.scope.demand
  /** Laid while it emits: a source that is subscribed to meanwhile finds its outer source there. */
  private readonly _laid: Scope
  /** Null until one of its items leads to an inner source. */
  private _pileUp: PileUp | null = null
  /** The outer source whose item led to this source. */
  private readonly _outer: OuterSource | null
  private _isEnding = false

  /** Made while the subscription is made. A source that obeys demand claims it, until the subscriber leaves. */
  constructor(
    private readonly subscriber: Subscriber<T>,
    paces = true,
  ) {
    const { scope, demand } = this
    if (!paces) {
      this._laid = scope
      this._outer = null
      return
    }
    const { ctx, name, letters, leaving, outer } = scope
    this._laid = { demand, ctx, name, letters, leaving, outer: this }
    demand.claims++
    const owner = (this._outer = outer === null || demand.turn === 0 ? null : outer.begins())
    subscriber.add(() => {
      demand.claims--
      owner?.ended()
    })
  }

  /** A source is subscribed to in this one's turn: the inner source of its item, or, at its end, of an item that was kept. */
  begins(): OuterSource | null {
    if (this._isEnding || this.subscriber.closed) {
      this._outer?.beginsAtEnd()
      return this._outer
    }
    if (this.demand.foreman === null) return null
    this._pileUp ??= new PileUp(this.demand)
    this._pileUp.begins()
    return this
  }

  beginsAtEnd(): void {
    this._pileUp?.beginsAtEnd()
  }

  ended(): void {
    this._pileUp?.ended()
  }

  get isClosed(): boolean {
    return this.subscriber.closed
  }

  get isOpen(): boolean {
    return this.demand.isOpen
  }

  /** Calls `source` when there is demand again. */
  wait(source: Runnable): void {
    this.demand.wait(source)
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
    if (this._pileUp !== null) this._pileUp.emitted()
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
    this.demand.turn++
    return lay(this._laid)
  }

  leave(before: Scope | null): void {
    this.demand.turn--
    lay(before)
  }
}
