/** A bounded number of requests at work, and a bounded number that wait. Beyond both a request is shed. */
import { semaphore, type Context, type Routine, type Semaphore } from 'millrace'

/** The service is full: the client may come back after `retryAfter` seconds. */
export class ShedError extends Error {
  override readonly name = 'ShedError'
  readonly retryAfter = 1
}

export class Admission {
  private readonly _slots: Semaphore
  private readonly _most: number
  private _inside = 0

  constructor(slots: number, queue: number) {
    this._slots = semaphore(slots)
    this._most = slots + queue
  }

  /** Waits for a slot, and performs the work in it. Throws ShedError where the queue is full. */
  *admit<R>(ctx: Context, work: (ctx: Context) => Routine<R>): Generator<never, R> {
    if (this._inside === this._most) throw new ShedError('the service is full')
    this._inside++
    try {
      using _slot = yield* this._slots.acquire().within(ctx)
      return yield* work(ctx)
    } finally {
      this._inside--
    }
  }
}
