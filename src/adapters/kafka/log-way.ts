/**
 * The way of one partition of a topic to Kafka. The mark is the offset that the group has committed, so that the tools of Kafka see it.
 *
 *     assigned ──▶ granted, at the committed offset ──▶ reads, marks ──▶ given to another: hands over
 *                                                            all is settled and committed ──▶ released
 *
 * Always true:
 * - a commit names the epoch of the member, and changes nothing where the group has gone on without it: the partition is revoked then;
 * - at most `window` messages above the committed offset are delivered, settled or not: as many are repeated where the process ends, or
 *   its commits do not arrive; records that were read beyond them wait here, and are forgotten with the ownership;
 * - before the first message of an ownership is delivered, its commit says so: a message that ends its process is counted.
 */
import { listOffsetsV9 } from '@platformatic/kafka'
import { go } from '../../runtime/index.js'
import { isInstance, QueuedTimer, Ring } from '../../runtime/internal.js'
import { LogSession, type Claimed, type Grant, type LogRecord } from '../broker/internal.js'
import type { Cluster } from './cluster.js'
import { LostError } from './commits.js'
import { KafkaRefusedError, KafkaSetupError } from './errors.js'
import { NOT_ALLOWED, OUT_OF_RANGE, type Fetched } from './fetcher.js'
import { noteIn, noteText } from './mark-text.js'
import type { Membership, Part } from './membership.js'
import { recordsOf } from './record.js'

export interface LogParts {
  readonly cluster: Cluster
  readonly topic: string
  readonly partition: number
  readonly window: number
  readonly poll: number
  /** ms that a hand-over may take. */
  readonly handOver: number
  readonly membership: Membership
  fail(cause: unknown): void
}

const EARLIEST = -2n
const LATEST = -1n

export class LogWay extends LogSession implements Part {
  readonly partition: number
  /** The next offset to read. */
  private _position = 0
  /** The last offset that is settled. */
  private _mark = -1
  private _rounds = 1
  /** The offsets that are delivered, and not committed. */
  private readonly _sent = new Ring<number>()
  private _lastSent = -1
  /** The last commit. */
  private _said = { offset: -1, sent: -1 }
  /** The commits say that something of this ownership was delivered. */
  private _hasTold = false
  /** The offset with which the ownership began. */
  private _start = 0
  private _isSaying = false
  private _isBeat = false
  private _buffer = new Ring<LogRecord<unknown>>()
  private _isReading = false
  private _isOutOfRange = false
  /** The group has committed an offset, or records were read: it does not begin with the first that there is. */
  private _hasRead = false
  /** An answer to a read of an earlier ownership is forgotten. */
  private _grants = 0
  private readonly _handOver: QueuedTimer
  private _isHandingOver = false
  private _isTaken = false

  constructor(private readonly _parts: LogParts) {
    super({ owner: _parts.poll, other: _parts.poll }, (cause) => {
      _parts.membership.fail(cause)
    })
    this.partition = _parts.partition
    this._handOver = new QueuedTimer(null, () => {
      this._isTaken = true
      this.beat(-1)
    })
    _parts.membership.add(this)
  }

  fail(cause: unknown): void {
    this._parts.fail(cause)
  }

  changed(): void {
    this.look()
    super.beat(-1)
  }

  acknowledge(offset: number): void {
    this._mark = Math.max(this._mark, offset)
    if (this._isShort) this._parts.membership.commits.hurry()
    if (this.hasMark) this.session.wake()
  }
  override beat(floor: number): void {
    this._isBeat = true
    super.beat(floor)
  }
  override *close(): Generator<never, void> {
    yield* super.close()
    this._handOver.stop()
    yield* this._parts.membership.remove(this.partition)
  }

  protected prepare(): Generator<never, void> {
    return this._parts.membership.prepare()
  }

  /** Messages may soon have to wait for a commit. */
  private get _isShort(): boolean {
    return this._offset - this._said.offset > this._parts.window / 4
  }

  /** The offset to commit: beyond the mark there may be records that are no messages. */
  private get _offset(): number {
    return this._lastSent <= this._mark && this._buffer.size === 0 ? Math.max(this._position, this._mark + 1) : this._mark + 1
  }
  private get _sentTo(): number {
    return Math.max(this._lastSent + 1, this._offset)
  }

  protected get hasMark(): boolean {
    if (this._isSaying) return false
    return this._offset !== this._said.offset || (this._isBeat && this._sentTo !== this._said.sent)
  }

  protected get places(): number {
    return this.isLeaving ? 0 : Math.min(this.wanted, this._parts.window - this._sent.size)
  }

  /** Commits what is settled; false where the partition is lost. */
  private *_commit(sent = this._sentTo): Generator<never, boolean> {
    const { membership, partition } = this._parts
    const said = { offset: this._offset, sent }
    const rounds = said.offset === this._start ? this._rounds : 1
    try {
      yield* membership.commits.publish({ partition, offset: said.offset, text: noteText({ rounds, sent }), era: this.epoch })
    } catch (error) {
      if (isInstance(error, LostError)) return false
      throw error
    }
    this._said = said
    for (let first = this._sent.first; first !== undefined && first < said.offset; first = this._sent.first) this._sent.shift()
    return true
  }

  protected *sendClaim(): Generator<never, Claimed | null> {
    const { membership, partition } = this._parts
    if (!membership.isAssigned(partition)) return null
    const { era } = membership
    membership.hold(partition)
    try {
      const { offset, text } = yield* membership.committed(partition, era)
      const first = Math.max(0, offset)
      this._hasRead = offset >= 0
      const note = noteIn(text, first)
      const rounds = Math.max(1, note.sent > first ? note.rounds + 1 : note.rounds)
      return { epoch: era, grant: { floor: first - 1, rounds, continues: false } }
    } catch (error) {
      if (isInstance(error, LostError)) return null
      throw error
    }
  }

  protected begun({ floor, rounds }: Grant): void {
    this._grants++
    this._mark = this._lastSent = floor
    this._position = floor + 1
    this._rounds = rounds
    this._start = floor + 1
    this._said = { offset: floor + 1, sent: -1 }
    this._hasTold = false
    while (this._sent.size > 0) this._sent.shift()
    this._buffer = new Ring()
    this._isReading = this._isOutOfRange = this._isHandingOver = this._isTaken = false
    this._handOver.stop()
  }

  protected *sendPull(): Generator<never, boolean> {
    if (this._isOutOfRange) yield* this._find()
    const first = this._buffer.first
    if (first !== undefined && !this._hasTold) {
      if (!(yield* this._commit(first.offset + 1))) return false
      this._hasTold = true
      if (this.driver?.isOwned !== true) return true // let go meanwhile
    }
    while (this.places > 0 && this._buffer.size > 0) this._arrived(this._buffer.shift() as LogRecord<unknown>) // its size is above 0
    this.mayHave = this._buffer.size > 0
    return true
  }

  private _arrived(record: LogRecord<unknown>): void {
    this.wanted--
    this._sent.push(record.offset)
    this._lastSent = record.offset
    this.driver?.arrived(record)
  }

  protected override awaitMessages(): void {
    if (this._isReading || this._buffer.size > 0) return
    this._isReading = true
    const grants = this._grants
    const fetched = (answer: Fetched): void => {
      if (grants === this._grants) this._fetched(answer)
    }
    this._parts.membership.fetcher.want({ partition: this.partition, position: this._position, fetched })
  }

  private _fetched({ errorCode, records, abortedTransactions }: Fetched): void {
    this._isReading = false
    if (errorCode === OUT_OF_RANGE) this._isOutOfRange = true
    else if (errorCode === NOT_ALLOWED) return this._refused()
    else {
      const read = recordsOf(records ?? [], this._position, abortedTransactions ?? [])
      for (const record of read.records) this._buffer.push(record)
      this._position = read.next
      this._hasRead = true
    }
    if (this._isOutOfRange || this._buffer.size > 0) this.mayHave = true
    this.session.wake()
  }

  private _refused(): void {
    const { cluster, topic, membership } = this._parts
    const cause = new Error(`the topic ${JSON.stringify(topic)} may not be read`)
    membership.fail(new KafkaRefusedError(cluster.where, 'TOPIC_AUTHORIZATION_FAILED', cause))
  }

  /** The server has deleted what is to be read next, by age or size: the log goes on with the first message that there is. */
  private *_find(): Generator<never, void> {
    const { cluster, topic, partition } = this._parts
    const first = yield* offsetAt(cluster, topic, partition, EARLIEST)
    const end = yield* offsetAt(cluster, topic, partition, LATEST)
    if (this._position > end) {
      const problem = `the group has committed the offset ${this._position} of partition ${partition}, and the topic ends at ${end}`
      throw new KafkaSetupError(cluster.where, `${problem}: was it created anew? Give another group`)
    }
    this._isOutOfRange = false
    if (this._hasRead && first > this._position) this.driver?.missed(first - this._position)
    this._position = Math.max(this._position, first)
  }

  protected *sendMark(): Generator<never, boolean> {
    this._isSaying = true
    this._isBeat = false
    go(() => this._say())
    return true
  }

  /** While a commit is under way, messages go on. */
  private *_say(): Generator<never, void> {
    try {
      if (!(yield* this._commit())) super.beat(-1)
    } catch (cause) {
      this._parts.membership.fail(cause)
    }
    this._isSaying = false
    this.session.wake()
  }

  protected *sendBeat(): Generator<never, { isOwner: boolean; handsOver: boolean }> {
    const { membership, partition, handOver } = this._parts
    if (this._isTaken) {
      membership.release(partition)
      return { isOwner: false, handsOver: false }
    }
    const handsOver = !membership.isAssigned(partition)
    if (handsOver && !this._isHandingOver) this._handOver.start(handOver)
    this._isHandingOver = handsOver
    return { isOwner: membership.holds(partition, this.epoch), handsOver }
  }

  protected *sendRelease(): Generator<never, void> {
    const { membership, partition } = this._parts
    this._handOver.stop()
    if (this.isOwner && (this._isSaying || this._offset !== this._said.offset || this._sentTo !== this._said.sent)) yield* this._commit()
    membership.release(partition)
  }
}

/** The first offset of a partition, or the one after the last. */
export function offsetAt(cluster: Cluster, topic: string, partition: number, timestamp: bigint): Generator<never, number> {
  return cluster.asked(async () => {
    const connection = await cluster.connection((await cluster.topic(topic)).leaders[partition])
    const asked = { partitionIndex: partition, currentLeaderEpoch: -1, timestamp }
    const { topics } = await listOffsetsV9.api.async(connection, -1, 1, [{ name: topic, partitions: [asked] }])
    return Number(topics[0].partitions[0].offset)
  })
}
