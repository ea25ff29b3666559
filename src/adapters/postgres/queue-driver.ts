/**
 * A queue: rows that workers take with `skip locked`, as a driver of `fromPull`.
 *
 *     in the table ──taken: holder, attempt + 1, visible after the lease──▶ held ──done──▶ deleted
 *          ▲                                     ├──retry: visible after the pause──┐
 *          └─────────────────────────────────────┴──returned, the lease ends────────┘
 *
 * Always true: a settlement and a beat name the holder and the attempt, so that those of a lease that has ended change nothing; settlements
 * of one turn are one statement, and those that the server was away for are said again.
 */
import { withCancel, type CancelContext } from '../../runtime/index.js'
import { LeaseLostError, type Lease, type PullDriver } from '../broker/index.js'
import { positionOf } from '../broker/internal.js'
import type { Database } from './client.js'
import { columns, messageOf, type MessageRow } from './record.js'
import type { Watcher } from './listener.js'
import { Session } from '../broker/internal.js'
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

/** Rows of the offsets $3 with their attempts in $4: the index finds each, also in a table without statistics. */
const NTH = 'array_position($3::bigint[], m."offset")'
const HELD = `m.topic = $1 and m.partition = 0 and m."offset" = any ($3::bigint[]) and m.holder = $2 and m.attempt = ($4::int[])[${NTH}]`

type How = 'done' | 'retry' | 'returned'

interface Settlement {
  readonly how: How
  readonly offset: number
  readonly attempt: number
  readonly after: number
}

export class QueueDriver<T> implements PullDriver {
  private _asked = 0
  private readonly _held = new Map<number, { readonly attempt: number; readonly ctx: CancelContext }>()
  private _settlements: Settlement[] = []
  private _isBeatDue = false
  /** There may be a message that can be taken. */
  private _mayHave = true
  private _isStopped = false
  private readonly _session: Session
  private readonly _forget: () => void

  constructor(
    private readonly _parts: QueueParts,
    private readonly _lease: Lease<T>,
  ) {
    this._session = new Session({
      poll: _parts.poll,
      step: () => this._step(),
      polled: () => void (this._mayHave = true),
      fail: (cause) => _lease.fail(cause),
    })
    this._forget = _parts.watch({
      wake: () => {
        this._mayHave = true
        this._session.wake()
      },
      fail: (cause) => this._session.fail(cause),
    })
  }

  request(n: number): void {
    this._asked += n
    this._session.wake()
  }

  private *_step(): Generator<never, boolean> {
    const { db, topic, window } = this._parts
    yield* topicOf(db, topic, 'queue')
    if (this._settlements.length > 0) yield* this._settleAll()
    else if (this._isBeatDue) yield* this._keepAll()
    else if (!this._isStopped && this._mayHave && this._asked > 0 && this._held.size < window) yield* this._take()
    else return false
    return true
  }

  private *_take(): Generator<never, void> {
    const { db, topic, holder, lease, window } = this._parts
    const most = Math.min(this._asked, window - this._held.size)
    this._mayHave = false
    const rows = yield* db.query(
      `update $.message m set attempt = m.attempt + 1, holder = $3, visible_at = clock_timestamp() + $4::float8 * interval '1 ms'
       where m.ctid = any (array(select ctid from $.message where topic = $1 and partition = 0 and visible_at <= clock_timestamp()
         order by "offset" limit $2 for update skip locked)) returning ${columns('m')}`,
      [topic, most, holder, lease],
    )
    if (rows.length === most) this._mayHave = true
    for (const message of rows.map(messageOf).sort((a, b) => a.offset - b.offset)) this._deliver(message)
  }

  private _deliver({ offset, value, key, headers, attempt, time }: MessageRow): void {
    this._asked = Math.max(0, this._asked - 1)
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
        this._settlements.push({ how, offset, attempt, after })
        this._session.wake()
      },
    })
  }

  private *_settleAll(): Generator<never, void> {
    const { db, topic, holder } = this._parts
    const all = this._settlements
    this._settlements = []
    const isDone = ({ how }: Settlement): boolean => how === 'done'
    const [done, others] = [all.filter(isDone), all.filter((one) => !isDone(one))]
    if (done.length > 0)
      yield* db.query(`delete from $.message m where ${HELD}`, [
        topic,
        holder,
        done.map(({ offset }) => offset),
        done.map(({ attempt }) => attempt),
      ])
    if (others.length > 0)
      yield* db.query(
        `update $.message m set holder = null, attempt = m.attempt - ($5::int[])[${NTH}],
           visible_at = clock_timestamp() + ($6::float8[])[${NTH}] * interval '1 ms' where ${HELD}`,
        [
          topic,
          holder,
          others.map(({ offset }) => offset),
          others.map(({ attempt }) => attempt),
          others.map(({ how }) => (how === 'returned' ? 1 : 0)),
          others.map(({ after }) => after),
        ],
      )
    this._mayHave = true
  }

  /** Another worker may have the messages that are no longer this holder's. */
  private *_keepAll(): Generator<never, void> {
    const { db, topic, holder, lease } = this._parts
    this._isBeatDue = false
    const held = [...this._held]
    if (held.length === 0) return
    const rows = yield* db.query(
      `update $.message m set visible_at = clock_timestamp() + $5::float8 * interval '1 ms' where ${HELD} returning m."offset"::float8 as "offset"`,
      [topic, holder, held.map(([offset]) => offset), held.map(([, { attempt }]) => attempt), lease],
    )
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
    this._isStopped = true
  }

  *close(): Generator<never, void> {
    this._isStopped = true
    this._forget()
    yield* this._session.close()
  }
}
