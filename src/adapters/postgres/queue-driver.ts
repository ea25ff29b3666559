/**
 * A queue: rows that workers take with `skip locked`, as a driver of `fromPull`.
 *
 *     in the table ──taken: holder, attempt + 1, visible after the lease──▶ held ──done──▶ deleted
 *          ▲                                     ├──retry: visible after the pause──┐
 *          └─────────────────────────────────────┴──returned, the lease ends────────┘
 *
 * Always true:
 * - a settlement and a beat name the holder and the attempt, so that those of a lease that has ended change nothing;
 * - settlements of one turn are one statement, which takes messages too where there are places for them: a message costs half as many
 *   commits. Those that the server was away for are said again;
 * - a take reads the index from the offset behind the last message taken: entries of deleted messages stay in the index
 *   until a vacuum, and an open transaction holds that up. A sweep reads it from the start, and finds each message that can
 *   be taken: also after the end of a lease or a pause, and after a commit that came later than those of larger offsets. The
 *   next sweep is due after ten times the time of the last: sweeps cost about a tenth of the time, however long the index is;
 * - where two calls are under way, what one has found says nothing of `_from` if a sweep, or messages that went back, came in between.
 */
import { withCancel, type CancelContext } from '../../runtime/index.js'
import { time } from '../../runtime/internal.js'
import { LeaseLostError, type Lease, type PullDriver } from '../broker/index.js'
import { positionOf } from '../broker/internal.js'
import type { Database, Row } from './client.js'
import { GIVE_BACK, KEEP, SETTLE, TAKE, TAKE_ONE } from './queue-statements.js'
import { messageOf, type MessageRow } from './record.js'
import type { Watcher } from './listener.js'
import { Session, Takes } from '../broker/internal.js'
import { topicOf } from './topic.js'

export interface QueueParts {
  readonly db: Database
  readonly topic: string
  /** ms without a beat after which a message goes to another worker. */
  readonly lease: number
  /** The most messages that are held. */
  readonly window: number
  readonly poll: number
  /** The name of this holder, which no other has. */
  readonly holder: string
  /** Calls `f` when a message was stored; returns a function that ends it. */
  watch(watcher: Omit<Watcher, 'topic'>): () => void
}

/** A sweep is due after this many times the time that the last one took. */
const REST = 10

/** No message has this offset. */
const NONE = { offset: -1, attempt: 0 }

interface Settlement {
  readonly how: 'done' | 'retry' | 'returned'
  readonly offset: number
  readonly attempt: number
  readonly after: number
}

export class QueueDriver<T> implements PullDriver {
  private readonly _held = new Map<number, { readonly attempt: number; readonly ctx: CancelContext }>()
  private readonly _takes: Takes
  private _done: Settlement[] = []
  private _others: Settlement[] = []
  private _isBeatDue = false
  /** Grows when `_from` is set anew: a call under way does not move it. */
  private _era = 0
  /** Messages that can be taken have this offset or a larger one, as far as is known. */
  private _from = 0
  private _sweepAt = -Infinity
  /** The last take found the end of the index, and may have missed messages with smaller offsets. */
  private _isSweepWanted = false
  private readonly _session: Session
  /** Takes messages beside the calls of `_session`. */
  private readonly _beside: Session
  private readonly _forget: () => void

  constructor(
    private readonly _parts: QueueParts,
    private readonly _lease: Lease<T>,
  ) {
    this._takes = new Takes(_parts.window, this._held)
    const pause = (): number => this._pause
    const fail = (cause: unknown): void => _lease.fail(cause)
    this._session = new Session({
      get poll() {
        return pause()
      },
      step: () => this._step(),
      polled: () => this._takes.hasNews(),
      fail,
    })
    this._beside = new Session({ poll: _parts.poll, step: () => this._stepBeside(), polled: () => undefined, fail })
    this._forget = _parts.watch({
      wake: () => {
        this._takes.hasNews()
        this._wake()
      },
      fail: (cause) => this._session.fail(cause),
    })
  }

  get isFull(): boolean {
    return this._takes.isFull
  }

  request(n: number): void {
    this._takes.request(n)
    this._wake()
  }

  private _wake(): void {
    this._session.wake()
    if (this._mayTakeBeside) this._beside.wake()
  }

  /** ms until the next look where no notification comes. */
  private get _pause(): number {
    const { poll } = this._parts
    return this._isSweepWanted ? Math.min(poll, Math.max(1, this._sweepAt - time.timers.now())) : poll
  }

  private get _isSweepDue(): boolean {
    return time.timers.now() >= this._sweepAt
  }
  private get _mayTakeBeside(): boolean {
    return this._takes.isBeside && !this._isBeatDue && this._others.length === 0 && !this._isSweepDue
  }

  private *_stepBeside(): Generator<never, boolean> {
    if (!this._mayTakeBeside) return false
    yield* this._take()
    return true
  }

  /** A beat comes first: there may be settlements at each turn. */
  private *_step(): Generator<never, boolean> {
    const { db, topic } = this._parts
    yield* topicOf(db, topic, 'queue')
    if (this._isBeatDue) yield* this._keepAll()
    else if (this._others.length > 0) yield* this._giveBack()
    else if (this._takes.mayHave && this._takes.places > 0) yield* this._take()
    else if (this._done.length > 0) yield* db.query(SETTLE, this._named(this._settled()))
    else return false
    return true
  }

  /** The messages that are done, which are no longer to be settled. */
  private _settled(): readonly Settlement[] {
    const done = this._done
    this._done = []
    return done
  }

  /** The parameters $1 to $6 of the statements. */
  private _named(held: readonly Pick<Settlement, 'offset' | 'attempt'>[]): unknown[] {
    const { topic, holder } = this._parts
    let [least, largest] = [Infinity, -Infinity]
    for (const { offset } of held) [least, largest] = [Math.min(least, offset), Math.max(largest, offset)]
    return [topic, holder, held.map(({ offset }) => offset), held.map(({ attempt }) => attempt), least, largest]
  }

  private _ask(most: number, isSweep: boolean): Generator<never, readonly Row[]> {
    const { db, topic, holder, lease } = this._parts
    const [done, rest] = [this._settled(), [most, lease, isSweep ? 0 : this._from]]
    if (done.length > 1) return db.query(TAKE, [...this._named(done), ...rest])
    const [{ offset, attempt }] = done.length === 1 ? done : [NONE]
    return db.query(TAKE_ONE, [topic, holder, offset, attempt, ...rest])
  }

  private *_take(): Generator<never, void> {
    const { lease } = this._parts
    const [began, era, isSweep] = [time.timers.now(), this._era, this._isSweepDue]
    const { taken, end } = yield* this._takes.take((most) => {
      if (this._mayTakeBeside) this._beside.wake()
      return this._ask(most, isSweep)
    })
    const messages = taken.map(messageOf).sort((a, b) => a.offset - b.offset)
    const now = time.timers.now()
    if (isSweep) this._sweepAt = now + Math.min(REST * (now - began), lease)
    const next = (messages.at(-1)?.offset ?? -1) + 1
    if (isSweep && next > 0) this._setFrom(next)
    else if (this._era === era) this._from = Math.max(this._from, next)
    this._isSweepWanted = end !== null && !isSweep
    this._takes.ended(end, this._isSweepWanted && this._isSweepDue)
    for (const message of messages) this._deliver(message)
  }

  private _setFrom(offset: number): void {
    this._from = offset
    this._era++
  }

  private _deliver({ offset, value, key, headers, attempt, time }: MessageRow): void {
    this._takes.delivered()
    const held = { attempt, ctx: withCancel(this._lease.ctx) }
    this._held.set(offset, held)
    this._lease.deliver({
      value: value as T, // the caller says which values the topic has
      key,
      headers,
      attempt,
      ctx: held.ctx,
      position: positionOf(this._parts.topic, 0, offset, time),
      settled: (how, after) => {
        if (this._held.get(offset) === held) this._held.delete(offset)
        held.ctx.cancel()
        const list = how === 'done' ? this._done : this._others
        list.push({ how, offset, attempt, after })
        this._wake()
      },
    })
  }

  /** Messages that are not done can be taken again, after their pause. */
  private *_giveBack(): Generator<never, void> {
    const others = this._others
    this._others = []
    const less = others.map(({ how }) => (how === 'returned' ? 1 : 0))
    yield* this._parts.db.query(GIVE_BACK, [...this._named(others), less, others.map(({ after }) => after)])
    for (const { offset, after } of others) if (after <= 0) this._setFrom(Math.min(this._from, offset))
    this._takes.hasNews()
  }

  /** Another worker may have the messages that are no longer this holder's. */
  private *_keepAll(): Generator<never, void> {
    const { db, topic, lease } = this._parts
    this._isBeatDue = false
    const held = [...this._held]
    if (held.length === 0) return
    const named = held.map(([offset, { attempt }]) => ({ offset, attempt }))
    const rows = yield* db.query(KEEP, [...this._named(named), lease])
    const kept = new Set(rows.map(({ offset }) => offset))
    for (const [offset, one] of held) {
      if (kept.has(offset) || this._held.get(offset) !== one) continue
      this._held.delete(offset)
      one.ctx.cancel(new LeaseLostError(topic, offset))
    }
  }

  beat(): void {
    this._isBeatDue = true
    this._session.wake()
  }

  stop(): void {
    this._takes.isStopped = true
  }

  *close(): Generator<never, void> {
    this._takes.isStopped = true
    this._forget()
    yield* this._beside.close()
    yield* this._session.close()
  }
}
