/**
 * The laws of channels over a link whose messages are steps of the schedule, with the thread on the receiving side and on the sending
 * side. Left out are the laws that a border between threads weakens: the window adds to the capacity, a cause is a copy, and `trySend` in
 * a thread needs credit, which comes a message later.
 */
import { describe, expect, it } from 'vitest'
import { chan, go, gosched, type Chan } from '../../src/runtime/index.js'
import { queue } from '../../src/runtime/internal.js'
import { laws, type Trial } from '../../src/testing/index.js'
import { FarChannel } from '../../src/adapters/threads/channels/far-channel.js'
import { HomeLink } from '../../src/adapters/threads/channels/home-link.js'
import { CREDIT, END, VALUES, type Post } from '../../src/adapters/threads/channels/link.js'
import { fromPortable, type Portable } from '../../src/adapters/threads/wire/portable-error.js'
import { portionOf } from '../support/portion.js'
import { across } from './across.js'
import { exploreCounted, ofLaw, printsSchedules } from './explored.js'

printsSchedules('channel-laws')

const options = { schedules: portionOf(100), many: 300 }

interface Joined {
  readonly home: Chan<number>
  readonly far: FarChannel<number>
  readonly link: HomeLink
}

/** Steps of the run queue that are taken in order. */
function lane(deliver: Post): Post {
  const waiting: [number, unknown][] = []
  return (op, payload) => {
    waiting.push([op, payload])
    queue.push({ scope: queue.scopeHere, run: () => deliver(...(waiting.shift() as [number, unknown])) }) // one for each step
  }
}

function joined(home: Chan<number>, most: number, onCredit: (link: HomeLink, credit: number) => void = () => {}): Joined {
  const toFar = lane((op, payload) => {
    if (op === VALUES) far.values(payload as number[])
    else if (op === END) far.ends(payload === null ? undefined : fromPortable(payload as Portable))
    else if (op === CREDIT) far.outlet.credit(payload as number)
    else far.outlet.shutBy(payload as Portable)
  })
  const link = new HomeLink(0, home as Chan<unknown>, (_link, op, payload) => toFar(op, payload))
  const toHome = lane((op, payload) => link.receive(op, payload))
  const far = new FarChannel<number>(
    link.spec,
    (op, payload) => {
      if (op === CREDIT) onCredit(link, payload as number) // by its kind
      toHome(op, payload)
    },
    () => 0,
    most,
  )
  return { home, far, link }
}

const sides = {
  'received in a thread': (capacity: number, most: number) => {
    const { home, far } = joined(chan<number>(capacity), most)
    return across(home, far, capacity, () => home.size + far.size)
  },
  'sent in a thread': (capacity: number, most: number) => {
    const { home, far } = joined(chan<number>(capacity), most)
    return across(far, home, capacity, () => home.size + far.size)
  },
}

const weakened: Record<string, readonly string[]> = {
  'received in a thread': ['boundedness', 'closing'],
  'sent in a thread': ['boundedness', 'closing', 're-entrancy', 'firehose'],
}

for (const [side, make] of Object.entries(sides))
  describe.each([1, 2])(`a channel that is ${side}, window %i`, (most) => {
    const all = laws.channel((capacity) => ofLaw(make(capacity, most)), options)
    it.each(all.filter(({ name }) => !weakened[side].includes(name)))('$name', async (law) => law.check())
  })

/** A thread that ends at any point: what it has taken, and the rest in the channel, are together all values, in order. */
function* ends(trial: Trial) {
  const { home, far, link } = joined(chan<number>(3), 4)
  const values = [0, 1, 2, 3, 4, 5]
  const taken: number[] = []
  const sending = go(function* () {
    for (const value of values) yield* home.send(value)
    home.close()
  })
  const taking = go(function* () {
    for (;;) {
      const message = yield* far.receive()
      if (message._tag === 'None') return
      taken.push(message.value)
    }
  })
  for (let i = trial.choose(12); i > 0; i--) yield* gosched()
  far.release()
  link.end()
  yield* taking.join().attempt()
  for (let message = yield* home.receive(); message._tag === 'Some'; message = yield* home.receive()) taken.push(message.value)
  yield* sending.join()
  expect(taken).toEqual(values)
}

/** In a page that is not isolated the values that were taken are known only from messages, so such a value may be given back. */
describe.runIf(typeof SharedArrayBuffer === 'function')('where memory is shared', () => {
  it.each([2, 4, 16])('credit, and values that were not taken, are together at most the window of %i', async (most) => {
    await exploreCounted(
      function* () {
        let credited = 0
        const home = chan<number>(50)
        const { far } = joined(home, most, ({ spec }, credit) => {
          credited += credit
          expect(credited - Atomics.load(spec.taken, 0)).toBeLessThanOrEqual(most)
        })
        for (let i = 0; i < 50; i++) home.trySend(i)
        home.close()
        const taken: number[] = []
        for (let message = yield* far.receive(); message._tag === 'Some'; message = yield* far.receive()) taken.push(message.value)
        expect(taken).toEqual(Array.from({ length: 50 }, (_, i) => i))
      },
      { schedules: portionOf(100) },
    )
  })

  it.each(['random', 'pct'] as const)(
    'a thread that ends gives back exactly what it has not taken, under %s schedules',
    async (strategy) => {
      await exploreCounted(ends, { schedules: portionOf(500), strategy })
    },
  )
})
