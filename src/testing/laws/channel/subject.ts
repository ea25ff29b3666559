/** A channel as the subject of laws, and the goroutines that send and receive. */
import { gosched, range, type Chan, type Receiver, type Sender } from '../../../runtime/index.js'
import { checkCount, mistyped } from '../../../runtime/internal.js'
import type { Trial } from '../../explore/trial.js'
import type { LawOptions } from '../law.js'
import { checkedResult, checkLaws } from '../support/arguments.js'

/** Options of `laws.channel`. */
export interface ChannelLawOptions extends LawOptions {
  /** The capacities to try; default 0, 1 and 2. */
  readonly capacities?: readonly number[]
  /** Whether the channel drops values rather than let a sender wait; default false. */
  readonly lossy?: boolean
}

/** Makes the channel under test; called anew for each run. */
export type MakeChannel = (capacity: number) => Chan<number>

export interface ChannelSubject {
  readonly capacities: readonly number[]
  readonly isLossy: boolean
  /** Values of a long run. */
  readonly many: number
  make(this: void, capacity: number): Chan<number>
  /** A channel of a capacity that the schedule draws. */
  makeAny(this: void, trial: Trial): Chan<number>
}

const MANY = 3_000

export function channelSubject(make: MakeChannel, options: ChannelLawOptions): ChannelSubject {
  checkLaws('channel', make, options)
  const { capacities = [0, 1, 2], lossy: isLossy = false, many = MANY } = options
  checkCapacities(capacities)
  for (const capacity of capacities) checkCount('laws.channel(make, { capacities })', 0, capacity)
  const checkedMake: MakeChannel = (capacity) => checkedResult('channel', 'a channel', isChannel, make(capacity))
  return { capacities, isLossy, many, make: checkedMake, makeAny: (trial) => checkedMake(capacities[trial.choose(capacities.length)]) }
}

function checkCapacities(given: unknown): void {
  if (!Array.isArray(given) || given.length === 0) throw mistyped('laws.channel(make, { capacities })', 'one capacity or more', given)
}

function isChannel(ch: Chan<number>): boolean {
  return typeof ch.send === 'function' && typeof ch.receive === 'function'
}

/** The most senders or receivers where the schedule draws their number. */
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

/** Lets the other goroutines run for a few turns, as the schedule chooses. */
export function* aFewTurns(trial: Trial): Generator<never, void> {
  for (let turns = trial.choose(6); turns > 0; turns--) yield* gosched()
}
