/**
 * The way of one partition of a log to the database: who owns it is said by the row of the partition, with a lease and an epoch.
 *
 *     claim ──nobody owns it, or the lease is over, and this member is the preferred one──▶ granted ──beats──▶ …
 *        ▲                                                 ──the preferred member is another──▶ handed over ──┘
 *
 * Always true: a pull, an acknowledgement and a beat name the owner and the epoch; where they are another's, they change nothing, and the
 * partition is revoked. A pull settles up to the mark too. At most `window` messages above the floor are sent.
 */
import { LogSession, type Claimed, type Grant } from '../broker/internal.js'
import type { Database, Row } from './client.js'
import { columns, messageOf } from './record.js'
import type { Watcher } from './listener.js'
import { topicOf } from './topic.js'

const MINE = 'topic = $1 and partition = $2 and owner = $3 and epoch = $4'
/** Up to the last floor, $6, all is deleted; without that bound each delete would read the index through it, until the next vacuum. */
const SETTLED = `delete from $.message where topic = $1 and partition = $2 and "offset" > $6 and "offset" <= (select floor from p)`
const MARK = `with p as (update $.partition set floor = greatest(floor, $5) where ${MINE} returning floor), d as (${SETTLED}) select floor from p`
/** At most $8 messages behind $7. */
const PULL = `with mine as (select 1 from $.partition where ${MINE}),
  next as (select * from $.message where topic = $1 and partition = $2 and "offset" > $7 and exists (select from mine) order by "offset" limit $8),
  p as (update $.partition set floor = greatest(floor, $5), sent = greatest(sent, (select max("offset") from next)),
    lease_until = clock_timestamp() + $9::float8 * interval '1 ms' where ${MINE} returning floor),
  d as (${SETTLED})
  select ${columns('m')}, exists (select from p) as is_mine from (select) one left join next m on true order by m."offset"`

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

export class LogWay extends LogSession {
  private _last = -1
  private _floor = -1
  /** To be acknowledged. */
  private _mark = -1
  private readonly _forget: () => void

  constructor(private readonly _parts: LogParts) {
    super({ owner: _parts.poll, other: _parts.poll }, (cause) => _parts.fail(cause))
    this._forget = _parts.watch({
      wake: () => {
        this.look()
        this.session.wake()
      },
      fail: (cause) => this.session.fail(cause),
    })
  }

  acknowledge(offset: number): void {
    this._mark = Math.max(this._mark, offset)
    this.session.wake()
  }
  override *close(): Generator<never, void> {
    this._forget()
    yield* super.close()
  }

  protected prepare(): Generator<never, unknown> {
    const { db, topic, partitions } = this._parts
    return topicOf(db, topic, 'log', partitions)
  }

  protected get hasMark(): boolean {
    return this._mark > this._floor
  }

  protected get places(): number {
    return Math.min(this.wanted, this._parts.window - (this._last - this._floor))
  }

  protected *sendClaim(): Generator<never, Claimed | null> {
    const { db, topic, partition, member, owner, lease } = this._parts
    const [row] = (yield* db.query(
      'select floor::float8 as floor, rounds, epoch::float8 as epoch, continues from $.claim($1, $2, $3, $4, $5)',
      [topic, partition, member, owner, lease],
    )) as readonly (Row | undefined)[] // one or none
    if (row === undefined) return null
    const { epoch, ...grant } = row as unknown as Granted // of the function
    return { epoch, grant }
  }

  protected begun({ floor, continues }: Grant): void {
    this._last = this._floor = floor
    if (!continues) this._mark = floor
  }

  private get _mine(): unknown[] {
    const { topic, partition, owner } = this._parts
    return [topic, partition, owner, this.epoch]
  }

  protected *sendPull(): Generator<never, boolean> {
    return yield* this._pulled(this.places)
  }

  /** Settles up to the mark, and pulls, with one commit. Returns false where another owns the partition. */
  private *_pulled(most: number): Generator<never, boolean> {
    const mark = Math.max(this._mark, this._floor)
    const rows = yield* this._parts.db.query(PULL, [...this._mine, mark, this._floor, this._last, most, this._parts.lease])
    if (rows[0]?.is_mine !== true) return false
    this._floor = Math.max(this._floor, mark)
    const records = rows.filter(({ offset }) => offset !== null).map(messageOf)
    if (records.length === most) this.mayHave = true
    for (const record of records) {
      this.wanted--
      this._last = record.offset
      this.driver?.arrived(record)
    }
    return true
  }

  protected *sendMark(): Generator<never, boolean> {
    const mark = this._mark
    const most = this.mayHave && !this.isReleaseDue ? Math.min(this.wanted, this._parts.window - (this._last - mark)) : 0
    if (most > 0) {
      this.mayHave = false
      return yield* this._pulled(most)
    }
    const rows = yield* this._parts.db.query(MARK, [...this._mine, mark, this._floor])
    if (rows.length === 0) return false
    this._floor = Math.max(this._floor, mark)
    return true
  }

  protected *sendBeat(): Generator<never, { isOwner: boolean; handsOver: boolean }> {
    const { db, topic, partition, member, lease } = this._parts
    const { preferred, is_mine: isMine } = yield* db.row(
      `with m as (insert into $.member values ($1, $5, clock_timestamp()) on conflict on constraint member_pkey do update set seen = excluded.seen),
       p as (update $.partition set lease_until = clock_timestamp() + $6::float8 * interval '1 ms'
         where topic = $1 and partition = $2 and owner = $3 and epoch = $4 returning 1)
       select $.preferred($1, $2, $6) as preferred, exists (select from p) as is_mine`,
      [topic, partition, this._parts.owner, this.epoch, member, lease],
    )
    return { isOwner: isMine === true, handsOver: preferred !== null && preferred !== member }
  }

  protected *sendRelease(): Generator<never, void> {
    const { db, topic, member } = this._parts
    yield* db.query(
      `with p as (update $.partition set owner = null, sent = floor where topic = $1 and partition = $2 and owner = $3 and epoch = $4 returning 1)
       select pg_notify($5, $1) from p`,
      [...this._mine, db.channel],
    )
    if (this.isLeaving) yield* db.query('delete from $.member where topic = $1 and member = $2', [topic, member])
  }
}
