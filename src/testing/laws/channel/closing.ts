/** The close of a channel. */
import { go } from '../../../runtime/index.js'
import type { LawRecord } from '../law.js'
import { conserved, holds, numbers } from '../support/assertions.js'
import { aFewTurns, drain, MOST, produce, type ChannelSubject } from './subject.js'

export const closing: LawRecord<ChannelSubject> = {
  name: 'closing',
  meaning: 'after the close receivers get the buffered values, then none; a send or a second close throws; nothing waits any more',
  *program({ capacities, isLossy, make }, trial) {
    const capacity = capacities[trial.choose(capacities.length)]
    const ch = make(capacity)
    const values = numbers(isLossy ? capacity : capacity + trial.choose(2))
    const sent: number[] = []
    const sender = go(produce, ch, values, sent)
    yield* aFewTurns(trial)
    const cause = trial.choose(2) === 0 ? undefined : new Error('closed for a reason')
    ch.close(cause)
    holds(ch.isClosed, 'the channel is closed, but `isClosed` is false')
    const received: number[] = []
    const end = yield* go(drain, ch, received).join().attempt()
    const sending = yield* sender.join().attempt()
    conserved(received, sent)
    holds(received.length === sent.length, `received ${received.length} of the ${sent.length} values sent before the close`)
    holds(sending._tag === 'Right' ? sent.length === values.length : sent.length < values.length, 'the waiting sender did not throw')
    if (cause === undefined) holds(end._tag === 'Right', 'a receive after a close without a cause throws')
    else holds(end._tag === 'Left' && end.left === cause, 'a receive after close(cause) does not throw the cause')
    holds(throws(() => ch.trySend(1)), 'a trySend after the close does not throw') // prettier-ignore
    holds((yield* ch.send(1).attempt())._tag === 'Left', 'a send after the close does not throw')
    holds(throws(() => ch.close()), 'a second close does not throw') // prettier-ignore
  },
}

export const closingReleases: LawRecord<ChannelSubject> = {
  name: 'closing: releases',
  meaning: 'a close releases all waiting receivers: each gets none, or a value that was sent',
  *program({ makeAny }, trial) {
    const ch = makeAny(trial)
    const got = numbers(1 + trial.choose(MOST)).map((): number[] => [])
    const receivers = got.map((into) => go(drain, ch, into))
    const sent = trial.choose(2) === 0 ? [] : [1]
    for (const value of sent) yield* ch.send(value)
    ch.close()
    for (const one of receivers) yield* one.join()
    conserved(got.flat(), sent)
  },
}

function throws(f: () => void): boolean {
  try {
    f()
    return false
  } catch {
    return true
  }
}
