/** A log: a stream whose partitions have one owner each among the members of a group. */
import type { Msg } from '@nats-io/nats-core'
import { createInbox } from '@nats-io/nats-core'
import type { Observable } from 'rxjs'
import { QueuedTimer } from '../../runtime/internal.js'
import { fromPull, type Delivery, type Lag, type Lease, type PullDriver, type PullOptions } from '../broker/index.js'
import { LogPartition } from '../broker/internal.js'
import type { Connection } from './connection.js'
import { consumerInfo, oldestAfter, stateOf, type ConsumerInfo, type Target } from './consumer.js'
import { LogWay } from './log-way.js'
import { Members } from './members.js'
import { keyIn, textOfToken } from './message.js'
import type { Reading } from './pulling.js'
import { lookForMissed, missedIn, noteMissed } from './reads.js'

export interface LogSourceParts {
  readonly link: Connection
  readonly target: Target
  readonly partitions: number
  readonly window: number
  readonly beat: number
  readonly reading: Reading<unknown>
}

export function consumerOf(group: string, partition: number): string {
  return `${group}-${partition}`
}

/** The subjects of a partition. */
export function subjectsOf(stream: string, partition: number): string {
  return `${stream}.${partition}.>`
}

/** The sources of the partitions. One source is one member of the group. */
export function partsOfLog<T>(parts: LogSourceParts, ofPull: PullOptions): readonly Observable<Delivery<T>>[] {
  const { link, target, beat, reading, window } = parts
  const member = createInbox('m')
  const ways = new Set<LogWay>()
  const changed = (): void => {
    for (const way of [...ways]) way.changed()
  }
  const subject = `millrace.members.${target.stream}.${target.group}`
  const members = new Members({ link, subject, member, beat, lease: 3 * beat, changed })
  const looks = new Looks(parts)
  const open = (partition: number, lease: Lease<T>): PullDriver => {
    const fail = (cause: unknown): void => lease.fail(cause)
    const way = new LogWay({
      ...target,
      link,
      partition,
      isWhole: parts.partitions === 1,
      taken: () => looks.soon((missed) => lease.missed(missed, target.stream), fail),
      consumer: consumerOf(target.group, partition),
      member,
      members,
      beat,
      reading,
      fail,
      closed: () => {
        ways.delete(way)
        if (ways.size === 0) looks.stop()
      },
    })
    const driver = new LogPartition<T>(lease, way, { source: target.stream, partition, beat, window })
    way.driver = driver
    ways.add(way)
    return driver
  }
  return Array.from({ length: parts.partitions }, (_, i) => fromPull<T>((lease) => open(i, lease), ofPull))
}

/** Looks at a cluster, until the least that they have found is reported: the servers may not have the same messages for a time. */
const LOOKS = 7
/** ms between two of them. */
const BETWEEN = 5000

/** Looks for messages that were deleted unread, a beat after partitions were taken over. */
class Looks {
  /** The least that the looks of a row have found. */
  private _least = Infinity
  private _left = 0
  private _tell: (missed: number) => void = nothing
  private _fail: (cause: unknown) => void = nothing
  private readonly _timer = new QueuedTimer(null, () => void this._look())

  constructor(private readonly _parts: LogSourceParts) {}

  soon(tell: (missed: number) => void, fail: (cause: unknown) => void): void {
    this._tell = tell
    this._fail = fail
    if (!this._timer.isRunning) this._begin()
  }

  private _begin(): void {
    const { beat, link } = this._parts
    this._least = Infinity
    this._left = link.isClustered ? LOOKS : 1
    this._timer.start(beat)
  }

  stop(): void {
    this._timer.stop()
    this._tell = this._fail = nothing
  }

  private async _look(): Promise<void> {
    const { link, target } = this._parts
    try {
      const asking = { ...target, isOver: () => this._tell === nothing }
      const missed = await lookForMissed(link, asking, consumersOf(this._parts))
      if (asking.isOver()) return
      this._least = Math.min(this._least, Math.max(0, missed.news))
      if (this._least > 0 && --this._left > 0) return this._timer.start(BETWEEN)
      if ((await noteMissed(link, asking, missed, this._least)) && this._least > 0) this._tell(this._least)
    } catch (cause) {
      this._fail(cause)
    }
  }
}

const nothing = (): void => undefined

function consumersOf({ partitions, target }: LogSourceParts): readonly string[] {
  return Array.from({ length: partitions }, (_, i) => consumerOf(target.group, i))
}

/** The key of a message of a log: the header, else the part of the subject that decides the partition. */
export function keyOfLog({ subject, headers }: Msg): string | null {
  return keyIn(headers) ?? textOfToken(subject.slice(subject.indexOf('.', subject.indexOf('.') + 1) + 1))
}

export async function lagOfLog(parts: LogSourceParts): Promise<Lag> {
  const { link, target, partitions } = parts
  const { first_seq: first, last_seq: last } = await stateOf(link, target)
  const consumers = consumersOf(parts)
  const infos = await Promise.all(consumers.map((name) => consumerInfo(link, name, target)))
  const named = new Map(infos.map((info, i) => [consumers[i], info]))
  const missed =
    partitions === 1
      ? Math.max(0, first - 1 - infos[0].ack_floor.stream_seq)
      : Math.max(0, (await missedIn(link, target, last, named)).news)
  const behind = ({ num_pending: waiting, num_ack_pending: underWay }: ConsumerInfo): number => waiting + underWay
  const oldestIn = async (info: ConsumerInfo, i: number): Promise<number | null> =>
    behind(info) === 0 ? null : await oldestAfter(link, info.ack_floor.stream_seq, subjectsOf(target.stream, i), target)
  const times = await Promise.all(infos.map(oldestIn))
  const oldest = Math.min(...times.map((time) => time ?? Infinity))
  return {
    waiting: infos.reduce((sum, info) => sum + info.num_pending, 0),
    underWay: infos.reduce((sum, info) => sum + info.num_ack_pending, 0),
    oldestMs: oldest === Infinity ? 0 : Math.max(0, Date.now() - oldest),
    byPartition: infos.map(behind),
    missed,
  }
}
