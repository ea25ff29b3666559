/** Other ways to use a channel: as a case, without waiting, and from within its own callback. */
import { go, gosched, select } from '../../../runtime/index.js'
import { fromReceiver } from '../../../operators/index.js'
import { drain, type ChannelStand } from './stand.js'
import { lawOf, type Law } from '../support/law.js'
import { Parking } from '../support/parking.js'
import { nothingLeft } from '../support/rest.js'
import { conserved, holds } from '../support/verdicts.js'

export function choosing({ anyOf, isLossy, options }: ChannelStand): Law {
  return lawOf(
    'select',
    'a case that is not chosen has no effect: nothing is sent, nothing is received, nothing remains',
    function* law(trial) {
      const [a, b] = [anyOf(trial), anyOf(trial)]
      const got: number[] = []
      const sent: number[] = []
      const other = go(function* other() {
        for (let i = 0; i < 2; i++) {
          const it = yield* select({ send: a.send(i), receive: b.receive() })
          if (it.case === 'send') sent.push(i)
          else if (it.value._tag === 'Some') got.push(it.value.value)
        }
      })
      for (let i = 10; i < 12; i++) {
        const it = yield* select({ send: b.send(i), receive: a.receive() })
        if (it.case === 'send') sent.push(i)
        else if (it.value._tag === 'Some') got.push(it.value.value)
      }
      yield* other.join()
      for (const ch of [a, b]) {
        ch.close()
        yield* drain(ch, got)
      }
      conserved(got, sent, isLossy)
      yield* nothingLeft(1)
    },
    options,
  )
}

export function trying({ anyOf, isLossy, options }: ChannelStand): Law {
  return lawOf(
    'trying',
    'the try forms never wait, and do what they say: of what was sent each is received, and no more',
    function* law(trial) {
      const ch = anyOf(trial)
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
    options,
  )
}

export function reentrancy({ made, capacities, options }: ChannelStand): Law {
  return lawOf(
    're-entrancy',
    'a subscriber may send, leave, or close in its next: nothing is lost, nothing is doubled, nothing comes after it has left',
    function* law(trial) {
      const ch = made(Math.max(1, ...capacities))
      const got: number[] = []
      const rest: number[] = []
      const sent: number[] = []
      const what = trial.choose(3)
      const over = new Parking('the end of the subscription')
      const send = (value: number): void => {
        if (ch.trySend(value)) sent.push(value)
      }
      const subscription = fromReceiver(ch).subscribe({
        next(value) {
          got.push(value)
          if (got.length < 4) send(value + 1)
          else if (what === 0) ch.close()
          else {
            if (what === 1) send(value + 1)
            subscription.unsubscribe()
            over.open()
          }
        },
        complete: () => over.open(),
      })
      send(0)
      yield* over
      const before = got.length
      if (!ch.closed) ch.close()
      yield* drain(ch, rest)
      holds(got.length === before, 'a value came after the subscriber had left')
      conserved([...got, ...rest], sent)
      yield* nothingLeft(1)
    },
    options,
  )
}
