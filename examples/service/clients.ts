/** A rate limiter for each client. */
import { rateLimiter, type RateLimiter } from 'millrace'

/** The client has sent too many requests: it may come back after `retryAfter` seconds. */
export class TooManyRequestsError extends Error {
  override readonly name = 'TooManyRequestsError'
  readonly retryAfter = 1
}

/** Clients whose limiters are kept: a limiter that is forgotten begins with a full bucket. */
const KEPT = 10_000

export class ClientLimits {
  private readonly _limiters = new Map<string, RateLimiter>()

  constructor(private readonly _perSecond: number) {}

  /** Takes a token of the client. Throws TooManyRequestsError where there is none. */
  enter(client: string): void {
    const limiter = this._limiters.get(client) ?? rateLimiter(this._perSecond, this._perSecond)
    this._limiters.delete(client) // the client of the last request is the last
    this._limiters.set(client, limiter)
    const [oldest] = this._limiters.keys()
    if (this._limiters.size > KEPT) this._limiters.delete(oldest)
    if (!limiter.allow()) throw new TooManyRequestsError(`${client} has sent more than ${this._perSecond} requests in a second`)
  }
}
