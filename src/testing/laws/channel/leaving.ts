/** Those who give up at a channel. */
import { go, gosched, type Receiver } from '../../../runtime/index.js'
import { fromReceiver } from '../../../operators/index.js'
import { drain, produce, type ChannelStand } from './stand.js'
import { lawOf, type Law } from '../support/law.js'
import { atRest, nothingLeft } from '../support/rest.js'
import { conserved } from '../support/verdicts.js'

export function leavingReceiver({ anyOf, isLossy, options }: ChannelStand): Law {
  return lawOf(
    'cancellation: of a receiver',
    'a receiver that gives up takes nothing with it, and nothing of it remains',
    function* law(trial) {
      const ch = anyOf(trial)
      const got: number[] = []
      const rest: number[] = []
      const values = isLossy ? [1] : [1, 2]
      const leaver = trial.choose(2) === 0 ? unsubscribed(ch, got) : goroutine(ch, got)
      const sender = go(produce, ch, values)
      for (let turns = trial.choose(6); turns > 0; turns--) yield* gosched()
      leaver()
      const others = go(drain, ch, rest)
      yield* sender.join()
      ch.close()
      yield* others.join()
      yield* nothingLeft(1)
      conserved([...got, ...rest], values)
    },
    options,
  )
}

export function leavingSender({ anyOf, options }: ChannelStand): Law {
  return lawOf(
    'cancellation: of a sender',
    'a sender that gives up leaves no value behind, unless its send was through',
    function* law(trial) {
      const ch = anyOf(trial)
      const sent: number[] = []
      const got: number[] = []
      const leaver = go(produce, ch, [1], sent)
      const receiver = trial.choose(2) === 0 ? null : go(drain, ch, got)
      for (let turns = trial.choose(6); turns > 0; turns--) yield* gosched()
      leaver.cancel()
      yield* leaver.join().attempt()
      const others = receiver ?? go(drain, ch, got)
      yield* atRest(2)
      ch.close()
      yield* others.join()
      conserved(got, sent)
    },
    options,
  )
}

/** One who receives, in one of two ways, and how to make it give up. */
function goroutine(ch: Receiver<number>, into: number[]): () => void {
  const leaver = go(drain, ch, into)
  return () => leaver.cancel()
}

function unsubscribed(ch: Receiver<number>, into: number[]): () => void {
  const subscription = fromReceiver(ch).subscribe((value) => into.push(value))
  return () => subscription.unsubscribe()
}
