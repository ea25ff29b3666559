/** A message of a delivery on its way to be stored, as the operation that the slot of the delivery performs. */
import { Operation, PENDING, type Failure, type Pending, type Waiter } from '../../../runtime/internal.js'
import { NOTHING } from '../../../operators/internal.js'
import type { Delivery, Envelope } from '../delivery.js'
import type { Unstored } from './batch-publisher.js'
import type { InOrder, KeyOrder } from './key-order.js'

/** The way of the publications of a stage. */
interface Way<T, M> {
  readonly order: KeyOrder
  send(publication: Publication<T, M>): void
}

export class Publication<T, M> extends Operation<Delivery<T>> implements Unstored<M>, InOrder {
  turn = 0
  isWithdrawn = false
  private _waiter: Waiter | null = null
  private _outcome: Failure | typeof NOTHING | null | undefined = undefined

  constructor(
    readonly delivery: Envelope<T>,
    readonly key: string | null,
    readonly message: M,
    private readonly _way: Way<T, M>,
  ) {
    super()
  }

  /** Its turn has come. */
  send(): void {
    const { refusal } = this.delivery.right
    if (refusal === null) this._way.send(this)
    else this.givenUp(refusal) // an earlier message of its key was given up while it waited
  }

  holds(): boolean {
    return this.isWithdrawn || this._way.order.holds(this)
  }

  settled(failure: Failure | null): void {
    if (failure === null) {
      this._end(null)
      this._way.order.over(this.delivery, this.key)
    } else if (this._way.order.refused(this)) this._end(failure)
  }

  /** The message can never be stored. */
  givenUp(cause: unknown): void {
    if (!this.delivery.right.isSettled) this.delivery.reject(cause)
    this._end(NOTHING) // the engine knows it: the delivery has left
  }

  private _end(outcome: Failure | typeof NOTHING | null): void {
    this._outcome = outcome
    this._waiter?.settle(undefined)
  }

  poll(): Delivery<T> | Pending {
    return this._outcome === undefined ? PENDING : this._result()
  }
  park(waiter: Waiter): void {
    this._waiter = waiter
  }
  withdraw(): void {
    this._waiter = null
    this.isWithdrawn = true
  }
  override finish(): Delivery<T> {
    return this._result()
  }
  describe(): string {
    return 'publish'
  }

  private _result(): Delivery<T> {
    const { _outcome: outcome } = this
    if (outcome === NOTHING) return NOTHING as never // only the engine sees it
    if (outcome !== null && outcome !== undefined) throw outcome.error
    return this.delivery
  }
}
