/**
 * Publishing by batches: messages that wait while a call is under way go out together with the next.
 *
 * Always true:
 * - one call is under way at a time, so that messages are stored in the order in which they were given;
 * - waiting messages are sorted by their turns: a message that is given again stands before those that
 *   were first given later.
 */
import { chan, go, gosched, type Chan, type Op } from '../../../runtime/index.js'
import { queue, type Failure } from '../../../runtime/internal.js'

/** A message that is not stored yet. */
export interface Unstored<M> {
  readonly message: M
  /** Set by the publisher: the order in which messages were given. 0 before. */
  turn: number
  /** Whether it must not go out now, since an earlier message of its key was refused; it is given again then. */
  holds(): boolean
  /** Null: the message is stored. */
  settled(failure: Failure | null): void
}

/** The most turns of the run queue before the next call. */
const TURNS = 8

export abstract class BatchPublisher<M> {
  private _waiting: Unstored<M>[] = []
  private _isRunning = false
  private _turns = 0

  /** How many of the messages, from the first on, go out in one call: at least 1. */
  protected abstract sizeOf(waiting: readonly Unstored<M>[]): number

  /**
   * Stores the messages, and settles each; a message behind a refused one of its key is not stored, and given again by `add`. An error
   * that this throws is that of all of them.
   */
  protected abstract store(batch: readonly Unstored<M>[]): Generator<never, void>

  /** Completes when the message is stored. */
  publish(message: M): Op<void> {
    const stored = chan<Failure | null>(1)
    this.add(new Unordered(message, stored))
    return stored.receive().map((answer) => {
      if (answer._tag === 'Some' && answer.value !== null) throw answer.value.error
    })
  }

  /** Stores the message with one of the next calls. */
  add(one: Unstored<M>): void {
    const { _waiting: waiting } = this
    if (one.turn === 0) one.turn = ++this._turns
    let at = waiting.length
    while (at > 0 && waiting[at - 1].turn > one.turn) at--
    if (at === waiting.length) waiting.push(one)
    else waiting.splice(at, 0, one)
    if (this._isRunning) return
    this._isRunning = true
    go(() => this._run())
  }

  private *_run(): Generator<never, void> {
    for (let batch = this._next(); batch.length > 0; batch = this._next()) {
      try {
        yield* this.store(batch)
      } catch (error) {
        for (const one of batch) one.settled({ error })
      }
      yield* this._refilled()
    }
    this._isRunning = false
  }

  /**
   * Lets all that is ready run: the stage passes stored messages on, and the source emits for the places that are free. Without that every
   * other call has only the few messages that came while the last was under way.
   */
  private *_refilled(): Generator<never, void> {
    let turns = TURNS
    do yield* gosched()
    while (--turns > 0 && queue.size > 0)
  }

  private _next(): readonly Unstored<M>[] {
    this._waiting = this._waiting.filter((one) => !one.holds())
    return this._waiting.length === 0 ? this._waiting : this._waiting.splice(0, this.sizeOf(this._waiting))
  }
}

/** A message that waits for no other: a dead letter. */
class Unordered<M> implements Unstored<M> {
  turn = 0

  constructor(
    readonly message: M,
    private readonly _stored: Chan<Failure | null>,
  ) {}

  holds(): boolean {
    return false
  }
  settled(failure: Failure | null): void {
    this._stored.trySend(failure)
  }
}
