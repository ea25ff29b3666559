/**
 * The way of one partition of a log to its stream. The mark is the last id of the consumer group, so that the tools of Redis see it; the
 * owner is in a hash beside the stream, with a lease and an epoch.
 *
 *     claim ──nobody owns it, or the lease is over, and it is the turn of this member──▶ granted ──beats──▶ …
 *        ▲                                              ──it is the turn of another──▶ handed over ──┘
 *
 * Always true:
 * - a pull, a mark and a beat name the owner and the epoch; where they are another's, they change nothing, and the partition is revoked;
 * - at most `window` messages above the mark are under way;
 * - a read that waits brings no message: it says that there is one.
 */
import { Ring } from '../../runtime/internal.js'
import { Session, type LogLink, type LogPartition } from '../broker/internal.js'
import { isAway, translated, type Server } from './client.js'
import { EntryPosition, entryOf, offsetOf, timeOf } from './entry.js'
import type { Members } from './members.js'
import { tagged } from './queue-driver.js'
import { Reader } from './reader.js'
import { BEAT, CLAIM, MARK, PULL, RELEASE } from './log-scripts.js'

export interface LogParts {
  readonly server: Server
  /** The name of the log, and the stream of this partition. */
  readonly log: string
  readonly stream: string
  readonly partition: number
  readonly group: string
  readonly lease: number
  readonly window: number
  readonly poll: number
  readonly removes: boolean
  readonly members: Members
  /** The name of this owner, which no other has. */
  readonly owner: string
  fail(cause: unknown): void
}

/** The key of the owner of a partition: in the slot of its stream. */
export function stateKeyOf(stream: string, group: string): string {
  return `${tagged(stream)}:millrace:${group}:owner`
}

/** ms between two looks of a source that waits for its turn. */
const TURN = 250

export class LogWay implements LogLink {
  /** Set before the first claim. */
  driver: LogPartition<unknown> | null = null
  private _epoch = 0
  private _isOwner = false
  private _claims = false
  private _mayClaim = true
  private _wanted = 0
  private _mayHave = true
  private _lastId = '0-0'
  private _last = -1
  /** The messages above the mark. */
  private readonly _sent = new Ring<{ readonly offset: number; readonly id: string }>()
  /** To be acknowledged. */
  private _mark: string | null = null
  private _isBeatDue = false
  private _isReleaseDue = false
  private _isLeaving = false
  private readonly _keys: readonly string[]
  private readonly _reader: Reader
  private readonly _session: Session

  constructor(private readonly _parts: LogParts) {
    const { server, stream, group, poll } = _parts
    const isOwner = (): boolean => this._isOwner
    this._keys = [stream, stateKeyOf(stream, group)]
    this._reader = new Reader(server.client, server.where)
    this._session = new Session({
      get poll() {
        return isOwner() ? poll : Math.min(poll, TURN)
      },
      step: () => this._step(),
      polled: () => void (this._mayHave = this._mayClaim = true),
      fail: (cause) => _parts.fail(cause),
    })
  }

  claim(): void {
    this._claims = this._mayClaim = true
    this._session.wake()
  }
  pull(n: number): void {
    this._wanted += n
    this._session.wake()
  }
  acknowledge(offset: number): void {
    for (let first = this._sent.first; first !== undefined && first.offset <= offset; first = this._sent.first) {
      this._mark = first.id
      this._sent.shift()
    }
    if (this._mark !== null) this._session.wake()
  }
  beat(floor: number): void {
    this._isBeatDue = true
    this.acknowledge(floor)
    this._session.wake()
  }
  release(): void {
    this._claims = false
    this._isReleaseDue = true
    this._session.wake()
  }
  *close(): Generator<never, void> {
    this._isLeaving = true
    this.release()
    this._reader.close()
    yield* this._session.close()
  }

  private *_step(): Generator<never, boolean> {
    yield* this._parts.server.check()
    if (this._isOwner && this._mark !== null) yield* this._acknowledge(this._mark)
    else if (this._isReleaseDue) yield* this._release()
    else if (this._isOwner && this._isBeatDue) yield* this._beat()
    else if (!this._isOwner && this._claims && this._mayClaim) yield* this._claim()
    else if (this._isOwner && this._places > 0 && this._mayHave) yield* this._pull()
    else {
      if (this._isOwner && this._places > 0) this._wait()
      return false
    }
    return true
  }

  private get _places(): number {
    return this._isLeaving ? 0 : Math.min(this._wanted, this._parts.window - this._sent.size)
  }

  private *_claim(): Generator<never, void> {
    const { server, partition, members, owner, lease, group } = this._parts
    this._mayClaim = false
    if (!(yield* members.hasTurn(partition))) return
    const granted = yield* server.eval(CLAIM, this._keys, [owner, Math.ceil(lease), group])
    if (granted === null) return
    const [floor, rounds, epoch] = server.rows(granted)
    this._epoch = Number(epoch)
    if (!this._claims) return void (this._isReleaseDue = true)
    this._claims = false
    this._isOwner = this._mayHave = true
    this._wanted = 0
    this._mark = null
    while (this._sent.size > 0) this._sent.shift()
    this._lastId = String(floor)
    this._last = offsetOf(this._lastId)
    this.driver?.granted({ floor: this._last, rounds: Number(rounds), continues: false })
  }

  private *_pull(): Generator<never, void> {
    const { server, lease } = this._parts
    const most = this._places
    this._mayHave = false
    const entries = yield* server.eval(PULL, this._keys, [this._parts.owner, this._epoch, this._lastId, most, Math.ceil(lease)])
    if (entries === null) return this._lost()
    const rows = server.rows(entries)
    if (rows.length === most) this._mayHave = true
    for (const row of rows) this._arrived(row)
  }

  private _arrived(row: unknown): void {
    const { server, log, partition } = this._parts
    const [id, fields] = server.rows(row)
    const entry = server.read(entryOf(id, fields), row)
    this._wanted--
    this._lastId = entry.id
    this._last = Math.max(this._last + 1, offsetOf(entry.id)) // with very many ids in one ms
    this._sent.push({ offset: this._last, id: entry.id })
    this.driver?.arrived({
      ...entry,
      offset: this._last,
      time: timeOf(entry.id),
      position: new EntryPosition(log, partition, entry.id),
    })
  }

  /** Waits at the server until there is a message to pull. */
  private _wait(): void {
    const { stream, poll, server } = this._parts
    if (this._reader.isWaiting || this._isLeaving) return
    const args = ['COUNT', 1, 'BLOCK', Math.max(1, Math.ceil(poll)), 'STREAMS', stream, this._lastId]
    this._reader.wait('XREAD', args, {
      replied: (reply) => {
        if (reply === null) return
        this._mayHave = true
        this._session.wake()
      },
      failed: (cause) => {
        if (!isAway(cause)) this._session.fail(translated(server.where, cause)) // else the poll looks
      },
    })
  }

  private *_acknowledge(mark: string): Generator<never, void> {
    const { server, owner, group, removes } = this._parts
    const is = yield* server.eval(MARK, this._keys, [owner, this._epoch, mark, group, removes ? 1 : 0])
    if (this._mark === mark) this._mark = null
    if (is !== 1) this._lost()
  }

  private *_beat(): Generator<never, void> {
    const { server, partition, members, owner, lease } = this._parts
    this._isBeatDue = false
    const hasTurn = yield* members.hasTurn(partition)
    if ((yield* server.eval(BEAT, this._keys, [owner, this._epoch, Math.ceil(lease)])) !== 1) this._lost()
    else if (!hasTurn) this.driver?.handOver()
  }

  private *_release(): Generator<never, void> {
    const { server, owner, members } = this._parts
    this._isReleaseDue = false
    yield* server.eval(RELEASE, this._keys, [owner, this._epoch])
    this._isOwner = false
    if (this._isLeaving) yield* members.leave()
  }

  private _lost(): void {
    this._isOwner = false
    this._isBeatDue = false
    this._mark = null
    this._mayClaim = true
    this.driver?.revoked()
  }
}
