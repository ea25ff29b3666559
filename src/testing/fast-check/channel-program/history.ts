/** The history of a run of a channel program: the result of each step, by goroutine. */
import { toStringMethod } from 'fast-check'
import { headOf } from '../../../runtime/internal.js'
import { goroutineName, textOfStep, type ChannelPlan, type ChannelStep } from './plan.js'

/**
 * The result of a step. `sent`: a receiver or the buffer has the value. `received`: a value came. `none`: the channel
 * is closed and drained. `would block`: a try form did nothing. `threw`: the step threw, as a send on a closed channel
 * or a second close does.
 */
export type ChannelResult = 'sent' | 'received' | 'none' | 'would block' | 'closed' | 'threw' | 'slept'

/** A step that ended, or a value of a `range`. */
export interface ChannelEvent {
  /** The indexes of goroutine and step in the program. */
  readonly goroutine: number
  readonly step: number
  /** Of a select: the index of its case. */
  readonly case?: number
  readonly result: ChannelResult
  /** The value received. */
  readonly value?: number
  /** The error thrown. */
  readonly error?: unknown
}

/** The indexes of a goroutine that can never continue, and of its step. */
export interface BlockedAt {
  readonly goroutine: number
  readonly step: number
}

/** The events of a run of a channel program; prints a line for each event. */
export interface ChannelHistory {
  /** In the order in which the goroutines continued; the events of each goroutine are in the order of its steps. */
  readonly events: readonly ChannelEvent[]
  /** The goroutines blocked forever, and their steps. */
  readonly blocked: readonly BlockedAt[]
}

export class RecordedHistory implements ChannelHistory {
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
  return step === undefined ? 'an unknown step' : textOfStep(step)
}

function textOfResult({ case: chosen, result, value, error }: ChannelEvent): string {
  const of = chosen === undefined ? '' : `case ${chosen}: `
  if (result === 'received') return `${of}received ${value}`
  return result === 'threw' ? `${of}threw ${headOf(error)}` : `${of}${result}`
}
