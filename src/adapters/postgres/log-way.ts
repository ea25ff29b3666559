/**
 * The way of one partition of a log to the database: who owns it is said by the row of the partition, with a lease and an epoch.
 *
 *     claim ──nobody owns it, or the lease is over, and this member is the preferred one──▶ granted ──beats──▶ …
 *        ▲                                                 ──the preferred member is another──▶ handed over ──┘
 *
 * Always true: a pull, an acknowledgement and a beat name the owner and the epoch; where they are another's, they change nothing, and the
 * partition is revoked. At most `window` messages above the floor are sent.
 */
import type { LogLink, LogPartition } from '../broker/internal.js'
import type { Database, Row } from './client.js'
import { columns, messageOf } from './record.js'
import type { Watcher } from './listener.js'
import { Session } from '../broker/internal.js'
import { topicOf } from './topic.js'

/** A row of `claim`. */
interface Granted {
  readonly floor: number
  readonly rounds: number
  readonly epoch: number
  readonly continues: boolean
}

export interface LogParts {
  readonly db: Database
  readonly topic: string
  readonly partition: number
  /** Of the whole log. */
  readonly partitions: number
  readonly lease: number
  readonly window: number
  readonly poll: number
  /** The name of the source in this process, which partitions are dealt to. */
  readonly member: string
  /** The name of this owner, which no other has. */
  readonly owner: string
  watch(watcher: Omit<Watcher, 'topic'>): () => void
  fail(cause: unknown): void
}

export class LogWay implements LogLink {
  /** Set before the first claim. */
  driver: LogPartition<unknown> | null = null
  private _epoch = 0
  private _isOwner = false
  private _claims = false
  private _mayClaim = true
  private _wanted = 0
  private _mayHave = true
  private _last = -1
  private _floor = -1
  /** To be acknowledged. */
  private _mark = -1
  private _isBeatDue = false
  private _isReleaseDue = false
  private _isLeaving = false
  private readonly _session: Session
  private readonly _forget: () => void

  constructor(private readonly _parts: LogParts) {
    const look = (): void => void (this._mayHave = this._mayClaim = true)
    this._session = new Session({ poll: _parts.poll, step: () => this._step(), polled: look, fail: (cause) => _parts.fail(cause) })
    this._forget = _parts.watch({
      wake: () => {
        look()
        this._session.wake()
      },
      fail: (cause) => this._session.fail(cause),
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
    this._mark = Math.max(this._mark, offset)
    this._session.wake()
  }
  beat(floor: number): void {
    this._isBeatDue = true
    this.acknowledge(floor)
  }
  release(): void {
    this._claims = false
    this._isReleaseDue = true
    this._session.wake()
  }
  *close(): Generator<never, void> {
    this._isLeaving = true
    this.release()
    this._forget()
    yield* this._session.close()
  }

  private *_step(): Generator<never, boolean> {
    const { window, db, topic } = this._parts
    yield* topicOf(db, topic, 'log', this._parts.partitions)
    if (this._isOwner && this._mark > this._floor) yield* this._acknowledge()
    else if (this._isReleaseDue) yield* this._release()
    else if (this._isOwner && this._isBeatDue) yield* this._beat()
    else if (!this._isOwner && this._claims && this._mayClaim) yield* this._claim()
    else if (this._isOwner && this._mayHave && this._wanted > 0 && this._last - this._floor < window) yield* this._pull()
    else return false
    return true
  }

  private *_claim(): Generator<never, void> {
    const { db, topic, partition, member, owner, lease } = this._parts
    this._mayClaim = false
    const [row] = (yield* db.query(
      'select floor::float8 as floor, rounds, epoch::float8 as epoch, continues from $.claim($1, $2, $3, $4, $5)',
      [topic, partition, member, owner, lease],
    )) as readonly (Row | undefined)[] // one or none
    if (row === undefined) return
    const { floor, rounds, epoch, continues } = row as unknown as Granted // of the function
    this._epoch = epoch
    if (!this._claims) return void (this._isReleaseDue = true)
    this._claims = false
    this._isOwner = this._mayHave = true
    this._wanted = 0
    this._last = this._floor = floor
    if (!continues) this._mark = floor
    this.driver?.granted({ floor, rounds, continues })
  }

  private get _mine(): unknown[] {
    const { topic, partition, owner } = this._parts
    return [topic, partition, owner, this._epoch]
  }

  private *_pull(): Generator<never, void> {
    const { db, window, lease } = this._parts
    const most = Math.min(this._wanted, window - (this._last - this._floor))
    this._mayHave = false
    const rows = yield* db.query(
      `with mine as (select 1 from $.partition where topic = $1 and partition = $2 and owner = $3 and epoch = $4),
       next as (select * from $.message where topic = $1 and partition = $2 and "offset" > $5 and exists (select from mine) order by "offset" limit $6),
       u as (update $.partition set sent = greatest(sent, (select max("offset") from next)), lease_until = clock_timestamp() + $7::float8 * interval '1 ms'
         where topic = $1 and partition = $2 and owner = $3 and epoch = $4 returning 1)
       select ${columns('m')}, exists (select from u) as is_mine from (select) one left join next m on true order by m."offset"`,
      [...this._mine, this._last, most, lease],
    )
    if (rows[0]?.is_mine !== true) return this._lost()
    const records = rows.filter(({ offset }) => offset !== null).map(messageOf)
    if (records.length === most) this._mayHave = true
    for (const record of records) {
      this._wanted--
      this._last = record.offset
      this.driver?.arrived(record)
    }
  }

  private *_acknowledge(): Generator<never, void> {
    const mark = this._mark
    const rows = yield* this._parts.db.query(
      `with p as (update $.partition set floor = greatest(floor, $5) where topic = $1 and partition = $2 and owner = $3 and epoch = $4 returning floor),
       d as (delete from $.message where topic = $1 and partition = $2 and "offset" <= (select floor from p))
       select floor from p`,
      [...this._mine, mark],
    )
    if (rows.length === 0) this._lost()
    else this._floor = Math.max(this._floor, mark)
  }

  private *_beat(): Generator<never, void> {
    const { db, topic, partition, member, lease } = this._parts
    this._isBeatDue = false
    const { preferred, is_mine: isMine } = yield* db.row(
      `with m as (insert into $.member values ($1, $5, clock_timestamp()) on conflict on constraint member_pkey do update set seen = excluded.seen),
       p as (update $.partition set lease_until = clock_timestamp() + $6::float8 * interval '1 ms'
         where topic = $1 and partition = $2 and owner = $3 and epoch = $4 returning 1)
       select $.preferred($1, $2, $6) as preferred, exists (select from p) as is_mine`,
      [topic, partition, this._parts.owner, this._epoch, member, lease],
    )
    if (isMine !== true) this._lost()
    else if (preferred !== null && preferred !== member) this.driver?.handOver()
  }

  private *_release(): Generator<never, void> {
    const { db, topic, member } = this._parts
    this._isReleaseDue = false
    const was = this._mine
    this._isOwner = false
    yield* db.query(
      `with p as (update $.partition set owner = null, sent = floor where topic = $1 and partition = $2 and owner = $3 and epoch = $4 returning 1)
       select pg_notify($5, $1) from p`,
      [...was, db.channel],
    )
    if (this._isLeaving) yield* db.query('delete from $.member where topic = $1 and member = $2', [topic, member])
  }

  private _lost(): void {
    this._isOwner = false
    this._isBeatDue = false
    this._mayClaim = true
    this.driver?.revoked()
  }
}
