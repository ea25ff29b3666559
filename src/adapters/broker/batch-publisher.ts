/**
 * Publishing by batches: messages that wait while a call is under way go out together with the next.
 *
 * Always true: one call is under way at a time, so that messages are stored in the order in which they were given.
 */
import { chan, go, type Op } from '../../runtime/index.js'
import type { Failure } from '../../runtime/internal.js'

/** A message that is not stored yet. */
export interface Unstored<M> {
  readonly message: M
  /** Null: the message is stored. */
  settled(failure: Failure | null): void
}

export abstract class BatchPublisher<M> {
  private readonly _waiting: Unstored<M>[] = []
  private _isRunning = false

  /** How many of the messages, from the first on, go out in one call: at least 1. */
  protected abstract sizeOf(waiting: readonly Unstored<M>[]): number

  /** Stores the messages, and settles each. An error that this throws is that of all of them. */
  protected abstract store(batch: readonly Unstored<M>[]): Generator<never, void>

  /** Completes when the message is stored. */
  publish(message: M): Op<void> {
    const stored = chan<Failure | null>(1)
    this._waiting.push({ message, settled: (failure) => void stored.trySend(failure) })
    if (!this._isRunning) {
      this._isRunning = true
      go(() => this._run())
    }
    return stored.receive().map((answer) => {
      if (answer._tag === 'Some' && answer.value !== null) throw answer.value.error
    })
  }

  private *_run(): Generator<never, void> {
    while (this._waiting.length > 0) {
      const batch = this._waiting.splice(0, this.sizeOf(this._waiting))
      try {
        yield* this.store(batch)
      } catch (error) {
        for (const one of batch) one.settled({ error })
      }
    }
    this._isRunning = false
  }
}
