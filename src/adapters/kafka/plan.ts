import { createTopicsV7, offsetCommitV9 } from '@platformatic/kafka'
import { go } from '../../runtime/index.js'
import { checkCount, checkOneOf, checkTime } from '../../runtime/internal.js'
import { checkName, type Change, type Plan } from '../broker/internal.js'
import { checkClient, checkOptionsOf, checkTopic, says, type KafkaClient, type KafkaOptions } from './client.js'
import { Cluster } from './cluster.js'
import { committedBy } from './lag.js'
import { offsetAt } from './log-way.js'

/** What a source needs at the servers. */
export interface PlanOptions extends KafkaOptions {
  /** The topic. */
  readonly log: string
  /** The partitions of the topic; default 1. */
  readonly partitions?: number
  /** The copies of each message; default: as the servers are set (`default.replication.factor`). */
  readonly replicas?: number
  /** The consumer group; default `millrace`. */
  readonly group?: string
  /** The messages that a new group begins with: all that the topic has, or those that come from now on. Default `all`. */
  readonly from?: 'all' | 'new'
}

const NAMES = ['log', 'partitions', 'replicas', 'group', 'from', 'patience']

/**
 * The topic that `fromKafka` with the same options needs, and with `from: 'new'` the offsets with which its group begins. `check()`
 * compares them with the servers; `apply()` creates what is missing, and never changes or deletes anything. A topic with another number
 * of partitions differs, and stays so: with more partitions keys go to others, and their order begins anew.
 *
 * Both fail with KafkaVersionError, KafkaAwayError, KafkaClosedError and KafkaRefusedError as `fromKafka`. Throws TypeError or
 * RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const users = plan(kafka, { log: 'users', partitions: 8, replicas: 3 })
 * function* setUp() {
 *   for (const { kind, what } of yield* users.apply()) console.log(kind, what)
 * }
 * ```
 */
export function plan(client: KafkaClient, options: PlanOptions): Plan {
  checkClient('plan(client)', client)
  checkOptionsOf('plan(client, options)', options, '{ log, and more }', NAMES)
  const { log, partitions = 1, replicas, group = 'millrace', from = 'all', patience = 30_000 } = options
  checkTopic('plan(client, { log })', log)
  checkCount('plan(client, { partitions })', 1, partitions)
  if (replicas !== undefined) checkCount('plan(client, { replicas })', 1, replicas)
  checkName('plan(client, { group })', group)
  checkOneOf('plan(client, { from })', ['all', 'new'], from)
  checkTime('plan(client, { patience })', patience)
  const work = new Work(new Cluster('plan()', client, patience), {
    log,
    partitions,
    replicas: replicas ?? -1,
    group,
    isNew: from === 'new',
  })
  return { check: () => go(() => work.check()).join(), apply: () => go(() => work.apply()).join() }
}

interface Wanted {
  readonly log: string
  readonly partitions: number
  /** -1: as the servers are set. */
  readonly replicas: number
  readonly group: string
  readonly isNew: boolean
}

/** ms that the servers may take to create a topic. */
const CREATING = 30_000
const LATEST = -1n
/** The epoch of a commit of a process that is no member: the server takes it where the group has no members. */
const OUTSIDE = -1

class Work {
  constructor(
    private readonly _cluster: Cluster,
    private readonly _wanted: Wanted,
  ) {}

  *check(): Generator<never, readonly Change[]> {
    const { log, partitions } = this._wanted
    const topic = yield* this._cluster.asked(() => this._cluster.find(log))
    const changes: Change[] = []
    if (topic === null) changes.push({ kind: 'create', what: `topic ${JSON.stringify(log)}`, differences: [] })
    else if (topic.leaders.length !== partitions) {
      const differences = [`partitions: ${topic.leaders.length}, and should be ${partitions}`]
      changes.push({ kind: 'differs', what: `topic ${JSON.stringify(log)}`, differences })
    }
    if (!this._wanted.isNew) return changes
    const without = topic === null ? [-1] : yield* this._withoutOffset()
    if (without.length > 0) changes.push({ kind: 'create', what: this._start, differences: [] })
    return changes
  }

  private get _start(): string {
    return `start of the group ${JSON.stringify(this._wanted.group)} in the topic ${JSON.stringify(this._wanted.log)}`
  }

  private *_withoutOffset(): Generator<never, readonly number[]> {
    const { log, group } = this._wanted
    const { leaders } = yield* this._cluster.asked(() => this._cluster.topic(log))
    const all = leaders.map((_, i) => i)
    const committed = yield* committedBy(this._cluster, log, group, all)
    return all.filter((partition) => committed[partition].offset < 0)
  }

  *apply(): Generator<never, readonly Change[]> {
    const changes = yield* this.check()
    const { log } = this._wanted
    if (changes.some(({ kind, what }) => kind === 'create' && what.startsWith('topic '))) yield* this._create()
    if (changes.some(({ what }) => what === this._start)) {
      const starts: { partition: number; offset: number }[] = []
      for (const partition of yield* this._withoutOffset())
        starts.push({ partition, offset: yield* offsetAt(this._cluster, log, partition, LATEST) })
      yield* this._cluster.asked(() => this._commit(starts))
    }
    return changes
  }

  private *_create(): Generator<never, void> {
    const { log, partitions, replicas } = this._wanted
    const topic = { name: log, numPartitions: partitions, replicationFactor: replicas, assignments: [], configs: [] }
    try {
      yield* this._cluster.asked(async () => createTopicsV7.api.async(await this._cluster.connection(), [topic], CREATING, false))
    } catch (error) {
      if (!says(error, /^TOPIC_ALREADY_EXISTS$/)) throw error // another process has created it
    }
    yield* this._cluster.asked(() => this._cluster.topic(log), Infinity) // every broker comes to know it, under load late
  }

  private async _commit(starts: readonly { readonly partition: number; readonly offset: number }[]): Promise<void> {
    const { log, group } = this._wanted
    const partitions = starts.map(({ partition, offset }) => ({
      partitionIndex: partition,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: -1,
      committedMetadata: null,
    }))
    if (partitions.length === 0) return
    await offsetCommitV9.api.async(await this._cluster.coordinator(group), group, OUTSIDE, '', null, [{ name: log, partitions }])
  }
}
