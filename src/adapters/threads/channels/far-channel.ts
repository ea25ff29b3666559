/**
 * A channel of the other side, in a thread. Receiving waits here, for values that come for credit, which the first receive asks for: a
 * channel that the thread only sends to takes none from the receivers of the other side.
 *
 * Always true: the count in shared memory is that of the values that were taken here.
 */
import type { Op } from '../../../runtime/index.js'
import { Channel, CLOSED, PENDING, type Pending, type WaitQueue } from '../../../runtime/internal.js'
import { areShared } from '../wire/words.js'
import { CREDIT, FIRST_CREDIT, TAKEN, type LinkSpec, type Post } from './link.js'
import type { FarEnd } from './far-end.js'
import { Outlet } from './outlet.js'
import { MOST, Window } from './window.js'

export class FarChannel<T> extends Channel<T> {
  private readonly _window: Window
  readonly outlet: Outlet<T>
  override readonly send = (value: T): Op<void> => this.outlet.send(value)
  override readonly trySend = (value: T): boolean => this.outlet.offer(value)
  private _isReleased = false
  /** Holds this channel while it has waiters; null where nothing is collected. */
  end: FarEnd | null = null
  private _isWatched = false

  constructor(
    private readonly _spec: LinkSpec,
    private readonly _post: Post,
    now: () => number,
    most: number = MOST,
  ) {
    super(MOST, null)
    this._window = new Window(0, now, most)
    this.outlet = new Outlet(_post, FIRST_CREDIT, this)
  }

  // Who waits or leaves asks for the queue.
  override get receivers(): WaitQueue {
    this.used()
    return super.receivers
  }

  override closed(): Op<void> {
    this._isWatched = true // from now on it is held
    this.used()
    return super.closed()
  }

  used(): void {
    this.end?.used(this as FarChannel<unknown>) // it only looks for waiters
  }

  get hasWaiters(): boolean {
    return this._isWatched || super.receivers.first !== null || this.outlet.hasWaiters
  }

  override take(): T | typeof CLOSED | Pending {
    const value = super.take()
    if (value === PENDING) this._give(this._window.dry(0))
    else if (value !== CLOSED) this._took()
    return value
  }

  override giveBack(value: T, turn: number): void {
    if (this._isReleased) return // the other side has it
    const isTakenAgain = super.receivers.first !== null
    if (!isTakenAgain) Atomics.sub(this._spec.taken, 0, 1)
    super.giveBack(value, turn)
  }

  private _took(): void {
    Atomics.add(this._spec.taken, 0, 1)
    this._give(this._window.took(this.size))
  }

  private _give(credit: number): void {
    if (credit === 0 || this._isReleased) return
    this._postTaken()
    this._post(CREDIT, credit)
  }

  private _postTaken(): void {
    const { taken } = this._spec
    if (!areShared(taken)) this._post(TAKEN, taken[0])
  }

  /** Values have come. */
  values(values: readonly T[]): void {
    if (this._isReleased) return
    this.used()
    for (const value of values) {
      this._window.arrived(1) // one by one: the credit that a receiver gives below must count those that follow
      const isTaken = super.receivers.first !== null
      super.offer(value)
      if (isTaken) this._took()
    }
  }

  /** No more values come. */
  ends(cause: unknown): void {
    if (!this._isReleased) super.close(cause)
  }

  override get isClosed(): boolean {
    return this.outlet.isClosed || super.isClosed
  }

  override close(cause?: unknown): void {
    this.outlet.close(cause)
  }

  /** Its job has ended: what was not taken is the other side's again. */
  release(): void {
    if (this._isReleased) return
    while (super.take() !== PENDING && !this.isDrained);
    this._isReleased = true
    this._postTaken()
    const cause = new Error('the channel was an argument of a job that has ended')
    if (!super.isClosed) super.close(cause)
    this.outlet.shut(cause)
  }
}
