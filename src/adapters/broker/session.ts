/**
 * The work of a source at its server: one call after the other, in a goroutine of its own, which sleeps until it is woken.
 *
 *     wake() ──▶ step() until there is nothing to do ──▶ sleeps for `poll` ms, or until woken ──▶ …  ──closed, and nothing to do──▶ over
 */
import { after, chan, go, select, type Goroutine } from '../../runtime/index.js'

/** ms that the last calls may take. */
const FAREWELL = 2000

export interface SessionParts {
  /** ms between two looks without a notification. */
  readonly poll: number
  /** Does one thing that is to be done; false where there is nothing. */
  step(): Generator<never, boolean>
  /** The time of `poll` is over. */
  polled(): void
  fail(cause: unknown): void
}

export class Session {
  private _isClosed = false
  private _hasFailed = false
  private readonly _woken = chan<void>(1)
  private readonly _running: Goroutine<void>

  constructor(private readonly _parts: SessionParts) {
    const { _woken: woken } = this
    const isClosed = (): boolean => this._isClosed
    const fail = (cause: unknown): void => {
      this.fail(cause)
    }
    this._running = go(function* session() {
      try {
        for (;;) {
          if (yield* _parts.step()) continue
          if (isClosed()) return
          const chosen = yield* select({ woken: woken.receive(), poll: after(_parts.poll) })
          if (chosen.case === 'poll') _parts.polled()
        }
      } catch (cause) {
        fail(cause)
      }
    })
  }

  wake(): void {
    this._woken.trySend()
  }

  /** The source fails, once, unless it is closed: messages that were not settled come again then, as after a kill. */
  fail(cause: unknown): void {
    if (this._isClosed || this._hasFailed) return
    this._hasFailed = true
    this._parts.fail(cause)
  }

  /** Completes when nothing is to be done, or that has taken too long: another worker does it then, after the lease. */
  *close(): Generator<never, void> {
    this._isClosed = true
    this.wake()
    yield* select({ over: this._running.join(), late: after(FAREWELL) })
    this._running.cancel()
  }
}
