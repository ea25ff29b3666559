import type { NatsConnection } from '@nats-io/nats-core'
import { fromPromise, type Op } from '../../runtime/index.js'
import { checkCount, checkOneOf, checkRecord, checkTime, mistyped } from '../../runtime/internal.js'
import { ask, connectionOf, type ApiAnswer, type Connection } from './connection.js'
import { NatsRefusedError } from './errors.js'
import { checkName } from './from-nats.js'
import { NANOS } from './pulling.js'

/** What a source needs of the server. */
export interface PlanOptions {
  /** The stream as a queue. */
  readonly queue: string
  /** The subjects that a new stream takes in; default: its name, and every subject that begins with the name and a dot. */
  readonly subjects?: readonly string[]
  /** The durable consumer; default `millrace`. */
  readonly group?: string
  /** ms without a sign of life after which a message goes to another worker; default 5000. */
  readonly lease?: number
  /** The most messages that are delivered and not settled; default 1000. */
  readonly window?: number
  /** Copies of a new stream, in a cluster; default 1. */
  readonly replicas?: number
  /** Where a new stream lies; default `file`. */
  readonly storage?: 'file' | 'memory'
}

/** A stream or consumer that is missing, or that differs from the plan. */
export interface Change {
  readonly kind: 'create' | 'differs'
  /** `stream "orders"`, `consumer "millrace" of "orders"`. */
  readonly what: string
  /** The settings that differ, each as it is and as it should be; empty for what is missing. */
  readonly differences: readonly string[]
}

/** The work of `plan`. */
export interface Plan {
  /** The missing things, and those that differ. Changes nothing. */
  check(): Op<readonly Change[]>
  /** Creates what is missing. Nothing is changed or deleted, also where something differs. Returns what `check` would have. */
  apply(): Op<readonly Change[]>
}

/**
 * The streams and consumers that `fromNats` with the same options needs. `check()` compares them with the server;
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
  const things = needed(checked(options))
  return {
    check: () => fromPromise(compare(link, things, false)),
    apply: () => fromPromise(compare(link, things, true)),
  }
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

const NAMES = ['queue', 'subjects', 'group', 'lease', 'window', 'replicas', 'storage']

function checked(options: PlanOptions): Required<PlanOptions> {
  checkRecord('plan(nc, options)', '{ queue, subjects?, group?, lease?, window?, replicas?, storage? }', options, NAMES)
  const { queue, group = 'millrace', lease = 5000, window = 1000, replicas = 1, storage = 'file' } = options
  checkName('plan(nc, { queue })', queue)
  checkName('plan(nc, { group })', group)
  const { subjects = [queue, `${queue}.>`] } = options
  if (!Array.isArray(subjects) || subjects.length === 0 || subjects.some((subject) => typeof subject !== 'string'))
    throw mistyped('plan(nc, { subjects })', 'an array of subjects', subjects)
  checkTime('plan(nc, { lease })', lease)
  checkCount('plan(nc, { window })', 1, window)
  checkCount('plan(nc, { replicas })', 1, replicas)
  checkOneOf('plan(nc, { storage })', ['file', 'memory'], storage)
  return { queue, group, lease, window, replicas, storage, subjects }
}

function needed({ queue, group, lease, window, replicas, storage, subjects }: Required<PlanOptions>): readonly Thing[] {
  const stream = { name: queue, subjects, retention: 'limits', storage, num_replicas: replicas }
  const consumer = {
    durable_name: group,
    name: group,
    ack_policy: 'explicit',
    ack_wait: lease * NANOS,
    max_ack_pending: window,
    deliver_policy: 'all',
  }
  return [
    thing('stream', queue, stream, ['subjects']),
    consumerThing(queue, group, consumer, ['ack_policy', 'ack_wait', 'max_ack_pending']),
  ]
}

function thing(kind: 'stream', name: string, settings: Settings, essential: readonly string[]): Thing {
  const what = `${kind} ${JSON.stringify(name)}`
  return { what, info: `STREAM.INFO.${name}`, create: `STREAM.CREATE.${name}`, settings, body: settings, essential }
}

function consumerThing(stream: string, name: string, settings: Settings, essential: readonly string[]): Thing {
  const what = `consumer ${JSON.stringify(name)} of ${JSON.stringify(stream)}`
  const body = { stream_name: stream, config: settings, action: 'create' }
  return { what, info: `CONSUMER.INFO.${stream}.${name}`, create: `CONSUMER.CREATE.${stream}.${name}`, settings, body, essential }
}

const API = '$JS.API.'
const ASKING = { where: 'plan(nc)', patience: 10_000 }

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
