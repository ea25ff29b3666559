/**
 * Publishes with confirmation: one inbox and one map for all unconfirmed messages of a connection.
 *
 *     open ──no stream responds, or the connection was lost──▶ probes: the oldest alone, again and again ──an answer──▶ open
 *                                                               └──for longer than `patience`──▶ all of the lane fail
 *
 * Always true:
 * - a message is confirmed, failed, or unconfirmed and in the map; none is forgotten;
 * - a lane sends in the order of `publish`; while it probes, later messages are held, so that a stream that is not there
 *   yet, after the restart of a server, does not let a later message overtake an earlier one;
 * - a message that is sent again has the id and the number of its first sending: the first answer counts.
 */
import { createInbox, type Msg, type MsgHdrs, type Subscription } from '@nats-io/nats-core'
import { QueuedTimer, time, type Failure } from '../../runtime/internal.js'
import type { Connection, Watcher } from './connection.js'
import { NatsClosedError, NatsRefusedError, NatsTimeoutError } from './errors.js'

export interface Outgoing {
  readonly subject: string
  readonly data: Uint8Array | string
  readonly headers: MsgHdrs | undefined
}

/** The sender of a message. */
interface Sender {
  /** Called once. */
  settled(failure: Failure | null): void
}

interface Unconfirmed {
  readonly id: number
  readonly lane: Lane
  readonly message: Outgoing
  readonly sender: Sender
  sentAt: number
  /** The message is sent when the probe of its lane is acknowledged. */
  isHeld: boolean
}

/** ms without an answer after which a message is sent again. */
const AGAIN = 5000
/** ms between two looks at what is unconfirmed. */
const LOOK = 1000
/** ms between two probes that nobody hears, at first and at most. */
const FIRST_PAUSE = 50
const LAST_PAUSE = 250

/** The messages of one stage: in order, with a patience of their own. */
export class Lane {
  probe: Unconfirmed | null = null
  private _held: Unconfirmed[] = []
  pause = FIRST_PAUSE
  private _probed = 0
  private _waits = 0
  private readonly _timer: QueuedTimer

  constructor(
    readonly where: string,
    readonly patience: number,
    publisher: Publisher,
  ) {
    this._timer = new QueuedTimer(null, () => {
      this._probed += this._waits
      publisher.probe(this)
    })
  }

  /** The lane has probed for longer than its patience, with a server there. */
  get isOutOfPatience(): boolean {
    return this._probed > this.patience
  }

  probesIn(ms: number): void {
    this._waits = ms
    this._timer.start(ms)
  }

  /** Keeps a message until the probe is acknowledged. */
  holds(one: Unconfirmed): void {
    if (one.isHeld) return
    one.isHeld = true
    this._held.push(one)
  }

  /** Ends the probing. Returns the messages of the lane that are not under way, in order. */
  opens(): Unconfirmed[] {
    this._timer.stop()
    const all = this.probe === null ? this._held : [this.probe, ...this._held]
    for (const one of all) one.isHeld = false
    this.probe = null
    this._held = []
    this._probed = 0
    this.pause = FIRST_PAUSE
    return all.sort((a, b) => a.id - b.id)
  }
}

export class Publisher implements Watcher {
  private readonly _unconfirmed = new Map<number, Unconfirmed>()
  private _next = 0
  private _inbox = ''
  private _sub: Subscription | null = null
  private _forget: (() => void) | null = null
  private readonly _looks = new QueuedTimer(null, () => this._look())
  private _isIdle = false

  constructor(private readonly _link: Connection) {}

  /** Throws where the message can never be published, being too large for the server. */
  publish(lane: Lane, message: Outgoing, sender: Sender): void {
    const { end } = this._link
    if (end !== null) return sender.settled({ error: new NatsClosedError(lane.where, end.cause) })
    if (this._sub === null) this._open()
    const one: Unconfirmed = { id: ++this._next, lane, message, sender, sentAt: Infinity, isHeld: false }
    this._isIdle = false
    if (lane.probe !== null || !this._link.isUp) lane.holds(one)
    else this._put(one)
    this._unconfirmed.set(one.id, one)
  }

  private _open(): void {
    const inbox = createInbox()
    this._inbox = `${inbox}.`
    this._forget = this._link.watch(this)
    this._sub = this._link.nc.subscribe(`${inbox}.*`, {
      callback: (error, message) => {
        if (error === null) return this._answered(message)
        this._sub = null
        this._fail((one) => new NatsRefusedError(one.lane.where, error.message, 403, { cause: error }))
      },
    })
    this._looks.start(LOOK)
  }

  private _put(one: Unconfirmed): void {
    const { id, message } = one
    const { subject, data, headers } = message
    this._link.nc.publish(subject, data, headers === undefined ? { reply: this._inbox + id } : { reply: this._inbox + id, headers })
    one.sentAt = time.timers.now()
  }

  private _putAgain(one: Unconfirmed): void {
    try {
      if (this._unconfirmed.has(one.id) && this._link.end === null) this._put(one)
    } catch (error) {
      this._settle(one, { error }) // the server that is there now takes less
    }
  }

  private _answered(message: Msg): void {
    const one = this._unconfirmed.get(Number(message.subject.slice(this._inbox.length)))
    if (one === undefined) return
    if (message.data.length === 0) return this._unheard(one)
    const text = message.string()
    if (!text.includes('"error"')) return this._settle(one, null)
    const { error } = JSON.parse(text) as { readonly error?: { readonly code: number; readonly description: string } } // of JetStream
    if (error?.code === 503) return this._unheard(one)
    const where = `${one.lane.where}: the server refuses a message to ${JSON.stringify(one.message.subject)}`
    this._settle(one, error === undefined ? null : { error: new NatsRefusedError(where, error.description, error.code) })
  }

  private _settle(one: Unconfirmed, failure: Failure | null): void {
    this._unconfirmed.delete(one.id)
    one.sender.settled(failure)
    const { lane } = one
    if (lane.probe !== null) for (const held of lane.opens()) this._putAgain(held)
  }

  /** No stream responds, or none that has a leader. */
  private _unheard(one: Unconfirmed): void {
    const { lane } = one
    if (lane.probe !== null && lane.probe !== one) return lane.holds(one)
    lane.probe = one
    lane.probesIn(lane.pause)
    lane.pause = Math.min(LAST_PAUSE, 2 * lane.pause)
  }

  probe(lane: Lane): void {
    if (lane.isOutOfPatience) return this._giveUp(lane)
    if (lane.probe === null || !this._link.isUp) return
    lane.probesIn(AGAIN)
    this._putAgain(lane.probe)
  }

  private _giveUp(lane: Lane): void {
    for (const one of lane.opens()) {
      const where = `${lane.where}: ${JSON.stringify(one.message.subject)}`
      if (this._unconfirmed.delete(one.id))
        one.sender.settled({ error: new NatsTimeoutError(where, lane.patience, 'no stream has taken the message') })
    }
  }

  /** Sends again what has had no answer; closes what is not used. */
  private _look(): void {
    if (this._unconfirmed.size === 0) {
      if (this._isIdle) return this._close()
      this._isIdle = true
    }
    this._looks.start(LOOK)
    const late = time.timers.now() - AGAIN
    if (this._link.isUp) for (const one of this._unconfirmed.values()) if (one.sentAt < late && one.lane.probe !== one) this._unheard(one)
  }

  private _close(): void {
    this._looks.stop()
    this._sub?.unsubscribe()
    this._sub = null
    this._forget?.()
    this._forget = null
  }

  reconnected(): void {
    const lanes = new Set<Lane>()
    for (const one of this._unconfirmed.values()) {
      const { lane } = one
      if (lanes.has(lane)) lane.holds(one)
      else {
        lane.opens()
        lane.probe = one
        lanes.add(lane)
      }
    }
    for (const lane of lanes) this.probe(lane)
  }

  closed(cause: unknown): void {
    this._fail(({ lane }) => new NatsClosedError(lane.where, cause))
    this._close()
  }

  forbidden(subject: string, cause: Error): void {
    this._fail(
      ({ lane }) => new NatsRefusedError(lane.where, cause.message, 403, { cause }),
      (one) => one.message.subject === subject,
    )
  }

  private _fail(errorOf: (one: Unconfirmed) => Error, which = (_: Unconfirmed): boolean => true): void {
    for (const one of [...this._unconfirmed.values()].filter(which)) this._settle(one, { error: errorOf(one) })
  }
}

const publishers = new WeakMap<Connection, Publisher>()

export function publisherOf(link: Connection): Publisher {
  const known = publishers.get(link)
  if (known !== undefined) return known
  const made = new Publisher(link)
  publishers.set(link, made)
  return made
}
