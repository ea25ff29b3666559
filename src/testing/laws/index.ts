/** What is true of every channel, operator, source and sink, to be checked of ours and of yours. */
import { channelLaws } from './channel/laws.js'
import { operatorLaws } from './operator/laws.js'
import { sinkLaws } from './sink/laws.js'
import { sourceLaws } from './source/laws.js'

export { LawError, type Law, type LawOptions } from './support/law.js'
export type { ChannelLawOptions, MakeChannel } from './channel/laws.js'
export type { MakeOperator, OperatorLawOptions } from './operator/laws.js'
export type { MakeSink, SinkEnd, SinkLawOptions } from './sink/laws.js'
export type { MakeSource, SourceLawOptions } from './source/laws.js'
export type { LawWork } from './support/works.js'

/**
 * The laws, by kind. Each is a program that is run under many schedules in virtual time, with the data, the pace and the moment of leaving chosen
 * by the schedule; where one does not hold, LawError names it, and a token with which `law.replay` shows it again. See `explore`.
 *
 * @example
 * ```ts
 * for (const law of laws.channel((capacity) => chan(capacity))) await law.check()
 * ```
 */
export const laws = {
  channel: channelLaws,
  operator: operatorLaws,
  source: sourceLaws,
  sink: sinkLaws,
} as const
