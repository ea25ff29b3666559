/**
 * A queue: a pull consumer that workers share, as a driver of `fromPull`.
 *
 *     request ──wanted──▶ asked of the server ──a message──▶ held ──settled: +ACK, -NAK──▶ over
 *                ▲           └──the pull expires, the connection is lost, no stream responds──┐
 *                └────────────────────────────────────────────────────────────────────────┘
 *
 * Always true:
 * - wanted + asked is what the pipeline has asked for, less what has come;
 * - a message is held from its arrival until it is settled; its lease is kept by +WPI, unless a lease has passed without:
 *   then another worker may have the message, and its context ends;
 * - a settlement that cannot be sent, because the connection is lost, is sent after the reconnect; so are the last
 *   acknowledgements, which may have been on their way: an acknowledgement of an acknowledged message has no effect.
 */
import type { Msg, Subscription } from '@nats-io/nats-core'
import { createInbox } from '@nats-io/nats-core'
import { after, fromPromise, select, withCancel, type CancelContext, type Context } from '../../runtime/index.js'
import { QueuedTimer, time } from '../../runtime/internal.js'
import { LeaseLostError, type Lease, type Message, type Position, type PullDriver } from '../broker/index.js'
import { positionOf } from '../broker/internal.js'
import type { Connection, Watcher } from './connection.js'
import { checkQueue, consumerInfo, leaseOf, missedAfter, type Target } from './consumer.js'
import { NatsClosedError, NatsRefusedError, NatsSetupError, NatsTimeoutError } from './errors.js'
import { factsOf, headersOf, type Facts } from './message.js'
import { nanosOf, readWith, statusOf, type ReadMessage, type Reading } from './pulling.js'
import { checkVersion } from './versions.js'

const ACK = '+ACK'
const NAK = '-NAK'
const WORKING = '+WPI'

/** ms that a pull waits at the server for messages. */
const EXPIRES = 30_000
/** ms until a pull is made again that no consumer heard. */
const PAUSE = 200
/** Acknowledgements that are sent again after a reconnect. */
const UNSURE = 512
/** ms that the last words to the server may take. */
const FAREWELL = 2000

export interface QueueParts extends Target {
  readonly link: Connection
  readonly beat: number
  readonly reading: Reading<unknown>
  /** Completes when the consumer is there; without it the source creates none. */
  prepare?(): Promise<unknown>
}

export class QueueDriver<T> implements PullDriver, Watcher {
  private _wanted = 0
  private _asked = 0
  private _ackWait = 0
  private _isReady = false
  private _isStopped = false
  /** The time for which no consumer has responded, with a server there. */
  private _unheard = 0
  private readonly _held = new Set<Held<T>>()
  /** Settlements that could not be sent, and the last that were: these may have been on their way when the connection was lost. */
  private _unsure: (readonly [reply: string, word: string])[] = []
  private _drained: Promise<unknown> | null = null
  private _onUp: (() => void) | null = null
  private readonly _inbox = createInbox()
  private readonly _sub: Subscription
  private readonly _forget: () => void
  private readonly _again = new QueuedTimer(null, () => this._pull())
  /** A pull gets its response when it expires, at the latest: else its answer was lost. */
  private readonly _answer = new QueuedTimer(null, () => this._askAnew())

  constructor(
    private readonly _parts: QueueParts,
    private readonly _lease: Lease<T>,
  ) {
    const { link, where } = _parts
    this._forget = link.watch(this)
    this._sub = link.nc.subscribe(this._inbox, {
      callback: (error, message) => {
        if (error === null) this._arrived(message)
        else this._fail(new NatsRefusedError(where, error.message, 403, { cause: error }))
      },
    })
    void this._check()
  }

  private async _check(): Promise<void> {
    const { link, where, beat, stream, group } = this._parts
    try {
      if (link.end !== null) throw new NatsClosedError(where, link.end.cause)
      await this._parts.prepare?.()
      const info = await consumerInfo(link, group, { ...this._parts, isOver: () => this._isStopped })
      checkVersion(link.nc, where, 'queue')
      checkQueue(info, { where, stream, group, patience: 0 }, beat)
      this._ackWait = leaseOf(info.config.ack_wait)
      this._isReady = true
      this._pull()
      if (info.config.filter_subject === undefined) await this._tellMissed(info.delivered.stream_seq)
    } catch (cause) {
      this._fail(cause)
    }
  }

  private _fail(cause: unknown): void {
    if (!this._isStopped) this._lease.fail(cause)
  }

  /** `last`: that was delivered when the source began. */
  private async _tellMissed(last: number): Promise<void> {
    const { link, stream } = this._parts
    const missed = await missedAfter(link, last, { ...this._parts, isOver: () => this._isStopped })
    if (missed > 0 && !this._isStopped) this._lease.missed(missed, stream)
  }

  request(n: number): void {
    this._wanted += n
    this._pull()
  }

  private _pull(): void {
    const { link, stream, group } = this._parts
    if (!this._isReady || this._isStopped || this._wanted === 0 || this._again.isRunning || !link.isUp) return
    const batch = this._wanted
    this._wanted = 0
    this._asked += batch
    const pull = JSON.stringify({ batch, expires: nanosOf(EXPIRES) })
    link.nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${group}`, pull, { reply: this._inbox })
    this._answer.start(EXPIRES + PAUSE * 10)
  }

  private _askAnew(): void {
    this._wanted += this._asked
    this._asked = 0
    this._pull()
  }

  private _arrived(message: Msg): void {
    const { reply = '' } = message
    const facts = reply === '' ? null : factsOf(reply)
    if (facts === null) return this._told(message)
    this._unheard = 0
    if (this._asked > 0) this._asked--
    const held = new Held(this, message, facts)
    if (!this._isStopped) this._held.add(held)
    this._lease.deliver(held)
  }

  /** A word of the server about a pull. */
  private _told(message: Msg): void {
    const { code, description, pending } = statusOf(message)
    if (this._isStopped || code === 100) return
    if (code === 409 && /consumer deleted/i.test(description)) {
      const { where, stream, group } = this._parts
      return this._fail(new NatsSetupError(where, `the consumer ${JSON.stringify(group)} of ${JSON.stringify(stream)} was deleted`))
    }
    if (code === 400) return this._fail(new NatsRefusedError(this._parts.where, description, code))
    const back = Math.min(this._asked, pending ?? this._asked)
    this._asked -= back
    this._wanted += back
    if (code === 408 || code === 404) return this._pull()
    this._heardNothing()
  }

  /** The server is there, and the consumer is not yet, or moves. */
  private _heardNothing(): void {
    const { where, patience } = this._parts
    if (this._again.isRunning) return
    this._unheard += PAUSE
    if (this._unheard > patience) return this._fail(new NatsTimeoutError(where, patience, 'no consumer has responded'))
    this._again.start(PAUSE)
  }

  read(message: Msg): ReadMessage {
    return readWith(this._parts.reading, message)
  }
  positionOf({ offset, time: at }: Facts): Position {
    return positionOf(this._parts.stream, 0, offset, at)
  }
  get leaseCtx(): Context {
    return this._lease.ctx
  }

  settled(held: Held<T>, how: 'done' | 'retry' | 'returned', after: number): void {
    this._held.delete(held)
    const word = how === 'done' ? ACK : how === 'returned' || after <= 0 ? NAK : `${NAK} ${JSON.stringify({ delay: nanosOf(after) })}`
    this._say(held.reply, word)
  }

  private _say(reply: string, word: string): void {
    const { link } = this._parts
    if (link.end !== null) return
    if (link.isUp) link.nc.publish(reply, word)
    if (!link.isUp || word === ACK) this._unsure.push([reply, word])
    if (this._unsure.length > 2 * UNSURE && link.isUp) this._unsure.splice(0, UNSURE)
  }

  /** Keeps the leases of the messages that are held, unless they have ended. */
  beat(): void {
    const { link, stream } = this._parts
    const now = time.timers.now()
    for (const held of this._held) {
      const since = now - held.touched
      if (since >= this._ackWait) {
        this._held.delete(held)
        held.ctx.cancel(new LeaseLostError(stream, held.position.offset))
      } else if (link.isUp && since >= this._ackWait / 6) {
        held.touched = now
        link.nc.publish(held.reply, WORKING)
      }
    }
  }

  reconnected(): void {
    for (const [reply, word] of this._unsure.splice(0)) this._say(reply, word)
    this._again.stop()
    this._askAnew()
    this._onUp?.()
  }

  closed(cause: unknown): void {
    this._fail(new NatsClosedError(this._parts.where, cause))
  }

  /** No more pulls; what is on its way arrives, and goes back. */
  stop(): void {
    if (this._isStopped) return
    this._isStopped = true
    this._again.stop()
    this._answer.stop()
    this._drained = this._sub.drain().catch(() => null) // refused where the connection is closed
  }

  /** Settlements reach the server: after the reconnect, where the connection is lost now. */
  private async _farewell(): Promise<void> {
    await this._drained
    const { link } = this._parts
    for (let isSaid = false; !isSaid;) {
      if (!link.isUp) await new Promise<void>((resolve) => (this._onUp = resolve))
      isSaid = await link.nc.flush().then(
        () => true,
        () => false, // the connection was lost: what was settled last is said again after the reconnect
      )
      if (!isSaid) await after(PAUSE)
    }
  }

  *close(): Generator<never, void> {
    this.stop()
    const { link } = this._parts
    try {
      yield* select({ said: fromPromise(this._farewell()), closed: fromPromise(link.nc.closed()), late: after(FAREWELL) })
    } finally {
      this._forget()
    }
  }
}

/** A message that is held. */
class Held<T> implements Message<T> {
  readonly value: T
  readonly key: string | null
  readonly attempt: number
  readonly position: Position
  readonly headers: ReadonlyMap<string, string>
  readonly payload?: unknown
  readonly unreadable?: { readonly cause: unknown }
  readonly reply: string
  touched = time.timers.now()
  private _ctx: CancelContext | null = null

  constructor(
    private readonly _driver: QueueDriver<T>,
    message: Msg,
    facts: Facts,
  ) {
    this.reply = message.reply as string // it was read
    const { value, key, payload, unreadable } = _driver.read(message)
    this.value = value as T // the caller says which values the stream has
    this.key = key
    if (payload !== undefined) this.payload = payload
    if (unreadable !== undefined) this.unreadable = unreadable
    this.headers = headersOf(message.headers)
    this.attempt = facts.deliveries
    this.position = _driver.positionOf(facts)
  }

  get ctx(): CancelContext {
    return (this._ctx ??= withCancel(this._driver.leaseCtx))
  }

  settled(how: 'done' | 'retry' | 'returned', after: number): void {
    this._driver.settled(this, how, after)
    this._ctx?.cancel()
  }
}
