/**
 * The only random numbers of the runtime: xorshift32 (Marsaglia, 2003). Each select draws from the generator, so a draw
 * has to be cheap (2 ns, Math.random 8), and the generator starts from a seed where a schedule is replayed.
 */

/** Orders of this size and wider share a place, because few selects are that wide. */
const WIDE = 256

export class Random {
  private _state: number
  private readonly _orders = new Array<number[] | undefined>(WIDE + 1).fill(undefined)

  /** Without a seed, the first draw takes one from the host: edge hosts refuse random numbers while modules are evaluated. */
  constructor(seed?: number) {
    this._state = seed === undefined ? 0 : stateFrom(seed)
  }

  /** A whole number from 0 up to, but not including, `n`; `n` up to 2^31. */
  below(n: number): number {
    let x = this._state || stateFrom(Math.random() * 2 ** 32) // 0 is no state of xorshift
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this._state = x
    // The product's high part, not a remainder: no division, and no bias worth the name for the few cases of a select.
    return Math.floor((x >>> 0) * 2.3283064365386963e-10 * n)
  }

  /**
   * The numbers below `n` in some order, to draw from. Every order is an equally good start, so an order is kept for
   * the next draw; while a caller has it, a second caller gets another. A new generator has no orders, so its seed
   * replays.
   */
  takeOrder(n: number): number[] {
    const place = Math.min(n, WIDE)
    const order = this._orders[place]
    if (order === undefined || order.length !== n) return Array.from({ length: n }, (_, i) => i)
    this._orders[place] = undefined
    return order
  }

  giveBackOrder(order: number[]): void {
    this._orders[Math.min(order.length, WIDE)] = order
  }
}

function stateFrom(seed: number): number {
  return seed | 0 || 0x9e3779b9
}
