/**
 * Go's `golang.org/x/time/rate` (rate.go, v0.14), line by line, with times in ms: the oracle for reservations and their cancels. Two
 * repairs, marked below: in Go, `lastEvent` moves back after a cancel has freed room, and a later cancel then restores more tokens than
 * were reserved (golang/go issue 69419 is of this kind). A second cancel of a reservation is not made.
 */
export interface GoReservation {
  readonly ok: boolean
  readonly tokens: number
  readonly timeToAct: number
}

export class GoLimiter {
  private tokens: number
  private last = 0
  private lastEvent = 0

  constructor(
    private readonly limit: number,
    private readonly burst: number,
  ) {
    this.tokens = burst
  }

  private tokensFromDuration(ms: number): number {
    return (ms / 1000) * this.limit
  }
  private durationFromTokens(tokens: number): number {
    return (tokens / this.limit) * 1000
  }
  private advance(t: number): number {
    const last = Math.min(this.last, t)
    return Math.min(this.burst, this.tokens + this.tokensFromDuration(t - last))
  }

  tokensAt(t: number): number {
    return this.advance(t)
  }

  reserveN(t: number, n: number, maxFutureReserve: number): GoReservation {
    const tokens = this.advance(t) - n
    const waitDuration = tokens < 0 ? this.durationFromTokens(-tokens) : 0
    const ok = n <= this.burst && waitDuration <= maxFutureReserve
    if (!ok) return { ok, tokens: 0, timeToAct: Infinity }
    this.last = t
    this.tokens = tokens
    this.lastEvent = Math.max(this.lastEvent, t + waitDuration) // Go: without `max`
    return { ok, tokens: n, timeToAct: t + waitDuration }
  }

  cancelAt(r: GoReservation, t: number): void {
    if (!r.ok || r.tokens === 0 || r.timeToAct < t) return
    const restoreTokens = r.tokens - Math.max(0, this.tokensFromDuration(this.lastEvent - r.timeToAct)) // Go: without `max`
    if (restoreTokens <= 0) return
    this.tokens = Math.min(this.burst, this.advance(t) + restoreTokens)
    this.last = t
    if (r.timeToAct === this.lastEvent) {
      const prevEvent = r.timeToAct - this.durationFromTokens(r.tokens)
      if (prevEvent >= t) this.lastEvent = prevEvent
    }
  }
}
