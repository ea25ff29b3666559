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
 * - a read that waits brings no message: it says that there is one;
 * - the state has the number of entries up to the mark: what the stream has had beyond them, and has no more, was deleted unread.
 */
import { Ring } from '../../runtime/internal.js'
import { LogSession, type Claimed, type Grant } from '../broker/internal.js'
import { isAway, translated, type Asking, type Server } from './client.js'
import { EntryPosition, entryOf, isBefore, offsetOf } from './entry.js'
import type { Members } from './members.js'
import { tagged } from './keys.js'
import { Reader } from './reader.js'
import { BEAT, CLAIM, MARK, MARK_AND_PULL, PULL, RELEASE } from './log-scripts.js'
import type { Script } from './scripts.js'

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

/** A message that was read. */
interface Sent {
  readonly offset: number
  readonly id: string
  /** The number of the message in this ownership: the first is 1. */
  readonly n: number
}

/** ms between two looks of a source that waits for its turn. */
const TURN = 250

export class LogWay extends LogSession {
  private _lastId = '0-0'
  private _last = -1
  /** The messages above the mark. */
  private readonly _sent = new Ring<Sent>()
  /** To be acknowledged. */
  private _mark: Sent | null = null
  /** The messages that were read in this ownership. */
  private _read = 0
  /** The entries before these, with those that were deleted; null where that is not known. */
  private _before: number | null = null
  private readonly _keys: readonly string[]
  private readonly _reader: Reader

  constructor(private readonly _parts: LogParts) {
    const { server, stream, group, poll } = _parts
    super({ owner: poll, other: Math.min(poll, TURN) }, (cause) => _parts.fail(cause))
    this._keys = [stream, stateKeyOf(stream, group)]
    this._reader = new Reader(server, stream)
  }

  acknowledge(offset: number): void {
    for (let first = this._sent.first; first !== undefined && first.offset <= offset; first = this._sent.first) {
      this._mark = first
      this._sent.shift()
    }
    if (this._mark !== null) this.session.wake()
  }
  override *close(): Generator<never, void> {
    this._reader.close()
    yield* super.close()
  }

  protected prepare(): Generator<never, unknown> {
    return this._parts.server.check()
  }

  protected get hasMark(): boolean {
    return this._mark !== null
  }

  protected get places(): number {
    return this.isLeaving ? 0 : Math.min(this.wanted, this._parts.window - this._sent.size)
  }

  protected *sendClaim(): Generator<never, Claimed | null> {
    const { server, partition, members, owner, lease, group } = this._parts
    if (!(yield* members.hasTurn(partition))) return null
    const granted = yield* server.eval(CLAIM, this._keys, [owner, Math.ceil(lease), group])
    if (granted === null) return null
    const [floor, rounds, epoch, count, missed] = server.rows(granted)
    this._lastId = String(floor)
    this._read = 0
    this._before = Number(count) < 0 ? null : Number(count)
    if (Number(missed) > 0) this.driver?.missed(Number(missed))
    return { epoch: Number(epoch), grant: { floor: offsetOf(this._lastId), rounds: Number(rounds), continues: false } }
  }

  protected begun({ floor }: Grant): void {
    this._mark = null
    while (this._sent.size > 0) this._sent.shift()
    this._last = floor
  }

  protected *sendPull(): Generator<never, boolean> {
    const { owner, lease } = this._parts
    const most = this.places
    return yield* this._pulled(PULL, [owner, this.epoch, this._lastId, most, Math.ceil(lease)], most)
  }

  /** The script says that the owner reads on, and up to which id. Returns false where another owns the partition. */
  private *_pulled(script: Script, args: readonly (string | number)[], most: number): Generator<never, boolean> {
    const { server, stream } = this._parts
    const read: Asking = { command: 'xrange', args: [stream, `(${this._lastId}`, '+', 'COUNT', most] }
    const [to, entries] = yield* server.together([{ script, keys: this._keys, args }, read])
    if (to === null) return false
    const rows = server.rows(entries).map((row) => server.rows(row))
    const noted = rows.filter(([id]) => !isBefore(String(to), String(id))) // those that came after the script are for the next
    if (rows.length === most || noted.length < rows.length) this.mayHave = true
    for (const row of noted) this._arrived(row)
    return true
  }

  private _arrived(row: readonly unknown[]): void {
    const { server, log, partition } = this._parts
    const [id, fields] = row
    const { id: lastId, value, key, headers, payload, unreadable } = server.read(entryOf(id, fields), row)
    const position = new EntryPosition(log, partition, lastId)
    this.wanted--
    this._lastId = lastId
    this._last = Math.max(this._last + 1, position.offset) // with very many ids in one ms
    this._sent.push({ offset: this._last, id: lastId, n: ++this._read })
    this.driver?.arrived({ offset: this._last, time: position.time, position, value, key, headers, payload, unreadable })
  }

  /** Waits at the server until there is a message to pull. */
  protected override awaitMessages(): void {
    const { stream, poll, server } = this._parts
    if (this._reader.isWaiting || this.isLeaving) return
    const args = ['COUNT', 1, 'BLOCK', Math.max(1, Math.ceil(poll)), 'STREAMS', stream, this._lastId]
    this._reader.wait('xread', args, {
      replied: (reply) => {
        if (reply === null) return
        this.mayHave = true
        this.session.wake()
      },
      failed: (cause) => {
        if (!isAway(cause)) this.session.fail(translated(server.where, cause)) // else the poll looks
      },
    })
  }

  protected *sendMark(): Generator<never, boolean> {
    const { server, owner, group, lease, removes } = this._parts
    const { id, n } = this._mark as Sent // it has one
    this._mark = null // a later one is said by the next call
    const args = [owner, this.epoch, id, group, removes ? 1 : 0, this._before === null ? -1 : this._before + n, this._lastId]
    const most = this.mayHave && !this.isReleaseDue ? this.places : 0
    if (most <= 0) return (yield* server.eval(MARK, this._keys, args)) === 1
    this.mayHave = false
    return yield* this._pulled(MARK_AND_PULL, [...args, most, Math.ceil(lease)], most)
  }

  protected *sendBeat(): Generator<never, { isOwner: boolean; handsOver: boolean }> {
    const { server, partition, members, owner, lease } = this._parts
    const hasTurn = yield* members.keepsTurn(partition)
    const past = yield* server.eval(BEAT, this._keys, [owner, this.epoch, Math.ceil(lease), this._lastId])
    if (past !== null && Number(past) >= 0) this._compare(Number(past))
    return { isOwner: past !== null, handsOver: !hasTurn }
  }

  /** `past`: the entries up to the last that was read, with those after it that were deleted. */
  private _compare(past: number): void {
    const before = past - this._read
    const missed = this._before === null ? 0 : before - this._before
    this._before = before
    if (missed > 0) this.driver?.missed(missed)
  }

  protected *sendRelease(): Generator<never, void> {
    const { server, owner, members } = this._parts
    yield* server.eval(RELEASE, this._keys, [owner, this.epoch])
    if (this.isLeaving) yield* members.leave()
  }
}
