/** The laws of channels: Go's, for whatever behaves as one. */
import type { Chan } from '../../../runtime/index.js'
import { checkCount, mistyped } from '../../../runtime/internal.js'
import type { Trial } from '../../explore/scheduled-run.js'
import { choosing, reentrancy, trying } from './choosing.js'
import { closing, releasing } from './closing.js'
import { boundedness, conservation, floods, ordering } from './flow.js'
import { leavingReceiver, leavingSender } from './leaving.js'
import type { ChannelStand } from './stand.js'
import { checkLaws, madeOf } from '../support/checks.js'
import type { Law, LawOptions } from '../support/law.js'

export interface ChannelLawOptions extends LawOptions {
  /** The capacities that are tried; default 0, 1 and 2. */
  readonly capacities?: readonly number[]
  /** Whether it loses values rather than have a sender wait; default false. */
  readonly lossy?: boolean
}

export type MakeChannel = (capacity: number) => Chan<number>

const isChannel = (ch: Chan<number>): boolean => typeof ch.send === 'function' && typeof ch.receive === 'function'

const MANY = 3_000

/**
 * The laws of a channel. `make` makes one of the capacity that it is told.
 *
 * @example
 * ```ts
 * for (const law of laws.channel((capacity) => chan(capacity))) await law.check()
 * ```
 */
export function channelLaws(make: MakeChannel, options: ChannelLawOptions = {}): readonly Law[] {
  checkLaws('channel', make, options)
  const { capacities = [0, 1, 2], lossy: isLossy = false, many = MANY } = options
  if (capacities.length === 0) throw mistyped('laws.channel(make, { capacities })', 'one capacity or more', capacities)
  for (const capacity of capacities) checkCount('laws.channel(make, { capacities })', 0, capacity)
  const made: MakeChannel = (capacity) => madeOf('channel', 'a channel', isChannel, make(capacity))
  const anyOf = (trial: Trial): Chan<number> => made(capacities[trial.choose(capacities.length)])
  const stand: ChannelStand = { options, capacities, isLossy, many, made, anyOf }
  return [
    ordering,
    conservation,
    boundedness,
    closing,
    releasing,
    leavingReceiver,
    leavingSender,
    choosing,
    trying,
    reentrancy,
    floods,
  ].map((law) => law(stand))
}
