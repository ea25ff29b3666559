import type { Observable } from 'rxjs'
import { checkCount, checkInterval, checkTime, mistyped } from '../../runtime/internal.js'
import { fromPull, type Delivery, type Lease, type PullDriver, type PullOptions } from '../broker/index.js'
import { checkName, LogPartition, logOf, withLag } from '../broker/internal.js'
import { checkClient, checkOptionsOf, checkTopic, type KafkaClient, type KafkaOptions } from './client.js'
import { Cluster } from './cluster.js'
import { lagOf } from './lag.js'
import { LogWay } from './log-way.js'
import { Membership } from './membership.js'

/** Options of `fromKafka`. */
export interface FromKafka extends PullOptions, KafkaOptions {
  /** The topic: in order within a partition, and so within a key; settled up to a mark. */
  readonly log: string
  /** The partitions of the topic; default 1. */
  readonly partitions?: number
  /** The consumer group; default `millrace`. */
  readonly group?: string
  /** The most messages, of each partition, that are delivered and not settled; default 256. */
  readonly window?: number
  /** ms that a read waits at the broker for a message; default 500. */
  readonly poll?: number
  /** The most bytes of a partition that are read at once, and wait here; default 1 MiB. A message that is larger comes all the same. */
  readonly fetchBytes?: number
  /** ms that the messages under way may take where their partition goes to another member; default 30,000. Then they come there again. */
  readonly handOver?: number
}

const NO_QUEUE = '{ log }: Kafka has no queue, but for share groups, which its client does not speak'

const NAMES = ['log', 'partitions', 'group', 'window', 'poll', 'fetchBytes', 'handOver', 'patience', 'name', 'prefetch', 'deadline', 'beat']

/**
 * The messages of a topic in Kafka, as deliveries. The client, of `@platformatic/kafka`, is the user's, and is not closed; the source
 * makes connections of its own with the settings of the client. The topic must be there: `plan(client, …).apply()` creates it.
 *
 * Each partition has one owner in the group, by the group protocol of Kafka 4.0: the sources that are subscribed are its members, and
 * the server deals the partitions to them. Where a member joins or is drained, what is under way is settled and committed before the
 * next owner gets the partition; that of a process that was killed goes to another after the session timeout of the group, which the
 * server has (`group.consumer.session.timeout.ms`). The mark is the committed offset, of the first message that is not settled; a new
 * group begins with the first message that there is. A partition whose pipeline has ended stays with its member until all have ended.
 *
 * Kafka has no queue in this sense: its share groups are the nearest, and no client for JavaScript speaks them. For more workers than
 * partitions use `byKey` or a worker pool below.
 *
 * The value is JSON in UTF-8, key and headers are texts; a record without a value has the value null. A value that is no JSON is given
 * up at once. Messages of aborted transactions are left out.
 *
 * Shape: as `fromPull`. While the servers are away, the source waits, for `patience` ms. Fails with KafkaSetupError where the topic is
 * missing or has another number of partitions, KafkaVersionError for a server before 4.0, KafkaAwayError, KafkaClosedError, and
 * KafkaRefusedError where the server refuses. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const users = fromKafka<User>(kafka, { log: 'users', partitions: 8, group: 'names' })
 * const settled = users.pipe(byKey((d) => d.key, 32, ({ name }) => name), toKafka(kafka, { topic: 'names' }), settle())
 * ```
 */
export function fromKafka<T = unknown>(client: KafkaClient, options: FromKafka): Observable<Delivery<T>> {
  checkClient('fromKafka(client)', client)
  checkOptionsOf('fromKafka(client, options)', options, '{ log, and more }', [...NAMES, 'queue'])
  if ('queue' in options) throw mistyped('fromKafka(client, { queue })', NO_QUEUE, options.queue)
  const { log, partitions, group, window, poll, fetchBytes, handOver, patience, pull } = settingsOf(options)
  const cluster = new Cluster(`fromKafka(client, { log: ${JSON.stringify(log)} })`, client, patience)
  const { beat = 1000, prefetch = 256, name = `from ${log}` } = pull
  const ofPull = { ...pull, name, beat }
  const members = new Set<Membership>()

  /** The member that has no such partition yet: a second subscription is a second member. */
  const memberFor = (partition: number): Membership => {
    for (const member of [...members]) {
      if (member.isOver) members.delete(member)
      else if (!member.has(partition)) return member
    }
    const member = new Membership({ cluster, topic: log, partitions, group, handOver, wait: toWhole(poll), bytes: toWhole(fetchBytes) })
    members.add(member)
    return member
  }
  const opening =
    (partition: number) =>
    (opened: Lease<T>): PullDriver => {
      const membership = memberFor(partition)
      const fail = (cause: unknown): void => {
        opened.fail(cause)
      }
      const way = new LogWay({ cluster, topic: log, partition, window, poll: beat, handOver, membership, fail })
      const driver = new LogPartition<T>(opened, way, { source: log, partition, beat, window })
      way.driver = driver // the caller says which values the topic has
      return driver
    }
  const sources = Array.from({ length: partitions }, (_, i) => fromPull<T>(opening(i), ofPull))
  return withLag(logOf(ofPull.name, prefetch * partitions, sources), () => lagOf(cluster, log, group, partitions))
}

/** A number of ms or bytes, as Kafka takes it. */
function toWhole(n: number): number {
  return Math.min(Math.ceil(n), 2 ** 31 - 1)
}

function settingsOf(options: FromKafka) {
  const {
    log,
    partitions = 1,
    group = 'millrace',
    window = 256,
    poll = 500,
    fetchBytes = 1 << 20,
    handOver = 30_000,
    patience = 30_000,
    ...pull
  } = options
  checkTopic('fromKafka(client, { log })', log)
  checkCount('fromKafka(client, { partitions })', 1, partitions)
  checkName('fromKafka(client, { group })', group)
  checkCount('fromKafka(client, { window })', 1, window)
  checkInterval('fromKafka(client, { poll })', poll)
  checkCount('fromKafka(client, { fetchBytes })', 1, fetchBytes)
  checkTime('fromKafka(client, { handOver })', handOver)
  checkTime('fromKafka(client, { patience })', patience)
  if (pull.beat !== undefined) checkInterval('fromKafka(client, { beat })', pull.beat)
  return { log, partitions, group, window, poll, fetchBytes, handOver, patience, pull }
}
