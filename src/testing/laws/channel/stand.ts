/** A channel under its laws, and who sends to it and receives from it. */
import { range, type Chan, type Receiver, type Sender } from '../../../runtime/index.js'
import type { Trial } from '../../explore/scheduled-run.js'
import type { LawOptions } from '../support/law.js'

export interface ChannelStand {
  readonly options: LawOptions
  readonly capacities: readonly number[]
  readonly isLossy: boolean
  readonly many: number
  made(this: void, capacity: number): Chan<number>
  /** One of any of the capacities. */
  anyOf(this: void, trial: Trial): Chan<number>
}

/** Of those that are made in a number that the schedule draws, at most. */
export const MOST = 3

export function* produce(to: Sender<number>, values: readonly number[], sent?: number[]): Generator<never, void> {
  for (const value of values) {
    yield* to.send(value)
    sent?.push(value)
  }
}

export function* drain(from: Receiver<number>, into: number[]): Generator<never, void> {
  for (const it = range(from); yield* it.next();) into.push(it.value)
}
