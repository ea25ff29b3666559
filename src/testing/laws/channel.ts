/** The laws of channels: Go's, for whatever behaves as one. */
import { go, gosched, range, select, sleep, waitGroup, type Chan, type Receiver, type Sender } from '../../runtime/index.js'
import { fromReceiver } from '../../operators/index.js'
import type { Trial } from '../trial.js'
import { checkCount, mistyped } from '../../runtime/kernel.js'
import { checkLaws, madeOf } from './checks.js'
import { FEW, lawOf, type Law, type LawOptions } from './law.js'
import { Parking } from './parking.js'
import { atRest, nothingLeft } from './rest.js'
import { conserved, holds, numbers, ordered } from './verdicts.js'

export interface ChannelLawOptions extends LawOptions {
  /** The capacities that are tried; default 0, 1 and 2. */
  readonly capacities?: readonly number[]
  /** Whether it loses values rather than have a sender wait; default false. */
  readonly lossy?: boolean
}

export type MakeChannel = (capacity: number) => Chan<number>

type Steps = Generator<never, void>

const isChannel = (ch: Chan<number>): boolean => typeof ch.send === 'function' && typeof ch.receive === 'function'

const MANY = 3_000

/** Turns in which all has happened that needs no time. */
const LONG = 2_000

/** Senders and receivers of a crowd, at most, and the values that each sends. */
const MOST = 3
const EACH = 3

/** What a sender sends is its own: its number, times this, and counted on. */
const FIRST = 100

function* produce(to: Sender<number>, values: readonly number[], sent?: number[]): Steps {
  for (const value of values) {
    yield* to.send(value)
    sent?.push(value)
  }
}

function* drain(from: Receiver<number>, into: number[]): Steps {
  for (const it = range(from); yield* it.next();) into.push(it.value)
}

const senderOf = (value: number): number => Math.floor(value / FIRST)

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

  /** Several senders and several receivers; answers what each received. */
  function* crowd(trial: Trial): Generator<never, { readonly sent: number[]; readonly got: number[][] }> {
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

  const ordering = lawOf(
    'ordering',
    'values come in the order in which they were sent: those of one sender, as one receiver sees them',
    function* law(trial) {
      const { sent, got } = yield* crowd(trial)
      for (const one of got) ordered(one, sent, senderOf)
    },
    options,
  )

  const conservation = lawOf(
    'conservation',
    isLossy
      ? 'nothing is doubled among several senders and receivers'
      : 'nothing is lost and nothing is doubled among several senders and receivers',
    function* law(trial) {
      const { sent, got } = yield* crowd(trial)
      conserved(got.flat(), sent, isLossy)
    },
    options,
  )

  const boundedness = lawOf(
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

  const closing = lawOf(
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

  const releasing = lawOf(
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

  const leavingReceiver = lawOf(
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

  const leavingSender = lawOf(
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

  const choosing = lawOf(
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

  const trying = lawOf(
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

  const reentrancy = lawOf(
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

  const floods = lawOf(
    'firehose',
    'a great many values sent at once come as any others do, and grow no stack',
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

  return [
    ...[ordering, conservation, boundedness, closing, releasing, leavingReceiver, leavingSender],
    ...[choosing, trying, reentrancy, floods],
  ]
}

function throws(f: () => void): boolean {
  try {
    f()
    return false
  } catch {
    return true
  }
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
