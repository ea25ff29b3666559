/**
 * Publishing by batches: messages that wait while a call is under way go out together with the next.
 *
 * Always true:
 * - at most `calls` are under way at a time, one by default, and never two with messages of one line: those are stored in the order in
 *   which they were given;
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
  private _turns = 0
  private _running = 0
  /** The lines of the messages that are under way, where there are several calls. */
  private readonly _underWay = new Set<string>()
  /** A further call has found that all waiting messages are of lines under way. */
  private _isStuck = false

  /** The most calls at a time. */
  protected readonly calls: number = 1
  /** Where this many messages wait, a further call goes out beside those that are under way. */
  protected readonly many: number = 128

  /** How many of the messages, from the first on, go out in one call: at least 1. */
  protected abstract sizeOf(waiting: readonly Unstored<M>[]): number

  /**
   * Stores the messages, and settles each; a message behind a refused one of its key is not stored, and given again by `add`. An error
   * that this throws is that of all of them.
   */
  protected abstract store(batch: readonly Unstored<M>[]): Generator<never, void>

  /** Messages of a line are stored in their order, and those of null in any. Asked where several calls are made at a time. */
  protected lineOf(_message: M): string | null {
    return null
  }

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
    const isFurther = this._running > 0
    if (isFurther && (this._running >= this.calls || waiting.length < this.many || this._isStuck)) return
    this._running++
    go(() => this._run(isFurther))
  }

  private *_run(isFurther: boolean): Generator<never, void> {
    let batch = this._next()
    this._isStuck = isFurther && batch.length === 0
    for (; batch.length > 0; batch = this._next()) {
      const lines = this._linesOf(batch)
      for (const line of lines) this._underWay.add(line)
      try {
        yield* this.store(batch)
      } catch (error) {
        for (const one of batch) one.settled({ error })
      }
      for (const line of lines) this._underWay.delete(line)
      this._isStuck = false
      yield* this._refilled()
    }
    this._running--
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
    const waiting = this._waiting.filter((one) => !one.holds())
    this._waiting = waiting
    if (waiting.length === 0) return waiting
    if (this._underWay.size === 0) return waiting.splice(0, this.sizeOf(waiting))
    const free = waiting.filter(({ message }) => !this._isUnderWay(message))
    const batch = free.length === 0 ? free : free.slice(0, this.sizeOf(free))
    const taken = new Set(batch)
    this._waiting = waiting.filter((one) => !taken.has(one))
    return batch
  }

  private _isUnderWay(message: M): boolean {
    const line = this.lineOf(message)
    return line !== null && this._underWay.has(line)
  }

  private _linesOf(batch: readonly Unstored<M>[]): readonly string[] {
    if (this.calls === 1) return []
    return batch.map(({ message }) => this.lineOf(message)).filter((line) => line !== null)
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
