import { consumerGroupDescribeV0, describeConfigsV4, metadataV12 } from '@platformatic/kafka'
import { go, type Op } from '../../runtime/index.js'
import { checkTime } from '../../runtime/internal.js'
import type { DoctorFeature, DoctorReport, DoctorSetting } from '../broker/index.js'
import { NOTHING_LOST, reportOf } from '../broker/internal.js'
import { answerIn, checkClient, checkOptionsOf, checkTopic, says, type KafkaClient, type KafkaOptions } from './client.js'
import { Cluster, lacksOf } from './cluster.js'

/** Options of `doctor`. */
export interface DoctorOptions extends KafkaOptions {
  /** The topic to look at; default: all topics that the client may see, without those of Kafka itself. */
  readonly log?: string
}

/**
 * Looks at the servers: their features, and for each topic the losses by a kill or a power cut under its settings: replicas,
 * `min.insync.replicas`, `unclean.leader.election.enable`, `flush.messages` and `flush.ms`. Publishes wait for all replicas in sync
 * (`acks` all). A warning tells which topics delete messages that nobody has settled, by age, size or key. `warnings` of the report is
 * empty where all is well. Changes nothing. `patience` is 5000 ms by default.
 *
 * Kafka does not tell its version: `version` is `4.0 or later`, or `before 4.0`, by the requests that it knows. Where the client may not
 * read the settings of a topic, their value is null. Fails with KafkaAwayError, KafkaClosedError and KafkaRefusedError; a server that is
 * too old is a warning, as is a topic that is missing. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * go(function* () {
 *   const { version, warnings } = yield* doctor(kafka, { log: 'users' })
 *   console.log(version, ...warnings)
 * })
 * ```
 */
export function doctor(client: KafkaClient, options: DoctorOptions = {}): Op<DoctorReport> {
  checkClient('doctor(client)', client)
  checkOptionsOf('doctor(client, options)', options, '{ log?, patience? }', ['log', 'patience'])
  const { log, patience = 5000 } = options
  if (log !== undefined) checkTopic('doctor(client, { log })', log)
  checkTime('doctor(client, { patience })', patience)
  const cluster = new Cluster('doctor(client)', client, patience)
  return go(() => examined(cluster, log)).join()
}

/** The requests of each feature, with the versions that are needed. */
const REQUESTS: Readonly<Record<string, readonly string[]>> = {
  logs: ['ConsumerGroupHeartbeat', 'Fetch', 'OffsetCommit', 'OffsetFetch'],
  publishing: ['Produce'],
}
const needs = 'Kafka 4.0'

function* examined(cluster: Cluster, log: string | undefined): Generator<never, DoctorReport> {
  const versions = yield* cluster.asked(() => cluster.versions())
  const lacks = lacksOf(versions)
  const features: DoctorFeature[] = Object.entries(REQUESTS).map(([name, requests]) => ({
    name,
    needs,
    isThere: !requests.some((request) => request in lacks),
  }))
  if (features[0].isThere) features.push(yield* groupsOf(cluster))
  const topics = yield* topicsOf(cluster, log)
  const version = Object.keys(lacks).length === 0 ? '4.0 or later' : 'before 4.0'
  const missing =
    topics.length === 0 && log !== undefined
      ? [`the topic ${JSON.stringify(log)} is missing: plan(client, { log }).apply() creates it`]
      : []
  return reportOf({ server: 'Kafka', version, features, settings: topics.map(settingOf) }, [...missing, ...topics.flatMap(warningsOf)])
}

/** A name for the question whether the groups are there; no such group is made. */
const PROBE = 'millrace-doctor'

/** Whether the servers deal partitions: a cluster that was upgraded may not have switched it on. */
function* groupsOf(cluster: Cluster): Generator<never, DoctorFeature> {
  const feature = (isThere: boolean): DoctorFeature => ({ name: 'groups', needs: 'group.version 1', isThere })
  return yield* cluster.asked(async () => {
    try {
      await consumerGroupDescribeV0.api.async(await cluster.coordinator(PROBE), [PROBE], false)
      return feature(true)
    } catch (error) {
      if (says(error, /^UNSUPPORTED_VERSION$/)) return feature(false)
      if (says(error, /^GROUP_/)) return feature(true) // there is no such group, or the client may not see it
      throw error
    }
  })
}

interface Topic {
  readonly name: string
  readonly replicas: number
  /** The fewest replicas that are in sync, of all partitions. */
  readonly inSync: number
  /** Null where the server does not tell. */
  readonly settings: ReadonlyMap<string, string> | null
}

function* topicsOf(cluster: Cluster, log: string | undefined): Generator<never, readonly Topic[]> {
  const { topics } = yield* cluster.asked(async () =>
    answered<metadataV12.MetadataResponse>(
      metadataV12.api.async(await cluster.unchecked(), log === undefined ? null : [log], false, false),
    ),
  )
  const all: Topic[] = []
  for (const { name, isInternal, errorCode, partitions } of topics) {
    if (name === null || name === undefined || isInternal || errorCode !== 0 || partitions.length === 0) continue
    const replicas = Math.min(...partitions.map(({ replicaNodes }) => replicaNodes.length))
    const inSync = Math.min(...partitions.map(({ isrNodes }) => isrNodes.length))
    all.push({ name, replicas, inSync, settings: yield* settingsOf(cluster, name) })
  }
  return all.sort((a, b) => (a.name < b.name ? -1 : 1))
}

const TOPIC = 2
const KEYS = [
  'min.insync.replicas',
  'unclean.leader.election.enable',
  'flush.messages',
  'flush.ms',
  'retention.ms',
  'retention.bytes',
  'cleanup.policy',
]

function* settingsOf(cluster: Cluster, name: string): Generator<never, ReadonlyMap<string, string> | null> {
  const asked = [{ resourceType: TOPIC, resourceName: name, configurationKeys: KEYS }] as const
  const { results } = yield* cluster.asked(async () =>
    answered<describeConfigsV4.DescribeConfigsResponse>(describeConfigsV4.api.async(await cluster.unchecked(), [...asked], false, false)),
  )
  if (results.length === 0 || results[0].errorCode !== 0) return null
  return new Map(results[0].configs.map(({ name: key, value }) => [key, value ?? '']))
}

/** The answer, also where it has an error of one of its parts. */
async function answered<A>(asking: Promise<A>): Promise<A> {
  try {
    return await asking
  } catch (error) {
    const answer = answerIn<A>(error)
    if (answer === null) throw error
    return answer
  }
}

function settingOf(topic: Topic): DoctorSetting {
  const { name, replicas, settings } = topic
  const copies = `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`
  const told = [copies, `min.insync.replicas ${settings?.get('min.insync.replicas') ?? 1}`]
  const { unwritten, isUnclean, fewest } = safetyOf(topic)
  if (unwritten === NOTHING_LOST) told.push('flush.messages 1')
  if (isUnclean) told.push('unclean leader election')
  const behind = replicas > 1 && isUnclean ? 'what the next leader has not, where it was out of sync' : NOTHING_LOST
  const alone = unwritten === NOTHING_LOST ? unwritten : `${unwritten}, where no other replica was in sync`
  const powerCut = replicas === 1 ? unwritten : fewest > 1 ? NOTHING_LOST : alone
  const losses = { kill: behind, powerCut: powerCut === NOTHING_LOST ? behind : powerCut }
  return { name: `topic ${JSON.stringify(name)}`, value: settings === null ? null : told.join(', '), ...losses }
}

/** Settings that are not told are taken as they come. */
function safetyOf({ settings }: Topic) {
  const of = (key: string): number => Number(settings?.get(key) ?? Infinity)
  const unwritten =
    of('flush.messages') === 1
      ? NOTHING_LOST
      : of('flush.ms') < LONG
        ? `what a server has stored for the last ${of('flush.ms')} ms`
        : 'what the disk of a server did not have yet'
  return {
    unwritten,
    isUnclean: settings?.get('unclean.leader.election.enable') === 'true',
    fewest: Number(settings?.get('min.insync.replicas') ?? 1),
  }
}

/** ms: no flush in fact. */
const LONG = 2 ** 53

/** What the servers delete, whether it is settled or not, and what they refuse. */
function warningsOf({ name, replicas, inSync, settings }: Topic): readonly string[] {
  const is = (key: string): number => Number(settings?.get(key) ?? -1)
  const of = `topic ${JSON.stringify(name)}`
  const policies = (settings?.get('cleanup.policy') ?? '').split(',')
  const warnings: string[] = []
  const deletes = (what: string, setting: string): void => void warnings.push(`${of} deletes ${what}, settled or not (${setting})`)
  if (policies.includes('delete') && is('retention.ms') >= 0) deletes(`messages after ${is('retention.ms') / 3600e3} h`, 'retention.ms')
  if (policies.includes('delete') && is('retention.bytes') >= 0)
    deletes(`what is more than ${is('retention.bytes')} bytes of a partition`, 'retention.bytes')
  if (policies.includes('compact')) deletes('all but the last message of a key', 'cleanup.policy compact')
  const fewest = is('min.insync.replicas')
  if (fewest > replicas) warnings.push(`${of} takes no messages: min.insync.replicas ${fewest}, and it has ${replicas}`)
  else if (inSync < fewest)
    warnings.push(`${of} takes no messages now: min.insync.replicas ${fewest}, and ${inSync} of ${replicas} replicas in sync`)
  return warnings
}
