import { lawsOf, type Law } from '../law.js'
import { cancelingReceiver, cancelingSender } from './canceling.js'
import { closing, closingReleases } from './closing.js'
import { boundedness, conservation, firehose, ordering } from './flow.js'
import { reentrancy, selecting, trying } from './selecting.js'
import { channelSubject, type ChannelLawOptions, type MakeChannel } from './subject.js'

const records = [
  ordering,
  conservation,
  boundedness,
  closing,
  closingReleases,
  cancelingReceiver,
  cancelingSender,
  selecting,
  trying,
  reentrancy,
  firehose,
]

/**
 * The laws of a channel: those of Go's channels, for any implementation. `make(capacity)` returns a new channel of that
 * capacity.
 *
 * Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * for (const law of laws.channel((capacity) => chan(capacity))) await law.check()
 * ```
 */
export function channelLaws(make: MakeChannel, options: ChannelLawOptions = {}): readonly Law[] {
  return lawsOf(records, channelSubject(make, options), options)
}
