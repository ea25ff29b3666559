/** Consumers of JetStream, as the runtime needs them, which checks that they are there, and creates nothing. */
import { ask, isConsumerMissing, isStreamMissing, NOT_ENABLED, type ApiAnswer, type Connection } from './connection.js'
import { NatsRefusedError, NatsSetupError } from './errors.js'

/** The part of a consumer that is read: times in ns. */
export interface ConsumerInfo extends ApiAnswer {
  readonly config: {
    readonly ack_policy: string
    readonly ack_wait?: number
    readonly max_ack_pending?: number
    readonly filter_subject?: string
    readonly priority_policy?: string
    readonly priority_timeout?: number
  }
  readonly priority_groups?: readonly { readonly pinned_client_id?: string }[]
  /** `consumer_seq`: the messages that were acknowledged since the last reset. */
  readonly ack_floor: { readonly stream_seq: number; readonly consumer_seq: number }
  readonly delivered: { readonly stream_seq: number }
  readonly num_pending: number
  readonly num_ack_pending: number
}

/** A way of use of a stream. */
export interface Target {
  /** The call, for errors: `fromNats(nc, { queue: "orders" })`. */
  readonly where: string
  readonly stream: string
  readonly group: string
  readonly patience: number
  isOver?(): boolean
}

/** The consumer. Throws NatsSetupError where the stream or the consumer is not there. */
export async function consumerInfo(link: Connection, name: string, target: Target): Promise<ConsumerInfo> {
  const info = await ask<ConsumerInfo>(link, `$JS.API.CONSUMER.INFO.${target.stream}.${name}`, undefined, target)
  if (info.error !== undefined) throw failureOf(info.error, name, target)
  return info
}

/** The failure of a request about a stream, or about its consumer. */
export function failureOf(error: NonNullable<ApiAnswer['error']>, name: string, { where, stream }: Target): Error {
  const made = 'plan(nc, …).apply() creates what is missing'
  if (isStreamMissing({ error })) return new NatsSetupError(where, `the server has no stream ${JSON.stringify(stream)}; ${made}`)
  if (isConsumerMissing({ error }))
    return new NatsSetupError(where, `the stream ${JSON.stringify(stream)} has no consumer ${JSON.stringify(name)}; ${made}`)
  if (NOT_ENABLED.includes(error.err_code ?? 0)) return new NatsSetupError(where, `JetStream is not enabled: ${error.description}`)
  return new NatsRefusedError(where, error.description, error.code)
}

const CONSUMER_EXISTS = 10148

/** Creates a consumer, or uses the one with that name, whatever its settings. Throws NatsSetupError where the stream is missing. */
export async function createConsumer(link: Connection, name: string, settings: object, target: Target): Promise<void> {
  const { stream } = target
  const body = { stream_name: stream, config: { durable_name: name, name, ...settings }, action: 'create' }
  const { error } = await ask<ApiAnswer>(link, `$JS.API.CONSUMER.CREATE.${stream}.${name}`, body, target)
  if (error !== undefined && error.err_code !== CONSUMER_EXISTS) throw failureOf(error, name, target)
}

/** Throws NatsSetupError where the consumer of a queue cannot serve as such. */
export function checkQueue({ config }: ConsumerInfo, { where, stream, group }: Target, beat: number): void {
  const name = `the consumer ${JSON.stringify(group)} of ${JSON.stringify(stream)}`
  if (config.ack_policy !== 'explicit')
    throw new NatsSetupError(where, `${name} has ack_policy ${JSON.stringify(config.ack_policy)}, and a queue needs "explicit"`)
  const lease = leaseOf(config.ack_wait)
  if (beat > lease / 2)
    throw new NatsSetupError(
      where,
      `${name} has an ack_wait of ${lease} ms, too short for a beat each ${beat} ms; give a beat of ${lease / 3}`,
    )
}

/** Returns the lease of the owner, in ms. Throws NatsSetupError where the consumer cannot serve a partition of a log. */
export function checkLog({ config }: ConsumerInfo, { where, stream }: Target, consumer: string, beat: number): number {
  const name = `the consumer ${JSON.stringify(consumer)} of ${JSON.stringify(stream)}`
  const facts = { ack_policy: 'all', priority_policy: 'pinned_client' } as const
  for (const [setting, needed] of Object.entries(facts)) {
    const is = config[setting as keyof typeof facts] // of `facts`
    if (is !== needed)
      throw new NatsSetupError(where, `${name} has ${setting} ${JSON.stringify(is ?? null)}, and a log needs ${JSON.stringify(needed)}`)
  }
  const lease = (config.priority_timeout ?? 120e9) / 1e6
  if (beat > lease / 2)
    throw new NatsSetupError(
      where,
      `${name} has a priority_timeout of ${lease} ms, too short for a beat each ${beat} ms; give a beat of ${lease / 3}`,
    )
  return lease
}

/** ms of a duration in ns; the default of the server is 30 s. */
export function leaseOf(ns: number | undefined): number {
  return (ns ?? 30e9) / 1e6
}

interface StreamState {
  readonly messages: number
  readonly first_seq: number
  readonly last_seq: number
}

const EMPTY: StreamState = { messages: 0, first_seq: 0, last_seq: 0 }

export async function stateOf(link: Connection, target: Target): Promise<StreamState> {
  type Answer = ApiAnswer & { readonly state?: StreamState }
  const { error, state = EMPTY } = await ask<Answer>(link, `$JS.API.STREAM.INFO.${target.stream}`, undefined, target)
  if (error !== undefined) throw failureOf(error, '', target)
  return state
}

/** The messages of the stream after a sequence that the server has deleted. */
export async function missedAfter(link: Connection, last: number, target: Target): Promise<number> {
  const { first_seq: first } = await stateOf(link, target)
  return Math.max(0, first - 1 - last)
}

/** The messages of the stream above the floor of a consumer that the server has deleted. */
export async function missedAbove(link: Connection, consumer: string, target: Target): Promise<number> {
  const { ack_floor: floor } = await consumerInfo(link, consumer, target)
  return await missedAfter(link, floor.stream_seq, target)
}

/** When the oldest message was stored that is not settled, as Unix time in ms; null where there is none. */
export async function oldestAfter(link: Connection, floor: number, filter: string, target: Target): Promise<number | null> {
  const body = { seq: floor + 1, next_by_subj: filter }
  const answer = await ask<ApiAnswer & { readonly message?: { readonly time: string } }>(
    link,
    `$JS.API.STREAM.MSG.GET.${target.stream}`,
    body,
    target,
  )
  return answer.message === undefined ? null : Date.parse(answer.message.time)
}
