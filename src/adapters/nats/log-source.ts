/** A log: a stream whose partitions have one owner each among the members of a group. */
import type { Msg } from '@nats-io/nats-core'
import { createInbox } from '@nats-io/nats-core'
import type { Observable } from 'rxjs'
import { fromPull, type Delivery, type Lag, type Lease, type PullDriver, type PullOptions } from '../broker/index.js'
import { LogPartition } from '../broker/internal.js'
import type { Connection } from './connection.js'
import { consumerInfo, oldestAfter, type ConsumerInfo, type Target } from './consumer.js'
import { LogWay } from './log-way.js'
import { Members } from './members.js'
import { keyIn, textOfToken } from './message.js'
import type { Reading } from './pulling.js'

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
  const { link, target, beat } = parts
  const member = createInbox('m')
  const ways = new Set<LogWay>()
  const changed = (): void => {
    for (const way of [...ways]) way.changed()
  }
  const members = new Members({
    link,
    subject: `millrace.members.${target.stream}.${target.group}`,
    member,
    beat,
    lease: 3 * beat,
    changed,
  })
  const open = (partition: number, lease: Lease<T>): PullDriver => {
    const { reading, window } = parts
    const consumer = consumerOf(target.group, partition)
    const fail = (cause: unknown): void => lease.fail(cause)
    const isWhole = parts.partitions === 1
    const way = new LogWay({
      ...target,
      link,
      partition,
      isWhole,
      consumer,
      member,
      members,
      beat,
      reading,
      fail,
      closed: () => ways.delete(way),
    })
    const driver = new LogPartition<T>(lease, way, { source: target.stream, partition, beat, window })
    way.driver = driver
    ways.add(way)
    return driver
  }
  return Array.from({ length: parts.partitions }, (_, i) => fromPull<T>((lease) => open(i, lease), ofPull))
}

/** The key of a message of a log: the header, else the part of the subject that decides the partition. */
export function keyOfLog({ subject, headers }: Msg): string | null {
  return keyIn(headers) ?? textOfToken(subject.slice(subject.indexOf('.', subject.indexOf('.') + 1) + 1))
}

export async function lagOfLog({ link, target, partitions }: LogSourceParts): Promise<Lag> {
  const numbers = Array.from({ length: partitions }, (_, i) => i)
  const infos = await Promise.all(numbers.map((i) => consumerInfo(link, consumerOf(target.group, i), target)))
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
  }
}
