/**
 * The one source of chance in the runtime: xorshift32 (Marsaglia, 2003). A select draws from it, so it has to be cheap (2 ns, Math.random 8),
 * and to start from a seed where a schedule is to be replayed.
 */
export class Random {
  private _state: number

  constructor(seed: number) {
    this._state = seed | 0 || 0x9e3779b9
  }

  /** A whole number from 0 up to, but not including, `n`; `n` up to 2^31. */
  below(n: number): number {
    let x = this._state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this._state = x
    // The product's high part, not a remainder: no division, and no bias worth the name for the few cases of a select.
    return Math.floor((x >>> 0) * 2.3283064365386963e-10 * n)
  }
}
