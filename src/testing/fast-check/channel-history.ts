/** What was seen of a program over channels: by each goroutine, what became of each of its steps. */
import { toStringMethod } from 'fast-check'
import { goroutineName, textOfStep, type ChannelPlan, type ChannelStep } from './channel-steps.js'

/**
 * What became of a step. `sent`: the value is with a receiver, or in the buffer. `received`: a value came. `none`: the channel is closed and drained.
 * `would block`: a try form did nothing. `threw`: as to send on a closed channel, or to close it again, does.
 */
export type ChannelResult = 'sent' | 'received' | 'none' | 'would block' | 'closed' | 'threw' | 'slept'

/** A step that came to its end, or one round of a `range`. */
export interface ChannelEvent {
  /** The places of goroutine and step in the program. */
  readonly goroutine: number
  readonly step: number
  /** Of a select, which of its cases. */
  readonly case?: number
  readonly result: ChannelResult
  /** What was received. */
  readonly value?: number
  /** What was thrown. */
  readonly error?: unknown
}

/** The place of a goroutine that can never go on, and of its step. */
export interface BlockedAt {
  readonly goroutine: number
  readonly step: number
}

/** What happened in one run of a channel program; prints one line for each event. */
export interface ChannelHistory {
  /** In the order in which the goroutines went on; those of one goroutine are in the order of its steps. */
  readonly events: readonly ChannelEvent[]
  /** Who was blocked for good, at which step. */
  readonly blocked: readonly BlockedAt[]
}

export class WrittenHistory implements ChannelHistory {
  readonly events: ChannelEvent[] = []
  readonly blocked: BlockedAt[] = []

  constructor(private readonly _plan: ChannelPlan) {}

  toString(): string {
    return textOfHistory(this._plan, this)
  }

  [toStringMethod](): string {
    return this.toString()
  }
}

export function textOfHistory({ goroutines }: ChannelPlan, { events, blocked }: ChannelHistory): string {
  const name = (at: BlockedAt): string => `${goroutineName(at.goroutine)} ${textOf(goroutines[at.goroutine]?.[at.step])}`
  return [...events.map((event) => `${name(event)}: ${textOfResult(event)}`), ...blocked.map((at) => `${name(at)}: blocked`)].join('\n')
}

function textOf(step: ChannelStep | undefined): string {
  return step === undefined ? 'a step that is not there' : textOfStep(step)
}

function textOfResult({ case: chosen, result, value, error }: ChannelEvent): string {
  const of = chosen === undefined ? '' : `case ${chosen}: `
  if (result === 'received') return `${of}received ${value}`
  return result === 'threw' ? `${of}threw ${String(error)}` : `${of}${result}`
}
