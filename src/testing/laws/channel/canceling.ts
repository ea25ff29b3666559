/** Senders and receivers that are canceled while they wait. */
import { go, type Receiver } from '../../../runtime/index.js'
import { fromReceiver } from '../../../operators/index.js'
import type { LawRecord } from '../law.js'
import { conserved } from '../support/assertions.js'
import { atRest, nothingLeft } from '../support/at-rest.js'
import { aFewTurns, drain, produce, type ChannelSubject } from './subject.js'

export const cancelingReceiver: LawRecord<ChannelSubject> = {
  name: 'cancellation: of a receiver',
  meaning: 'a canceled receiver takes no value with it, and nothing of it is left',
  *program({ makeAny, isLossy }, trial) {
    const ch = makeAny(trial)
    const got: number[] = []
    const rest: number[] = []
    const values = isLossy ? [1] : [1, 2]
    const cancel = trial.choose(2) === 0 ? subscribe(ch, got) : start(ch, got)
    const sender = go(produce, ch, values)
    yield* aFewTurns(trial)
    cancel()
    const others = go(drain, ch, rest)
    yield* sender.join()
    ch.close()
    yield* others.join()
    yield* nothingLeft(1)
    conserved([...got, ...rest], values)
  },
}

export const cancelingSender: LawRecord<ChannelSubject> = {
  name: 'cancellation: of a sender',
  meaning: 'a canceled sender leaves no value behind, unless its send has completed',
  *program({ makeAny }, trial) {
    const ch = makeAny(trial)
    const sent: number[] = []
    const got: number[] = []
    const sender = go(produce, ch, [1], sent)
    const receiver = trial.choose(2) === 0 ? null : go(drain, ch, got)
    yield* aFewTurns(trial)
    sender.cancel()
    yield* sender.join().attempt()
    const others = receiver ?? go(drain, ch, got)
    yield* atRest(2)
    ch.close()
    yield* others.join()
    conserved(got, sent)
  },
}

/** Starts a goroutine that receives; returns a function that cancels the goroutine. */
function start(ch: Receiver<number>, into: number[]): () => void {
  const receiver = go(drain, ch, into)
  return () => receiver.cancel()
}

/** Subscribes to the channel; returns how to unsubscribe. */
function subscribe(ch: Receiver<number>, into: number[]): () => void {
  const subscription = fromReceiver(ch).subscribe((value) => into.push(value))
  return () => subscription.unsubscribe()
}
