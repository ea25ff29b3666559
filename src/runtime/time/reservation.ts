import { Waiter } from '../operation/waiter.js'
import type { Timers } from '../scheduler/timers.js'

/** Reserved tokens. */
export interface Reservation {
  /** False where the tokens will never be available, or not in time: then nothing is reserved. */
  readonly ok: boolean
  /** ms until the tokens are available; 0 for now, Infinity for never. */
  delay(): number
  /** Gives the tokens back, unless their time has passed, or later reservations count on them. */
  cancel(): void
}

/** The part of a rate limiter that a reservation needs. */
export interface Reserving {
  /** Cancels `n` tokens that were promised for the time `at`; the reservation is null where it has left the queue. */
  restore(n: number, at: number, reservation: Waiter | null): void
}

/** A reservation is a waiter in the limiter's queue until its tokens are granted. */
export class TokenReservation extends Waiter implements Reservation {
  private _isQueued = true
  private _isCanceled = false

  constructor(
    private readonly _bucket: Reserving,
    private readonly _n: number,
    /** When the tokens are available: as promised when the reservation was made, also where it has moved up since. */
    private readonly _at: number,
    private readonly _timers: Timers,
  ) {
    super()
  }

  get ok(): boolean {
    return this._at !== Infinity
  }

  delay(): number {
    return Math.max(0, this._at - this._timers.now())
  }

  cancel(): void {
    if (!this.ok || this._isCanceled || this._timers.now() > this._at) return
    this._isCanceled = true
    this._bucket.restore(this._n, this._at, this.raw !== undefined && this._isQueued ? this : null)
  }

  settle(): void {
    this._isQueued = false
  }
}
