/**
 * The window of a link: how many values may lie between its sides. It starts at one and doubles while the taker finds the link dry, up
 * to what is taken in 4 ms: so several threads over one channel of jobs do not hoard.
 *
 * Always true: credit given and not used, and values that arrived and were not taken, are together at most the window.
 */

/** ms that the values in a window last, by the pace of late. */
const WORTH = 4
/** The largest window. */
export const MOST = 1024

export class Window {
  private _size = 1
  /** Credit that was given and not used. */
  private _given: number
  private _taken = 0
  private _since: number

  constructor(
    first: number,
    private readonly _now: () => number,
    private readonly _most: number = MOST,
  ) {
    this._given = first
    this._since = _now()
  }

  /** Values have arrived. */
  arrived(n: number): void {
    this._given -= n
  }

  /** A value was taken; `held` have arrived and wait. Returns the credit to give now. */
  took(held: number): number {
    this._taken++
    return this._given + held <= this._size >> 1 ? this._credit(held) : 0
  }

  /** The taker finds nothing. Returns the credit to give now. */
  dry(held: number): number {
    if (this._taken >= this._size) this._grow()
    return this._credit(held)
  }

  private _grow(): void {
    const now = this._now()
    const each = (now - this._since) / this._taken
    const lasting = each > 0 ? Math.ceil(WORTH / each) : this._most
    this._size = Math.max(1, Math.min(this._size * 2, lasting, this._most))
    this._taken = 0
    this._since = now
  }

  private _credit(held: number): number {
    const credit = this._size - this._given - held
    if (credit <= 0) return 0
    this._given += credit
    return credit
  }
}
