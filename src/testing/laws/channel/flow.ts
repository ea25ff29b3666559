/** The values of a channel: all of them, in order, and no more at a time than its capacity. */
import { go, gosched, sleep, waitGroup } from '../../../runtime/index.js'
import type { Trial } from '../../explore/trial.js'
import type { LawRecord } from '../law.js'
import { conserved, holds, numbers, ordered } from '../support/assertions.js'
import { drain, MOST, produce, type ChannelSubject } from './subject.js'

/** Turns after which every event that needs no time has happened. */
const TURNS = 2_000

/** The most values of a single sender in a crowd. */
const EACH = 3

/** A sender's first value is its index times this. */
const FIRST = 100

function senderOf(value: number): number {
  return Math.floor(value / FIRST)
}

/** Several senders and several receivers; returns the values sent, and the values received by each receiver. */
function* crowd({ makeAny }: ChannelSubject, trial: Trial): Generator<never, { readonly sent: number[]; readonly got: number[][] }> {
  const ch = makeAny(trial)
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

export const ordering: LawRecord<ChannelSubject> = {
  name: 'ordering',
  meaning: 'each receiver gets the values of one sender in the order in which they were sent',
  *program(subject, trial) {
    const { sent, got } = yield* crowd(subject, trial)
    for (const values of got) ordered(values, sent, senderOf)
  },
}

export const conservation: LawRecord<ChannelSubject> = {
  name: 'conservation',
  meaning: ({ isLossy }) =>
    isLossy
      ? 'nothing is doubled among several senders and receivers'
      : 'nothing is lost and nothing is doubled among several senders and receivers',
  *program(subject, trial) {
    const { sent, got } = yield* crowd(subject, trial)
    conserved(got.flat(), sent, subject.isLossy)
  },
}

export const boundedness: LawRecord<ChannelSubject> = {
  name: 'boundedness',
  meaning: ({ isLossy }) =>
    isLossy
      ? 'no sender ever waits, and the channel holds at most its capacity'
      : 'without receives, exactly as many sends complete as the capacity, and each receive completes one more send',
  *program({ capacities, isLossy, make }, trial) {
    const capacity = capacities[trial.choose(capacities.length)]
    const ch = make(capacity)
    const sent: number[] = []
    const values = numbers(capacity + 2)
    const senders = values.map((value) => go(produce, ch, [value], sent))
    if (isLossy) {
      for (const one of senders) yield* one.join()
      holds(ch.size <= capacity, `the channel holds ${ch.size} values; its capacity is ${capacity}`)
      return
    }
    for (let received = 0; received <= values.length; received++) {
      const expected = Math.min(values.length, capacity + received)
      yield* sleep(1)
      for (let turn = 0; turn < TURNS && sent.length < expected; turn++) yield* gosched()
      holds(sent.length === expected, `${sent.length} sends completed after ${received} receives; the capacity is ${capacity}`)
      holds(ch.size === Math.min(capacity, values.length - received), `the size is ${ch.size} after ${received} receives`)
      if (received < values.length) yield* ch.receive()
    }
    for (const one of senders) yield* one.join()
  },
}

export const firehose: LawRecord<ChannelSubject> = {
  name: 'firehose',
  meaning: 'thousands of values sent at once arrive like all others, and the stack does not grow',
  isLong: true,
  *program({ make, makeAny, many }, trial) {
    const ch = make(many)
    const values = numbers(many)
    const got: number[] = []
    const receiver = trial.choose(2) === 0 ? go(drain, ch, got) : null
    for (const value of values) holds(ch.trySend(value), `no room for value ${value} of ${many}`)
    ch.close()
    yield* (receiver ?? go(drain, ch, got)).join()
    conserved(got, values)
    const empty = makeAny(trial)
    const receivers = values.map(() => go(drain, empty, []))
    yield* gosched()
    empty.close()
    for (const one of receivers) yield* one.join()
  },
}
