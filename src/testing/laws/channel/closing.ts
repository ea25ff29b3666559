/** The end of a channel. */
import { go, gosched } from '../../../runtime/index.js'
import { drain, MOST, produce, type ChannelStand } from './stand.js'
import { lawOf, type Law } from '../support/law.js'
import { conserved, holds, numbers } from '../support/verdicts.js'

export function closing({ made, capacities, isLossy, options }: ChannelStand): Law {
  return lawOf(
    'closing',
    'after the close what is held is received, then none; to send, or to close again, throws; nobody waits any more',
    function* law(trial) {
      const capacity = capacities[trial.choose(capacities.length)]
      const ch = made(capacity)
      const held = numbers(isLossy ? capacity : capacity + trial.choose(2))
      const sent: number[] = []
      const sender = go(produce, ch, held, sent)
      for (let turns = trial.choose(6); turns > 0; turns--) yield* gosched()
      const cause = trial.choose(2) === 0 ? undefined : new Error('closed for a reason')
      ch.close(cause)
      holds(ch.closed, 'it is closed, and does not say so')
      const received: number[] = []
      const end = yield* go(drain, ch, received).join().attempt()
      const sending = yield* sender.join().attempt()
      conserved(received, sent)
      holds(received.length === sent.length, `received ${received.length} of the ${sent.length} values sent before the close`)
      holds(sending._tag === 'Right' ? sent.length === held.length : sent.length < held.length, 'the sender that waited did not throw')
      if (cause === undefined) holds(end._tag === 'Right', 'a receive after the close throws, though it has no cause')
      else holds(end._tag === 'Left' && end.left === cause, 'a receive after close(cause) does not throw the cause')
      holds(
        throws(() => ch.trySend(1)),
        'a send after the close does not throw',
      )
      holds((yield* ch.send(1).attempt())._tag === 'Left', 'a send after the close does not throw')
      holds(
        throws(() => ch.close()),
        'a second close does not throw',
      )
    },
    options,
  )
}

export function releasing({ anyOf, options }: ChannelStand): Law {
  return lawOf(
    'closing: releases',
    'a close releases all who wait: each receiver gets none, or a value that was sent',
    function* law(trial) {
      const ch = anyOf(trial)
      const got: number[][] = numbers(1 + trial.choose(MOST)).map(() => [])
      const receivers = got.map((into) => go(drain, ch, into))
      const sent = trial.choose(2) === 0 ? [] : [1]
      for (const value of sent) yield* ch.send(value)
      ch.close()
      for (const one of receivers) yield* one.join()
      conserved(got.flat(), sent)
    },
    options,
  )
}

function throws(f: () => void): boolean {
  try {
    f()
    return false
  } catch {
    return true
  }
}
