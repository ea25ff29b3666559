/** Other ways to use a channel: as a case of a select, by the try forms, and from within its subscriber. */
import { go, gosched, select, type Chan } from '../../../runtime/index.js'
import { fromReceiver } from '../../../operators/index.js'
import type { LawRecord } from '../law.js'
import { conserved, holds } from '../support/assertions.js'
import { nothingLeft } from '../support/at-rest.js'
import { Gate } from '../support/gate.js'
import { drain, type ChannelSubject } from './subject.js'

export const selecting: LawRecord<ChannelSubject> = {
  name: 'select',
  meaning: 'a case that is not chosen has no effect: it sends nothing, receives nothing, and leaves nothing behind',
  *program({ makeAny, isLossy }, trial) {
    const [a, b] = [makeAny(trial), makeAny(trial)]
    const got: number[] = []
    const sent: number[] = []
    const sendOrReceive = function* (to: Chan<number>, from: Chan<number>, first: number): Generator<never, void> {
      for (let i = first; i < first + 2; i++) {
        const it = yield* select({ send: to.send(i), receive: from.receive() })
        if (it.case === 'send') sent.push(i)
        else if (it.value._tag === 'Some') got.push(it.value.value)
      }
    }
    const other = go(sendOrReceive, a, b, 0)
    yield* sendOrReceive(b, a, 10)
    yield* other.join()
    for (const ch of [a, b]) {
      ch.close()
      yield* drain(ch, got)
    }
    conserved(got, sent, isLossy)
    yield* nothingLeft(1)
  },
}

export const trying: LawRecord<ChannelSubject> = {
  name: 'trying',
  meaning: 'the try forms never wait, and return the truth: each value sent is received, and no other',
  *program({ makeAny, isLossy }, trial) {
    const ch = makeAny(trial)
    const sent: number[] = []
    const got: number[] = []
    const receiver = trial.choose(2) === 0 ? null : go(drain, ch, got)
    for (let i = 0; i < 6; i++) {
      if (trial.choose(2) === 0) {
        if (ch.trySend(i)) sent.push(i)
      } else {
        const it = ch.tryReceive()
        if (it._tag === 'Right') got.push(it.right)
      }
      if (trial.choose(2) === 0) yield* gosched()
    }
    ch.close()
    yield* (receiver ?? go(drain, ch, got)).join()
    conserved(got, sent, isLossy)
  },
}

export const reentrancy: LawRecord<ChannelSubject> = {
  name: 're-entrancy',
  meaning: 'a subscriber may send, leave, or close in its next: nothing is lost, nothing is doubled, nothing comes after it has left',
  *program({ make, capacities }, trial) {
    const ch = make(Math.max(1, ...capacities))
    const got: number[] = []
    const rest: number[] = []
    const sent: number[] = []
    const reaction = (['close', 'send and leave', 'leave'] as const)[trial.choose(3)]
    const over = new Gate('the end of the subscription')
    const send = (value: number): void => {
      if (ch.trySend(value)) sent.push(value)
    }
    const subscription = fromReceiver(ch).subscribe({
      next(value) {
        got.push(value)
        if (got.length < 4) send(value + 1)
        else if (reaction === 'close') ch.close()
        else {
          if (reaction === 'send and leave') send(value + 1)
          subscription.unsubscribe()
          over.open()
        }
      },
      complete: () => over.open(),
    })
    send(0)
    yield* over
    const before = got.length
    if (!ch.isClosed) ch.close()
    yield* drain(ch, rest)
    holds(got.length === before, 'a value came after the subscriber had left')
    conserved([...got, ...rest], sent)
    yield* nothingLeft(1)
  },
}
