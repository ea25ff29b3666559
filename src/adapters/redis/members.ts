/**
 * The members of a log: the sources that are subscribed to it, in all processes. The partitions are dealt to their sorted names in turn.
 */
import { time } from '../../runtime/internal.js'
import type { Server } from './client.js'
import { tagged } from './queue-driver.js'
import { SEEN } from './log-scripts.js'

/** ms for which a look at the members serves all partitions of a source. */
const FRESH = 50

export class Members {
  private _lookedAt = -Infinity
  private _names: readonly string[] = []
  private readonly _key: string

  constructor(
    private readonly _server: Server,
    log: string,
    group: string,
    private readonly _settings: { readonly member: string; readonly lease: number },
  ) {
    this._key = `${tagged(log)}:millrace:${group}:members`
  }

  /** Says that this member lives, and whether a partition is its own. */
  *hasTurn(partition: number): Generator<never, boolean> {
    const { member, lease } = this._settings
    const now = time.timers.now()
    if (now - this._lookedAt > FRESH) {
      this._lookedAt = now
      const names = this._server.rows(yield* this._server.eval(SEEN, [this._key], [member, Math.ceil(lease)]))
      this._names = names.map(String).sort()
    }
    return this._names[partition % this._names.length] === member
  }

  *leave(): Generator<never, void> {
    this._lookedAt = -Infinity
    yield* this._server.call('zrem', this._key, this._settings.member)
  }
}
