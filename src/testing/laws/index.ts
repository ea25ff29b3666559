/** Suites of laws for channels, operators, sources, sinks, adapters and brokers: those of Millrace and those of its users. */
import { adapterLaws } from './adapter/adapter-laws.js'
import { brokerLaws } from './broker/broker-laws.js'
import { channelLaws } from './channel/channel-laws.js'
import { operatorLaws } from './operator/operator-laws.js'
import { sinkLaws } from './sink/sink-laws.js'
import { sourceLaws } from './source/source-laws.js'

export { LawError, type Law, type LawOptions } from './law.js'
export type { AdapterLawOptions, DestroyAdapter, OpenAdapter } from './adapter/subject.js'
export type { BrokerLawLink, BrokerLawOptions, BrokerLawSubject, BrokerSettings, OpenBroker, StoredMessage } from './broker/subject.js'
export type { ChannelLawOptions, MakeChannel } from './channel/subject.js'
export type { MakeOperator, OperatorLawOptions } from './operator/subject.js'
export type { MakeSink, SinkEnd, SinkLawOptions } from './sink/test-sink.js'
export type { MakeSource, SourceLawOptions } from './source/subject.js'
export type { LawWork } from './support/watched-work.js'

/**
 * The suites of laws, by kind of subject. Each law is a program that runs under many schedules in virtual time; the
 * schedule also chooses the data, the pace and the moment of leaving. A broken law rejects with LawError;
 * `law.replay(error.token)` shows the same run again. See `explore`.
 *
 * @example
 * ```ts
 * for (const law of laws.channel((capacity) => chan(capacity))) await law.check()
 * ```
 */
export const laws = {
  /** Laws of channels: order, conservation, bounds, closing, select. */
  channel: channelLaws,
  /** Laws of operators: order, conservation, bounds, work, failures, leaving. */
  operator: operatorLaws,
  /** Laws of sources: order, conservation, bounds, leaving. */
  source: sourceLaws,
  /** Laws of sinks: order, bounds, the end and the failure of their source. */
  sink: sinkLaws,
  /** Laws of adapters to the world outside: order, promptness, read-ahead, errors, leaving, canceling, destroyed streams. In real time. */
  adapter: adapterLaws,
  /** Laws of message brokers and their adapters: order, kills, leases, hand-over, drain, dead letters, dropped deliveries. */
  broker: brokerLaws,
} as const
