import type { NatsConnection } from '@nats-io/nats-core'
import { fromPromise } from '../../runtime/index.js'
import { checkCount, checkOneOf, checkRecord, mistyped } from '../../runtime/internal.js'
import { checkLease, nameIn, type Change, type Plan } from '../broker/internal.js'
import { ask, connectionOf, type ApiAnswer, type Connection } from './connection.js'
import { NatsRefusedError } from './errors.js'
import { checkName } from './from-nats.js'
import { consumerOf, subjectsOf } from './log-source.js'
import { GROUP } from './log-way.js'
import { streamOfBucket, subjectsOfBucket } from './nats-once.js'
import { KINDS, streamOf, subjectsOfTopics } from './stage-topics.js'
import { OWNERS, OWNERS_SUBJECT } from './owners.js'
import { nanosOf } from './pulling.js'

/** What a source needs of the server. */
export interface PlanOptions {
  /** The stream as a queue. */
  readonly queue?: string
  /** The stream as a log. */
  readonly log?: string
  /** The pair of streams of `natsLink` with this name. Takes `replicas` and `storage` beside. */
  readonly stages?: string
  /** The KV bucket of `natsOnce` with this name, in which messages have a time to live. Takes `replicas` and `storage` beside. */
  readonly bucket?: string
  /** The number of partitions of the log: fixed, since keys are dealt to them by their hash. */
  readonly partitions?: number
  /**
   * The subjects that a new stream takes in; default: its name, and every subject that begins with the name and a dot. A log
   * takes in `<log>.<key>`, and the stream itself deals the keys to partitions.
   */
  readonly subjects?: readonly string[]
  /** The durable consumer, in a log one for each partition; default `millrace`. */
  readonly group?: string
  /** ms without a sign of life after which a message, or a partition, goes to another worker; default 5000. */
  readonly lease?: number
  /** The most messages that are delivered and not settled, in a log for each partition; default 1000, in a log 256. */
  readonly window?: number
  /** Copies of a new stream, in a cluster; default 1. */
  readonly replicas?: number
  /** Where a new stream lies; default `file`. */
  readonly storage?: 'file' | 'memory'
}

/**
 * The streams and consumers that `fromNats`, `natsLink` or `natsOnce` with the same options needs. `check()` compares them with the server;
 * `apply()` creates what is missing, and never changes or deletes. A pipeline itself creates nothing.
 *
 * Both fail with NatsRefusedError where the server refuses, NatsTimeoutError where JetStream does not answer,
 * and NatsClosedError where the connection is closed. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const users = plan(nc, { queue: 'users', lease: 10_000 })
 * go(function* () {
 *   for (const { kind, what } of yield* users.apply()) console.log(kind, what)
 * })
 * ```
 */
export function plan(nc: NatsConnection, options: PlanOptions): Plan {
  const link = connectionOf('plan(nc)', nc)
  const things = thingsOf(options)
  return {
    check: () => fromPromise(compare(link, things, false)),
    apply: () => fromPromise(compare(link, things, true)),
  }
}

function thingsOf(options: PlanOptions): readonly Thing[] {
  const { stages, bucket } = (options ?? {}) as Partial<PlanOptions> // from JavaScript they may be missing
  return stages !== undefined ? ofStages(options) : bucket !== undefined ? ofBucket(options) : needed(checked(options))
}

type Settings = Readonly<Record<string, unknown>>

/** A thing at the server. */
interface Thing {
  readonly what: string
  readonly info: string
  readonly create: string
  readonly settings: Settings
  readonly body: unknown
  /** The settings that the adapter depends on. */
  readonly essential: readonly string[]
}

const NAMES = ['queue', 'log', 'stages', 'bucket', 'partitions', 'subjects', 'group', 'lease', 'window', 'replicas', 'storage']

interface Checked {
  readonly stream: string
  readonly isLog: boolean
  readonly partitions: number
  readonly group: string
  readonly lease: number
  readonly window: number
  readonly replicas: number
  readonly storage: string
  readonly subjects: readonly string[]
}

function checked(options: PlanOptions): Checked {
  checkRecord(
    'plan(nc, options)',
    '{ queue }, { stages }, { bucket } or { log, partitions }, with subjects?, group?, lease?, window?, replicas?, storage?',
    options,
    NAMES,
  )
  const { log, group = 'millrace', lease = 5000 } = options
  if (options.queue === undefined && log === undefined)
    throw new TypeError('plan(nc, options): expected { queue }, { log, partitions }, { stages } or { bucket }, got none of them')
  const stream = nameIn('plan(nc, ', options, checkName)
  const isLog = log !== undefined
  const { window = isLog ? 256 : 1000, partitions = isLog ? undefined : 1 } = options
  checkCount('plan(nc, { log, partitions })', 1, partitions as number) // must be given for a log
  checkName('plan(nc, { group })', group)
  const { subjects = isLog ? [`${stream}.*`] : [stream, `${stream}.>`] } = options
  if (!Array.isArray(subjects) || subjects.length === 0 || subjects.some((subject) => typeof subject !== 'string'))
    throw mistyped('plan(nc, { subjects })', 'an array of subjects', subjects)
  checkLease('plan(nc, { lease })', lease)
  checkCount('plan(nc, { window })', 1, window)
  return { stream, isLog, partitions: partitions as number, group, lease, window, subjects, ...checkedPlace(options) } // checked
}

/** The streams of a link for stages; the link makes the consumers, of which each caller has its own. */
function ofStages(options: PlanOptions): readonly Thing[] {
  checkRecord('plan(nc, { stages })', '{ stages, replicas?, storage? }', options, ['stages', 'replicas', 'storage'])
  const { stages, replicas, storage } = { ...checkedPlace(options), stages: options.stages }
  checkName('plan(nc, { stages })', stages)
  return KINDS.map(({ kind, retention }) => {
    const name = streamOf(stages as string, kind) // checked
    const settings = { name, subjects: [`${subjectsOfTopics(stages as string, kind)}.*`], retention, storage, num_replicas: replicas }
    return thing('stream', name, settings, ['subjects', 'retention'])
  })
}

/** The stream of a bucket, as clients of KV make one. */
function ofBucket(options: PlanOptions): readonly Thing[] {
  checkRecord('plan(nc, { bucket })', '{ bucket, replicas?, storage? }', options, ['bucket', 'replicas', 'storage'])
  const { bucket, replicas, storage } = { ...checkedPlace(options), bucket: options.bucket }
  checkName('plan(nc, { bucket })', bucket)
  const name = streamOfBucket(bucket as string) // checked
  const settings = {
    name,
    subjects: [`${subjectsOfBucket(bucket as string)}.>`], // checked
    retention: 'limits',
    storage,
    num_replicas: replicas,
    max_msgs_per_subject: 1,
    discard: 'new',
    allow_rollup_hdrs: true,
    deny_delete: true,
    allow_direct: true,
    allow_msg_ttl: true,
  }
  return [thing('stream', name, settings, ['subjects', 'max_msgs_per_subject', 'allow_msg_ttl'])]
}

function checkedPlace({ replicas = 1, storage = 'file' }: PlanOptions): { readonly replicas: number; readonly storage: string } {
  checkCount('plan(nc, { replicas })', 1, replicas)
  checkOneOf('plan(nc, { storage })', ['file', 'memory'], storage)
  return { replicas, storage }
}

function needed(plan: Checked): readonly Thing[] {
  const { stream: name, isLog, subjects, storage, replicas } = plan
  const stream = { name, subjects, retention: 'limits', storage, num_replicas: replicas }
  return isLog ? ofLog(plan, stream) : ofQueue(plan, stream)
}

function ofQueue({ stream: name, group, lease, window }: Checked, stream: Settings): readonly Thing[] {
  const settings = { ack_policy: 'explicit', ack_wait: nanosOf(lease), max_ack_pending: window, deliver_policy: 'all' }
  return [thing('stream', name, stream, []), consumerThing(name, group, settings, ['ack_policy', 'ack_wait', 'max_ack_pending'])]
}

/** ns until the server delivers a message again by itself: ownership decides that, and not time. */
const AN_HOUR = 3600e9

function ofLog({ stream: name, partitions, group, lease, window, replicas, storage }: Checked, stream: Settings): readonly Thing[] {
  const transform = { src: `${name}.*`, dest: `${name}.{{partition(${partitions},1)}}.{{wildcard(1)}}` }
  const owners = {
    name: OWNERS,
    subjects: [`${OWNERS_SUBJECT}.>`],
    retention: 'limits',
    storage,
    num_replicas: replicas,
    max_msgs_per_subject: 1,
  }
  const settings = {
    ack_policy: 'all',
    ack_wait: AN_HOUR,
    max_ack_pending: window,
    deliver_policy: 'all',
    priority_groups: [GROUP],
    priority_policy: 'pinned_client',
    priority_timeout: nanosOf(lease),
  }
  const essential = ['ack_policy', 'max_ack_pending', 'priority_groups', 'priority_policy', 'priority_timeout', 'filter_subject']
  const numbers = Array.from({ length: partitions }, (_, i) => i)
  return [
    thing('stream', name, { ...stream, subject_transform: transform }, ['subject_transform']),
    thing('stream', OWNERS, owners, ['max_msgs_per_subject']),
    ...numbers.map((i) => consumerThing(name, consumerOf(group, i), { ...settings, filter_subject: subjectsOf(name, i) }, essential)),
  ]
}

function thing(kind: 'stream', name: string, settings: Settings, essential: readonly string[]): Thing {
  const what = `${kind} ${JSON.stringify(name)}`
  return { what, info: `STREAM.INFO.${name}`, create: `STREAM.CREATE.${name}`, settings, body: settings, essential }
}

function consumerThing(stream: string, name: string, settings: Settings, essential: readonly string[]): Thing {
  const what = `consumer ${JSON.stringify(name)} of ${JSON.stringify(stream)}`
  const body = { stream_name: stream, config: { durable_name: name, name, ...settings }, action: 'create' }
  return { what, info: `CONSUMER.INFO.${stream}.${name}`, create: `CONSUMER.CREATE.${stream}.${name}`, settings, body, essential }
}

const API = '$JS.API.'
const ASKING = { where: 'plan(nc)', patience: 10_000, mayBeMissing: true }

async function compare(link: Connection, things: readonly Thing[], applies: boolean): Promise<readonly Change[]> {
  const changes: Change[] = []
  for (const each of things) {
    const { error, config } = await ask<ApiAnswer & { readonly config?: Settings }>(link, API + each.info, undefined, ASKING)
    if (error !== undefined && error.code !== 404) throw refused(each, error)
    if (error === undefined) {
      const differences = each.essential.filter((name) => !isEqual(config?.[name], each.settings[name]))
      const lines = differences.map((name) => `${name} is ${text(config?.[name])}, and should be ${text(each.settings[name])}`)
      if (lines.length > 0) changes.push({ kind: 'differs', what: each.what, differences: lines })
      continue
    }
    changes.push({ kind: 'create', what: each.what, differences: [] })
    if (!applies) continue
    const made = await ask<ApiAnswer>(link, API + each.create, each.body, ASKING)
    if (made.error !== undefined) throw refused(each, made.error)
  }
  return changes
}

function refused({ what }: Thing, { description, code }: NonNullable<ApiAnswer['error']>): NatsRefusedError {
  return new NatsRefusedError(`plan(nc): ${what}`, description, code)
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? 'not set'
}

/** Equal but for what the server adds. */
function isEqual(is: unknown, should: unknown): boolean {
  if (typeof should !== 'object' || should === null) return is === should
  if (typeof is !== 'object' || is === null) return false
  if (Array.isArray(should)) return Array.isArray(is) && is.length === should.length && should.every((each, i) => isEqual(is[i], each))
  return Object.entries(should).every(([name, each]) => isEqual((is as Settings)[name], each)) // an object
}
