/**
 * The members of a log: the sources that are subscribed to it, in all processes. The partitions are dealt to their sorted names in turn.
 */
import { after, go, select, type Goroutine } from '../../runtime/index.js'
import { time, type Failure } from '../../runtime/internal.js'
import type { Server } from './client.js'
import { tagged } from './keys.js'
import { SEEN } from './log-scripts.js'

/** ms for which a look at the members serves all partitions of a source. */
const FRESH = 50
/** ms that the owner of a partition waits for a look: in a cluster the server of the members may be away, and that of the partition not. */
const LATE = 200

export class Members {
  private _lookedAt = -Infinity
  private _names: readonly string[] = []
  /** A look of an owner, which returns its failure. */
  private _looking: Goroutine<Failure | null> | null = null
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
    if (this._isDue) yield* this._look()
    return this._isTurn(partition)
  }

  /** As `hasTurn`, for the owner of the partition: by the last look, where the next one takes long. */
  *keepsTurn(partition: number): Generator<never, boolean> {
    if (this._looking !== null || this._isDue) {
      const looking = (this._looking ??= go(() => this._looked()))
      const { value: failure } = yield* select({ looked: looking.join(), late: after(LATE) })
      if (failure) throw failure.error
    }
    return this._isTurn(partition)
  }

  private get _isDue(): boolean {
    return time.timers.now() - this._lookedAt > FRESH
  }

  private _isTurn(partition: number): boolean {
    return this._names[partition % this._names.length] === this._settings.member
  }

  private *_look(): Generator<never, void> {
    const { member, lease } = this._settings
    this._lookedAt = time.timers.now()
    const names = this._server.rows(yield* this._server.eval(SEEN, [this._key], [member, Math.ceil(lease)]))
    this._names = names.map(String).sort()
  }

  private *_looked(): Generator<never, Failure | null> {
    try {
      yield* this._look()
      return null
    } catch (error) {
      return { error }
    } finally {
      this._looking = null
    }
  }

  *leave(): Generator<never, void> {
    this._lookedAt = -Infinity
    yield* this._server.call('zrem', this._key, this._settings.member)
  }
}
