/**
 * The watch of a thread over its own event loop: whether anything but a message can make the thread go on.
 *
 *     busy ──calls wait, no message for 20 ms, or asked──▶ listening ──the loop is empty──▶ still, and reported
 *       ▲ ◀──────────── a message, code that runs ─────────────┴───────────────────────────────┘
 *
 * A report has the number of acts. An act is whatever may have changed something elsewhere: a batch that came or left, and code that
 * ran while the thread was still, which the host reports: shared memory wakes a thread without a message. So two reports with the same
 * number say that nothing ran between them.
 */
import { ASK, STILL, type Batch } from '../wire/batch.js'

/** The event loop of a thread. */
export interface ThreadLoop {
  /** Calls `f` once, when only a message can give the thread work; returns a function that calls it off. */
  whenEmpty(f: () => void): () => void
  /** Calls `f` before code runs that no message of the pool has called; returns a function that ends this. */
  onAct(f: () => void): () => void
  /** Calls `f` once after `ms`. */
  timer(ms: number, f: () => void): void
}

/** The thread behind the loop. */
export interface Watched {
  /** Calls have begun and wait. */
  isWaiting(): boolean
  /** A canceled call has not ended, or a module is being evaluated: a timer of the pool runs, so the thread is not still. */
  isTimed(): boolean
  /** The goroutines of the thread, as text. */
  dump(): string
  post(batch: Batch): void
}

/** ms without a message after which a thread looks whether it is still: a thread that is busy never looks. */
const QUIET = 20

export class Watch {
  private _acts = 0
  private _isAsked = false
  private _isTiming = false
  private _hasActed = false
  private _stopListening: (() => void) | null = null
  private _stopActs: (() => void) | null = null

  constructor(
    private readonly _loop: ThreadLoop,
    private readonly _thread: Watched,
  ) {}

  /** A batch has come. Returns whether it is a question of the pool, which the server does not see. */
  received(batch: Batch): boolean {
    if (batch[0] !== ASK) {
      this.acted()
      return false
    }
    this._isAsked = true
    if (!this._isTiming) this._listen()
    return true
  }

  /** The thread has done something that others may see. */
  acted(): void {
    this._acts++
    this._hasActed = true
    this._stopListening?.()
    this._stopActs?.()
    this._stopListening = this._stopActs = null
    if (!this._isTiming) this._look()
  }

  private _look(): void {
    this._isTiming = true
    this._hasActed = false
    this._loop.timer(QUIET, () => {
      this._isTiming = false
      if (this._hasActed) this._look()
      else if (this._isAsked || this._thread.isWaiting()) this._listen()
    })
  }

  private _listen(): void {
    if (this._thread.isTimed()) return // its end is an act
    this._stopListening ??= this._loop.whenEmpty(() => this._report())
  }

  private _report(): void {
    this._stopListening = null
    this._stopActs ??= this._loop.onAct(() => this.acted())
    const dump = this._isAsked ? this._thread.dump() : null
    this._isAsked = false
    this._thread.post([STILL, this._acts, dump])
  }
}
