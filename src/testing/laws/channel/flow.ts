/** What goes through a channel: all of it, in order, and no more at a time than it has room for. */
import { go, gosched, sleep, waitGroup } from '../../../runtime/index.js'
import type { Trial } from '../../explore/scheduled-run.js'
import { drain, MOST, produce, type ChannelStand } from './stand.js'
import { FEW, lawOf, type Law } from '../support/law.js'
import { conserved, holds, numbers, ordered } from '../support/verdicts.js'

/** Turns in which all has happened that needs no time. */
const LONG = 2_000

/** The values that each sender of a crowd sends, at most. */
const EACH = 3

/** What a sender sends is its own: its number, times this, and counted on. */
const FIRST = 100

const senderOf = (value: number): number => Math.floor(value / FIRST)

/** Several senders and several receivers; answers what each received. */
function* crowd({ anyOf }: ChannelStand, trial: Trial): Generator<never, { readonly sent: number[]; readonly got: number[][] }> {
  const ch = anyOf(trial)
  const senders = numbers(1 + trial.choose(MOST)).map((i) => numbers(1 + trial.choose(EACH)).map((value) => i * FIRST + value))
  const got = numbers(1 + trial.choose(MOST)).map((): number[] => [])
  const receivers = got.map((into) => go(drain, ch, into))
  const group = waitGroup()
  for (const values of senders) group.go(produce, ch, values)
  yield* group.wait()
  ch.close()
  for (const one of receivers) yield* one.join()
  return { sent: senders.flat(), got }
}

export function ordering(stand: ChannelStand): Law {
  const { options } = stand
  return lawOf(
    'ordering',
    'values come in the order in which they were sent: those of one sender, as one receiver sees them',
    function* law(trial) {
      const { sent, got } = yield* crowd(stand, trial)
      for (const one of got) ordered(one, sent, senderOf)
    },
    options,
  )
}

export function conservation(stand: ChannelStand): Law {
  const { isLossy, options } = stand
  return lawOf(
    'conservation',
    isLossy
      ? 'nothing is doubled among several senders and receivers'
      : 'nothing is lost and nothing is doubled among several senders and receivers',
    function* law(trial) {
      const { sent, got } = yield* crowd(stand, trial)
      conserved(got.flat(), sent, isLossy)
    },
    options,
  )
}

export function boundedness({ made, capacities, isLossy, options }: ChannelStand): Law {
  return lawOf(
    'boundedness',
    isLossy
      ? 'no sender ever waits, and no more than the capacity is held'
      : 'while nobody receives, exactly as many sends go through as it has capacity, and each receive lets one more through',
    function* law(trial) {
      const capacity = capacities[trial.choose(capacities.length)]
      const ch = made(capacity)
      const sent: number[] = []
      const values = numbers(capacity + 2)
      const senders = values.map((value) => go(produce, ch, [value], sent))
      if (isLossy) {
        for (const one of senders) yield* one.join()
        holds(ch.size <= capacity, `holds ${ch.size} values, and may hold ${capacity}`)
        return
      }
      for (let received = 0; received <= values.length; received++) {
        const through = Math.min(values.length, capacity + received)
        yield* sleep(1)
        for (let turn = 0; turn < LONG && sent.length < through; turn++) yield* gosched()
        holds(sent.length === through, `${sent.length} sends went through after ${received} receives; its capacity is ${capacity}`)
        holds(ch.size === Math.min(capacity, values.length - received), `its size is ${ch.size} after ${received} receives`)
        if (received < values.length) yield* ch.receive()
      }
      for (const one of senders) yield* one.join()
    },
    options,
  )
}

export function floods({ anyOf, made, many, options }: ChannelStand): Law {
  return lawOf(
    'firehose',
    'a great many values sent at once come like all others, and grow no stack',
    function* law(trial) {
      const ch = made(many)
      const values = numbers(many)
      const got: number[] = []
      const receiver = trial.choose(2) === 0 ? go(drain, ch, got) : null
      for (const value of values) holds(ch.trySend(value), `no room for value ${value} of ${many}`)
      ch.close()
      yield* (receiver ?? go(drain, ch, got)).join()
      conserved(got, values)
      const waiting = anyOf(trial)
      const receivers = values.map(() => go(drain, waiting, []))
      yield* gosched()
      waiting.close()
      for (const one of receivers) yield* one.join()
    },
    options,
    FEW,
  )
}
