/**
 * The places that a pipeline has for messages of a queue, and the calls that take messages for them.
 *
 * Always true:
 * - asked, less those that calls under way may bring, is what the next call may ask for; held and coming never exceed the window;
 * - where there is place for many, two calls are under way, each for half of them: the server takes one half while this process has the
 *   other;
 * - a call that has found less than it could take says that there is nothing, unless there was news meanwhile.
 */

/** A call for this number of messages, or fewer, has no other beside it. */
const ALONE = 32

export class Takes {
  private _asked = 0
  private _coming = 0
  private _news = 0
  /** There may be a message that can be taken. */
  mayHave = true
  isStopped = false

  constructor(
    private readonly _window: number,
    /** The messages that are held. */
    private readonly _held: { readonly size: number },
  ) {}

  request(n: number): void {
    this._asked += n
  }

  /** One of the messages that were asked for is there. */
  delivered(): void {
    this._asked = Math.max(0, this._asked - 1)
  }

  /** There may be messages that a call under way has not seen. */
  hasNews(): void {
    this.mayHave = true
    this._news++
  }

  get isFull(): boolean {
    return this._held.size >= this._window
  }

  get places(): number {
    return this.isStopped ? 0 : Math.min(this._asked, this._window - this._held.size) - this._coming
  }

  private get _share(): number {
    return Math.max(ALONE, Math.ceil(Math.min(this._asked + this._held.size, this._window) / 2))
  }

  /** Whether there is place for a second call while another is under way. */
  get isBeside(): boolean {
    return this._coming > 0 && this.mayHave && this.places >= this._share
  }

  /** Makes a call for `most` messages. `end` is its news where it has found less than it could take, else null. */
  *take<M>(
    call: (most: number) => Generator<never, readonly M[]>,
  ): Generator<never, { readonly taken: readonly M[]; readonly end: number | null }> {
    const [most, news] = [Math.min(this.places, this._share), this._news]
    this._coming += most
    try {
      const taken = yield* call(most)
      return { taken, end: taken.length < most ? news : null }
    } finally {
      this._coming -= most
    }
  }

  /** A call has ended. `isMore`: there may be more, also where it has found less than it could take. */
  ended(end: number | null, isMore: boolean): void {
    if (end === null) this.mayHave = true
    else if (this._news === end) this.mayHave = isMore
  }
}
