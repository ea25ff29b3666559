/**
 * The way of one partition of a log to the server: a consumer with AckPolicy.All, pinned to one client at a time.
 *
 *     waits ──this member is to own it──▶ claims: one pull ──a message with a pin──▶ resets the consumer to its floor
 *       ▲                                                                             └──▶ notes the owner ──▶ granted
 *       └──the pin is another's (423), another member is to own it, the connection was lost ─────────────────────┘
 *
 * Always true:
 * - each ownership, and each connection, has an inbox of its own: messages that come late for another are not heard;
 * - an ownership begins at the floor, by `reset`, so that everything above it comes again, in order; a message out of turn
 *   begins the ownership anew;
 * - the pin is kept by a pull with each beat that no message fits into, also where the pipeline is full;
 * - an acknowledgement is said with the reply subject of this ownership only.
 */
import type { Msg, Subscription } from '@nats-io/nats-core'
import { createInbox } from '@nats-io/nats-core'
import { after, fromPromise, select } from '../../runtime/index.js'
import { QueuedTimer, Ring } from '../../runtime/internal.js'
import type { LogLink, LogPartition } from '../broker/internal.js'
import { ask, askRaw, type Connection, type Watcher } from './connection.js'
import { checkLog, consumerInfo, missedAbove, type Target } from './consumer.js'
import { NatsClosedError, NatsRefusedError } from './errors.js'
import { factsOf, headersOf } from './message.js'
import type { Members } from './members.js'
import { noteOwner } from './owners.js'
import { nanosOf, readWith, statusOf, type Reading } from './pulling.js'
import { reset } from './reads.js'
import { checkVersion } from './versions.js'

export const GROUP = 'own'

/** ms that a pull waits at the server. */
const EXPIRES = 30_000
const PAUSE = 200
/** ms that an answer may take where the end waits for it. */
const FAREWELL = 2000

export interface LogParts extends Target {
  readonly link: Connection
  readonly partition: number
  /** The log has no other partition: what is missing in the stream is missing here. */
  readonly isWhole: boolean
  /** A partition of several was taken over: messages may have been deleted meanwhile. */
  taken(): void
  readonly consumer: string
  readonly member: string
  readonly members: Members
  readonly beat: number
  readonly reading: Reading<unknown>
  fail(cause: unknown): void
  /** The way is not used any more. */
  closed(): void
}

type State = 'idle' | 'claims' | 'resets' | 'owns'

export class LogWay implements LogLink, Watcher {
  driver: LogPartition<unknown> | null = null
  private _state: State = 'idle'
  private _isWanted = false
  private _isChecked = false
  private _isClosed = false
  private _pin = ''
  private _inbox = ''
  private _sub: Subscription | null = null
  private _expected = 1
  /** Messages of this ownership that are not acknowledged. */
  private _replies = new Ring<{ readonly offset: number; readonly reply: string }>()
  private _last = ''
  private _highest = -1
  private readonly _forget: () => void
  private readonly _again = new QueuedTimer(null, () => this._claim())
  /** After a reconnect, messages that are held stay held for one lease: then another may own the partition. */
  private readonly _doubt = new QueuedTimer(null, () => this._state !== 'owns' && this.driver?.revoked())
  private _lease = 0

  constructor(private readonly _parts: LogParts) {
    this._forget = _parts.link.watch(this)
  }

  claim(): void {
    this._isWanted = true
    this._parts.members.join(this._parts.partition)
    if (this._isChecked) this._claim()
    else void this._check()
  }

  private async _check(): Promise<void> {
    const { link, where, consumer, beat } = this._parts
    this._isChecked = true
    try {
      if (link.end !== null) throw new NatsClosedError(where, link.end.cause)
      checkVersion(link.nc, where, 'log')
      const info = await consumerInfo(link, consumer, { ...this._parts, isOver: () => this._isClosed })
      this._lease = checkLog(info, this._parts, consumer, beat)
      this._claim()
    } catch (cause) {
      this._fail(cause)
    }
  }

  private _fail(cause: unknown): void {
    if (!this._isClosed) this._parts.fail(cause)
  }

  /** Stands in the line at the server, if this member is to own the partition. */
  private _claim(): void {
    const { members, partition, link } = this._parts
    if (this._isClosed || !this._isWanted || this._state !== 'idle' || this._again.isRunning || !link.isUp) return
    if (!members.isSettled) return this._again.start(this._parts.beat / 2)
    if (!members.owns(partition)) return
    this._state = 'claims'
    this._open()
    this._send({ batch: 1, expires: nanosOf(EXPIRES) })
  }

  /** The members have changed. */
  changed(): void {
    const { members, partition } = this._parts
    if (members.owns(partition)) {
      if (this._state === 'claims') void this._unblock()
      return this._claim()
    }
    if (this._state === 'owns') this.driver?.handOver()
    else if (this._state === 'claims') this._idle()
  }

  /** Where the last owner has ended with a full window, no message comes, and so no pin, before the consumer is reset. */
  private async _unblock(): Promise<void> {
    const { link, consumer } = this._parts
    const inbox = this._inbox
    const asking = { ...this._parts, isOver: () => this._isClosed || this._inbox !== inbox || this._state !== 'claims' }
    try {
      const { num_ack_pending: underWay, priority_groups: groups = [] } = await consumerInfo(link, consumer, asking)
      const isPinned = groups.some(({ pinned_client_id: id = '' }) => id !== '')
      if (underWay > 0 && !isPinned && !asking.isOver()) await reset(link, asking, consumer, !this._parts.isWhole)
    } catch (cause) {
      if (!asking.isOver()) this._fail(cause)
    }
  }

  private _open(): void {
    this._sub?.unsubscribe()
    const inbox = (this._inbox = createInbox())
    this._expected = 1
    this._replies = new Ring()
    this._last = ''
    this._highest = -1
    this._sub = this._parts.link.nc.subscribe(inbox, {
      callback: (error, message) => {
        if (error !== null) this._fail(new NatsRefusedError(this._parts.where, error.message, 403, { cause: error }))
        else if (inbox === this._inbox) this._arrived(message)
      },
    })
  }

  private _idle(): void {
    this._state = 'idle'
    this._inbox = ''
    this._sub?.unsubscribe()
    this._sub = null
  }

  private _send(pull: object): void {
    const { link, stream, consumer } = this._parts
    if (!link.isUp) return
    const body = JSON.stringify({ ...pull, group: GROUP, ...(this._pin !== '' && { id: this._pin }) })
    link.nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, body, { reply: this._inbox })
  }

  pull(n: number): void {
    if (this._state === 'owns') this._send({ batch: n, expires: nanosOf(EXPIRES) })
  }

  private _arrived(message: Msg): void {
    const { reply = '' } = message
    const facts = reply === '' ? null : factsOf(reply)
    if (facts === null) return this._told(message)
    if (this._state === 'claims') {
      this._pin = message.headers?.get('Nats-Pin-Id') ?? this._pin
      this._state = 'resets'
      return void this._take()
    }
    if (this._state !== 'owns') return
    if (facts.order !== this._expected) return this._lose()
    this._expected++
    const { offset, time } = facts
    if (offset > this._highest) this._replies.push({ offset, reply })
    this._highest = Math.max(this._highest, offset)
    this.driver?.arrived({ offset, time, headers: headersOf(message.headers), ...readWith(this._parts.reading, message) })
  }

  /** The partition is this member's: from the floor on. */
  private async _take(): Promise<void> {
    const { link, consumer, member, isWhole } = this._parts
    const inbox = this._inbox
    const isOver = (): boolean => this._isClosed || this._inbox !== inbox
    const asking = { ...this._parts, isOver }
    try {
      const missed = isWhole ? await missedAbove(link, consumer, asking) : 0
      if (isOver()) return
      const floor = await reset(link, asking, consumer, !isWhole)
      if (isOver()) return
      const { rounds, continues } = await noteOwner(link, asking, consumer, { member, floor })
      if (isOver()) return
      this._state = 'owns'
      this._doubt.stop()
      this.driver?.granted({ floor, rounds, continues })
      if (missed > 0) this.driver?.missed(missed)
      if (!isWhole) this._parts.taken()
    } catch (cause) {
      if (!isOver()) this._fail(cause)
    }
  }

  private _told(message: Msg): void {
    const { code, description, pending } = statusOf(message)
    if (this._isClosed || code === 100) return
    if (code === 400) return this._fail(new NatsRefusedError(this._parts.where, description, code))
    if (code === 409 && /consumer deleted/i.test(description)) return this._fail(new NatsRefusedError(this._parts.where, description, code))
    if (code === 423) return this._refused()
    if (/MaxBytes/.test(description) || code === 404) return // the beat
    if (this._state === 'claims') {
      this._idle()
      return code === 408 ? this._claim() : void this._again.start(PAUSE)
    }
    if (this._state !== 'owns') return
    if (code === 408) return this.driver?.returned(pending ?? 1)
    this._lose() // the server is there, and the consumer is not yet, or moves
  }

  /** The pin is another's, or nobody's. */
  private _refused(): void {
    const was = this._state
    this._pin = ''
    this._idle()
    if (was === 'owns') this.driver?.revoked()
    else this._claim()
  }

  /** The ownership is in doubt: messages that are held stay held, and are recognized if nobody else has owned the partition. */
  private _lose(): void {
    this._idle()
    this._again.start(PAUSE)
    this._doubt.start(this._lease)
    this.driver?.reconnected()
  }

  acknowledge(offset: number): void {
    if (this._state !== 'owns' || !this._parts.link.isUp) return
    this._last = this._replyUpTo(offset)
    if (this._last !== '') this._parts.link.nc.publish(this._last, '+ACK')
  }

  private _replyUpTo(offset: number): string {
    let last = this._last
    for (let first = this._replies.first; first !== undefined && first.offset <= offset; first = this._replies.first) {
      last = first.reply
      this._replies.shift()
    }
    return last
  }

  beat(floor: number): void {
    if (this._state !== 'owns') return
    this.acknowledge(floor)
    this._send({ batch: 1, no_wait: true, max_bytes: 1 })
  }

  release(): void {
    void this._released()
  }

  /** The last acknowledgement is confirmed before another may own the partition. */
  private async _released(): Promise<void> {
    const { link, stream, consumer } = this._parts
    const wasOwner = this._state === 'owns'
    const last = this._last
    this._idle()
    this._pin = ''
    if (!wasOwner || link.end !== null) return
    const asking = { ...this._parts, patience: FAREWELL }
    if (last !== '') await askRaw(link, last, '+ACK', asking).catch(() => null)
    await ask(link, `$JS.API.CONSUMER.UNPIN.${stream}.${consumer}`, { group: GROUP }, asking).catch(() => null)
  }

  *close(): Generator<never, void> {
    this._isClosed = true
    this._isWanted = false
    this._again.stop()
    this._doubt.stop()
    const { link, members, partition } = this._parts
    const released = this._released()
    try {
      yield* select({ done: fromPromise(released), closed: fromPromise(link.nc.closed()), late: after(FAREWELL) })
    } finally {
      members.leave(partition)
      this._forget()
      this._parts.closed()
    }
  }

  reconnected(): void {
    this._again.stop()
    const was = this._state
    this._idle()
    if (was === 'owns') this._doubt.start(this._lease)
    if (was === 'owns') this.driver?.reconnected()
    else this._claim()
  }

  closed(cause: unknown): void {
    this._fail(new NatsClosedError(this._parts.where, cause))
  }
}
