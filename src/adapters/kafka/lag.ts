/** How far a group is behind: from the ends of the partitions, and the commits of their owners. */
import { fetchV17, offsetFetchV9 } from '@platformatic/kafka'
import { go, type Op } from '../../runtime/index.js'
import { time } from '../../runtime/internal.js'
import type { Lag } from '../broker/index.js'
import type { Cluster } from './cluster.js'
import { offsetAt } from './log-way.js'
import { noteIn } from './mark-text.js'
import { recordsOf } from './record.js'

const EARLIEST = -2n
const LATEST = -1n
/** The epoch of a process that is no member. */
const OUTSIDE = -1

export function lagOf(cluster: Cluster, topic: string, group: string, partitions: number): Op<Lag> {
  return go(function* lag() {
    const all = Array.from({ length: partitions }, (_, i) => i)
    const committed = yield* committedBy(cluster, topic, group, all)
    let [waiting, underWay, oldestMs, missed] = [0, 0, 0, 0]
    const byPartition: number[] = []
    for (const partition of all) {
      const end = yield* offsetAt(cluster, topic, partition, LATEST)
      const { offset, text } = committed[partition]
      const first = Math.max(offset, yield* offsetAt(cluster, topic, partition, EARLIEST))
      const left = Math.max(0, end - first)
      const under = Math.min(left, Math.max(0, noteIn(text, first).sent - first))
      waiting += left - under
      underWay += under
      if (offset >= 0) missed += first - offset
      byPartition.push(left)
      if (left > 0) oldestMs = Math.max(oldestMs, yield* ageAt(cluster, topic, partition, first))
    }
    return { waiting, underWay, oldestMs, byPartition, missed }
  }).join()
}

/** The commits of a group for partitions; -1 where there is none. */
export function committedBy(
  cluster: Cluster,
  topic: string,
  group: string,
  partitions: readonly number[],
): Generator<never, readonly { readonly offset: number; readonly text: string | null }[]> {
  return cluster.asked(async () => {
    const topics = [{ name: topic, partitionIndexes: [...partitions] }]
    const connection = await cluster.coordinator(group)
    const { groups } = await offsetFetchV9.api.async(connection, [{ groupId: group, memberId: null, memberEpoch: OUTSIDE, topics }], true)
    const found = new Map(groups[0].topics[0].partitions.map((each) => [each.partitionIndex, each]))
    return partitions.map((partition) => ({
      offset: Number(found.get(partition)?.committedOffset ?? -1),
      text: found.get(partition)?.metadata ?? null,
    }))
  })
}

/** The age of the first message from an offset on, in ms. */
function* ageAt(cluster: Cluster, topic: string, partition: number, offset: number): Generator<never, number> {
  const { responses } = yield* cluster.asked(async () => {
    const { id, leaders } = await cluster.topic(topic)
    const connection = await cluster.connection(leaders[partition])
    const asked = { partition, currentLeaderEpoch: -1, fetchOffset: BigInt(offset), lastFetchedEpoch: -1, partitionMaxBytes: 1 }
    return await fetchV17.api.async(connection, 0, 0, 1, 1, 0, -1, [{ topicId: id, partitions: [asked] }], [], '')
  })
  const { records, abortedTransactions } = responses[0].partitions[0]
  const read = recordsOf(records ?? [], offset, abortedTransactions ?? []).records
  return read.length === 0 ? 0 : Math.max(0, time.timers.wall() - read[0].time)
}
