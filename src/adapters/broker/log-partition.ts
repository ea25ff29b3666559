/**
 * One partition of a log, as a driver of `fromPull`: owned by one process at a time, settled up to a mark.
 *
 *     waits ──granted──▶ owned ──handOver──▶ hands over ──nothing is open──▶ released ──▶ waits
 *       ▲                  └──revoked: the contexts of its messages end ──▶ waits
 *
 * Always true:
 * - the mark moves over messages of the present ownership only, and never backwards;
 * - a message that comes twice within one ownership is emitted once: the second is no news, its place is free again, and
 *   the mark is said again, for the acknowledgement may be lost;
 * - with each beat the mark is said again, so that a lost acknowledgement holds nothing up;
 * - where the partition was taken over twice at the same floor, one message is under way at a time until the messages are
 *   past that were under way: a message that ends its process is found, and counts its rounds.
 */
import { withCancel, type CancelContext } from '../../runtime/index.js'
import { queue, QueuedTimer, type Runnable } from '../../runtime/internal.js'
import { positionOf, type Position } from './delivery.js'
import type { Lease, PullDriver } from './lease.js'
import { Mark, type MarkEntry } from './mark.js'
import { StoredMessage, type LogRecord, type MessageParts } from './stored-message.js'

/** An ownership begins. */
export interface Grant {
  /** The last offset that is settled. */
  readonly floor: number
  /** The number of times that the partition was taken over at this floor; the first is 1. */
  readonly rounds: number
  /** Nobody else has owned it since the last grant: what is held is held rightly. */
  readonly continues: boolean
}

/** The way to the broker, for one partition. */
export interface LogLink {
  /** Stands in the line for the ownership. */
  claim(): void
  pull(n: number): void
  /** Everything up to `offset` is settled. */
  acknowledge(offset: number): void
  /** The owner lives, and everything up to `floor` is settled. */
  beat(floor: number): void
  /** Lets the ownership go, or leaves the line. */
  release(): void
  /** As `release`, for good. May return work that is waited for. */
  close(): unknown
}

export interface LogPartitionOptions {
  readonly source: string
  readonly partition: number
  /** ms between two beats of the owner. */
  readonly beat: number
  /** The most messages that may be under way in the broker's view. */
  readonly window: number
}

/** The partition was taken by another process. */
export class RevokedError extends Error {
  override readonly name = 'RevokedError'
  constructor(
    readonly source: string,
    readonly partition: number,
  ) {
    super(`${source}/${partition} is owned by another process now`)
  }
}

interface LogParts<T> extends MessageParts<T> {
  readonly record: LogRecord<T>
  readonly entry: MarkEntry
}

class LogMessage<T> extends StoredMessage<T, LogParts<T>> {
  constructor(
    private readonly _partition: LogPartition<T>,
    parts: LogParts<T>,
    attempt: number,
  ) {
    super(parts, attempt)
  }

  settled(how: 'done' | 'retry' | 'returned', after: number): void {
    this._partition.settled(this, how, after)
  }
}

export class LogPartition<T> implements PullDriver, Runnable {
  private _isOwned = false
  private _isHandingOver = false
  private _isStopped = false
  private _mark = new Mark(-1)
  private _last = -1
  private _rounds = 1
  /** Messages that come one at a time still, as one of them may have ended the processes of the last owners. */
  private _suspects = 0
  /** Places that are free, and for which nothing was asked of the broker. */
  private _wanted = 0
  /** Asked of the broker, and not here yet. */
  private _asked = 0
  /** The floor of the last grant. */
  private _floor = -1
  private _willSay = false
  private _ctx: CancelContext | null = null
  private _hasClaimed = false
  private readonly _beats: QueuedTimer
  /** Messages that come again after their pause. */
  private readonly _retries = new Set<QueuedTimer>()

  constructor(
    private readonly _lease: Lease<T>,
    private readonly _link: LogLink,
    private readonly _options: LogPartitionOptions,
  ) {
    this._beats = new QueuedTimer(null, () => this._beat())
  }

  readonly scope = null

  get isOwned(): boolean {
    return this._isOwned
  }
  /** Messages that are under way. */
  get open(): number {
    return this._mark.open
  }
  get isFull(): boolean {
    return this._isCautious ? this._mark.open > 0 : this._mark.above >= this._options.window
  }

  request(n: number): void {
    this._wanted += n
    if (!this._hasClaimed) {
      this._hasClaimed = true
      this._link.claim()
    }
    this._pull()
  }

  private get _isCautious(): boolean {
    return this._suspects > 0
  }

  private _pull(): void {
    if (!this._isOwned || this._isHandingOver || this._isStopped) return
    const n = this._isCautious ? (this._mark.open + this._asked > 0 ? 0 : Math.min(1, this._wanted)) : this._wanted
    if (n === 0) return
    this._wanted -= n
    this._asked += n
    this._link.pull(n)
  }

  granted({ floor, rounds, continues }: Grant): void {
    if (this._isStopped) return
    this._wanted += this._asked
    this._asked = 0
    if (!continues || this._ctx === null) {
      this._forget()
      this._mark = new Mark(floor)
      this._last = this._floor = floor
      this._rounds = rounds
      this._suspects = rounds > 1 ? this._options.window : 0
      this._ctx = withCancel(this._lease.ctx)
    }
    this._isOwned = true
    this._isHandingOver = false
    this._beats.start(this._options.beat)
    this._pull()
  }

  arrived(record: LogRecord<T>): void {
    if (!this._isOwned) return
    if (this._asked > 0) this._asked--
    if (record.offset <= this._last) {
      this._say()
      this._lease.returned(1)
      return this._pull()
    }
    const isFirst = this._last === this._floor // of a takeover
    this._last = record.offset
    const entry = this._mark.began(record.offset)
    const ctx = this._ctx as CancelContext // set by `granted`
    this._lease.deliver(new LogMessage(this, { record, position: this._positionOf(record), entry, ctx }, isFirst ? this._rounds : 1))
  }

  private _positionOf({ position, offset, time }: LogRecord<T>): Position {
    const { source, partition } = this._options
    return position ?? positionOf(source, partition, offset, time)
  }

  /** Called by a message, once. */
  settled(message: LogMessage<T>, how: 'done' | 'retry' | 'returned', after: number): void {
    const { ctx, entry } = message.parts
    if (ctx !== this._ctx) return
    if (how === 'done') this._done(entry)
    else if (how === 'retry') this._again(message, after)
  }

  private _done(entry: MarkEntry): void {
    if (this._suspects > 0) this._suspects--
    if (this._mark.done(entry)) this._say()
    if (this._isHandingOver && this._mark.open === 0) this._letGo()
    else this._pull()
  }

  private _again(message: LogMessage<T>, after: number): void {
    const timer = new QueuedTimer(null, () => {
      this._retries.delete(timer)
      this._lease.again(new LogMessage(this, message.parts, message.attempt + 1))
    })
    this._retries.add(timer)
    timer.start(after)
  }

  /** Marks that move in one turn are said together. */
  private _say(): void {
    if (this._willSay) return
    this._willSay = true
    queue.push(this)
  }

  run(): void {
    this._willSay = false
    if (!this._isOwned) return
    this._link.acknowledge(this._mark.floor)
  }

  private _beat(): void {
    if (!this._isOwned) return
    this._beats.start(this._options.beat)
    this._link.beat(this._mark.floor)
  }

  /** The server has deleted messages above the floor before they were read. */
  missed(n: number): void {
    const { source, partition } = this._options
    this._lease.missed(n, `${source}/${partition}`)
  }

  returned(n: number): void {
    this._asked = Math.max(0, this._asked - n)
    this._wanted += n
    this._pull()
  }

  /** The connection was lost, and is there again: the broker may have forgotten who owns what. Messages that are held stay held. */
  reconnected(): void {
    this._wanted += this._asked
    this._asked = 0
    this._isOwned = false
    if (this._hasClaimed && !this._isStopped) this._link.claim()
  }

  /** The ownership is lost: the contexts of its messages end, and their settlement has no effect. */
  revoked(): void {
    if (this._ctx === null && !this._isOwned) return
    this._wanted += this._asked
    this._asked = 0
    this._isOwned = this._isHandingOver = false
    this._forget()
    if (!this._isStopped) this._link.claim()
  }

  private _forget(): void {
    const { source, partition } = this._options
    this._beats.stop()
    for (const timer of this._retries) timer.stop()
    this._retries.clear()
    this._ctx?.cancel(new RevokedError(source, partition))
    this._ctx = null
  }

  /** Another process is to own it: what is under way is settled first. */
  handOver(): void {
    if (!this._isOwned || this._isHandingOver) return
    this._isHandingOver = true
    if (this._mark.open === 0) this._letGo()
  }

  private _letGo(): void {
    this._link.acknowledge(this._mark.floor)
    this._isOwned = this._isHandingOver = false
    this._wanted += this._asked
    this._asked = 0
    this._forget()
    this._link.release()
    if (!this._isStopped) this._link.claim()
  }

  stop(): void {
    this._isStopped = true
  }

  close(): unknown {
    this._isStopped = true
    if (this._isOwned) this._link.acknowledge(this._mark.floor)
    this._isOwned = false
    this._forget()
    return this._link.close()
  }
}
