/**
 * A member of a consumer group, by the protocol of Kafka 4.0: the server says which partitions are the member's, and gives none of them
 * to another before this member has said that it has let go.
 *
 *     beat: "these are mine" ──▶ assignment ──new──▶ its partition claims      ──gone──▶ its partition hands over, and is released
 *
 * Always true:
 * - a partition that is held is said to be owned, until it is released, or the member is fenced: others wait for that;
 * - an era ends where the group has gone on without this member: its partitions are lost, and commits of the era are not sent;
 * - the member leaves when its last partition is closed.
 */
import { consumerGroupHeartbeatV1, offsetCommitV9, offsetFetchV9, type ConnectionPool } from '@platformatic/kafka'
import { after, fromPromise, select } from '../../runtime/index.js'
import { time } from '../../runtime/internal.js'
import { Session } from '../broker/internal.js'
import { isFenced } from './client.js'
import type { Cluster } from './cluster.js'
import { Commits, LostError, type Commit } from './commits.js'
import { KafkaSetupError } from './errors.js'
import { Fetcher } from './fetcher.js'

/** A partition of a member. */
export interface Part {
  readonly partition: number
  /** The assignment is another, or the era. */
  changed(): void
}

export interface MembershipParts {
  readonly cluster: Cluster
  readonly topic: string
  readonly partitions: number
  readonly group: string
  readonly handOver: number
  readonly wait: number
  readonly bytes: number
}

/** ms between two beats, until the server says it. */
const FIRST = 1000
/** ms that the server waits for a hand-over, beyond its own time. */
const GRACE = 15_000
const LEAVES = -1
/** ms that a farewell may take. */
const FAREWELL = 2000

export class Membership {
  /** Grows each time that the group has gone on without this member. */
  era = 0
  readonly commits: Commits
  readonly fetcher: Fetcher
  private readonly _id = globalThis.crypto.randomUUID()
  private _epoch = 0
  private _interval = FIRST
  private _next = 0
  private readonly _parts = new Map<number, Part & { fail(cause: unknown): void }>()
  private readonly _held = new Set<number>()
  private _assigned: ReadonlySet<number> = new Set()
  private _hasFailed = false
  private readonly _cluster: Cluster
  private readonly _pool: ConnectionPool
  private _session: Session | null = null

  constructor(private readonly _settings: MembershipParts) {
    const { topic, wait, bytes } = _settings
    const { cluster, pool } = _settings.cluster.apart()
    this._cluster = cluster
    this._pool = pool
    const fail = (cause: unknown): void => {
      this.fail(cause)
    }
    this.fetcher = new Fetcher({ cluster, topic, wait, bytes, fail })
    this.commits = new Commits({ cluster, send: (batch, era) => this._send(batch, era), fenced: () => this._fenced(), member: this })
  }

  get isOver(): boolean {
    return this._parts.size === 0
  }
  has(partition: number): boolean {
    return this._parts.has(partition)
  }

  add(part: Part & { fail(cause: unknown): void }): void {
    this._parts.set(part.partition, part)
  }

  /** Fails one of the sources: they are of one pipeline. */
  fail(cause: unknown): void {
    if (this._hasFailed) return
    this._hasFailed = true
    for (const part of this._parts.values()) return part.fail(cause)
  }

  /** Checks the topic. */
  *prepare(): Generator<never, void> {
    const { topic, partitions, cluster } = this._settings
    if (this._session !== null) return
    const { leaders } = yield* cluster.asked(() => cluster.topic(topic)) // and the version of the server
    if (leaders.length !== partitions) {
      const has = `the topic ${JSON.stringify(topic)} has ${leaders.length} partitions, and partitions is ${partitions}`
      throw new KafkaSetupError(cluster.where, has)
    }
    if (this._session !== null || this.isOver) return // another partition was faster
    const due = (): number => Math.max(1, this._next - time.timers.now())
    this._session = new Session({
      get poll() {
        return due()
      },
      step: () => this._step(),
      polled: () => undefined,
      fail: (cause) => {
        this.fail(cause)
      },
    })
  }

  isAssigned(partition: number): boolean {
    return this._assigned.has(partition)
  }

  hold(partition: number): void {
    this._held.add(partition)
  }

  /** Whether a partition that was taken in an era is still held. */
  holds(partition: number, era: number): boolean {
    return era === this.era && this._held.has(partition)
  }

  /** The partition is let go: nothing of it is under way. */
  release(partition: number): void {
    if (this._held.delete(partition) && !this._assigned.has(partition)) this._beatNow()
  }

  private _beatNow(): void {
    this._next = 0
    this._session?.wake()
  }

  private *_step(): Generator<never, boolean> {
    if (this.isOver || time.timers.now() < this._next) return false
    yield* this._beat()
    return true
  }

  private *_beat(): Generator<never, void> {
    const { topic, group, handOver } = this._settings
    const { era } = this
    this._next = time.timers.now() + this._interval
    try {
      const answer = yield* this._cluster.asked(async () => {
        const { id } = await this._cluster.topic(topic)
        const connection = await this._cluster.coordinator(group)
        const owned = [...new Set([...this._assigned, ...this._held])] // a commit may have found meanwhile that the era is over
        const told = this._epoch === 0 || owned.length === 0 ? [] : [{ topicId: id, partitions: owned }]
        const within = Math.min(Math.ceil(handOver) + GRACE, 2 ** 31 - 1)
        return await consumerGroupHeartbeatV1.api.async(
          connection,
          group,
          this._id,
          this._epoch,
          null,
          null,
          within,
          [topic],
          null,
          null,
          told,
        )
      })
      if (era !== this.era) return
      this._epoch = answer.memberEpoch
      this._interval = answer.heartbeatIntervalMs > 0 ? answer.heartbeatIntervalMs : this._interval
      this._next = time.timers.now() + this._interval
      if (answer.assignment !== null) this._assign(answer.assignment.topicPartitions.flatMap(({ partitions }) => partitions))
    } catch (error) {
      if (!isFenced(error)) throw error
      if (era === this.era) this._fenced()
    }
  }

  private _assign(partitions: readonly number[]): void {
    const before = this._assigned
    this._assigned = new Set(partitions)
    const differs = partitions.length !== before.size || partitions.some((partition) => !before.has(partition))
    if (differs) this._next = 0 // the server waits for the beat that says so
    for (const part of [...this._parts.values()]) if (differs || this._isToLetGo(part.partition)) part.changed()
  }

  private _isToLetGo(partition: number): boolean {
    return this._held.has(partition) && !this._assigned.has(partition)
  }

  /** The group has gone on without this member: it joins anew. */
  private _fenced(): void {
    this.era++
    this._epoch = 0
    this._assigned = new Set()
    this._held.clear()
    for (const part of [...this._parts.values()]) part.changed()
    this._beatNow()
  }

  /** The commit for a partition. */
  *committed(partition: number, era: number): Generator<never, { readonly offset: number; readonly text: string | null }> {
    const { topic, group } = this._settings
    try {
      const { groups } = yield* this._cluster.asked(async () => {
        const connection = await this._cluster.coordinator(group)
        if (era !== this.era) throw new LostError()
        const of = {
          groupId: group,
          memberId: this._id,
          memberEpoch: this._epoch,
          topics: [{ name: topic, partitionIndexes: [partition] }],
        }
        return await offsetFetchV9.api.async(connection, [of], true)
      })
      const [{ committedOffset, metadata }] = groups[0].topics[0].partitions
      return { offset: Number(committedOffset), text: metadata ?? null }
    } catch (error) {
      if (!isFenced(error)) throw error
      if (era === this.era) this._fenced()
      throw new LostError()
    }
  }

  private async _send(batch: readonly Commit[], era: number): Promise<void> {
    const { topic, group } = this._settings
    const connection = await this._cluster.coordinator(group)
    if (era !== this.era) throw new LostError()
    const partitions = batch.map(({ partition, offset, text }) => ({
      partitionIndex: partition,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: -1,
      committedMetadata: text,
    }))
    await offsetCommitV9.api.async(connection, group, this._epoch, this._id, null, [{ name: topic, partitions }])
  }

  /** The partition is closed; with the last the member leaves. */
  *remove(partition: number): Generator<never, void> {
    this._parts.delete(partition)
    if (!this.isOver) return
    const session = this._session
    if (session !== null) yield* session.close()
    yield* select({ over: fromPromise(this._leave()).attempt(), late: after(FAREWELL) })
    this._cluster.close()
    // The end of the source does not hang on the client.
    const closed = Promise.all([this.fetcher.close(), this._pool.close().catch(() => undefined)])
    yield* select({ over: fromPromise(closed).attempt(), late: after(FAREWELL) })
  }

  private async _leave(): Promise<void> {
    const { topic, group } = this._settings
    if (this._epoch <= 0) return
    const connection = await this._cluster.coordinator(group)
    await consumerGroupHeartbeatV1.api.async(connection, group, this._id, LEAVES, null, null, 0, [topic], null, null, [])
  }
}
