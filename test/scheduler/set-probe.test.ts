import { right } from 'fp-ts/lib/Either.js'
import { some } from 'fp-ts/lib/Option.js'
import { addProbe, chan, dropping, go, mutex, range, select, setProbe, sliding, trySelect, type Chan, type Probe } from 'millrace'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { done, performed, subscribed } from '../support/outcome.js'
import { settle } from '../support/settle.js'

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

/** The events of the channel that a probe sees while `act` runs. */
async function seen(ch: Chan<number>, act: () => unknown): Promise<string[]> {
  const events: string[] = []
  const note = (name: string) => (channel: object) => void (channel === ch && events.push(name))
  const before = setProbe({ send: note('send'), receive: note('receive'), close: note('close') })
  try {
    act()
    await settle()
  } finally {
    setProbe(before)
  }
  return events
}

const inParallel = (ch: Chan<number>, n: number) => {
  for (const i of upTo(n)) performed(ch.send(i))
  for (const _ of upTo(n)) performed(ch.receive())
}

let before: Probe | null
beforeEach(() => void (before = setProbe(null)))
afterEach(() => void setProbe(before))

it.each([0, 1, 2, 10])('a probe sees each value enter a channel of capacity %i and leave it, whichever side waited', async (capacity) => {
  for (const act of [
    (ch: Chan<number>) => inParallel(ch, 5),
    (ch: Chan<number>) => {
      for (const _ of upTo(5)) performed(ch.receive())
      for (const i of upTo(5)) performed(ch.send(i))
    },
    (ch: Chan<number>) => {
      for (const _ of upTo(5)) performed(range(ch).next())
      for (const i of upTo(5)) performed(select({ sent: ch.send(i), other: chan().receive() }))
    },
  ]) {
    const ch = chan<number>(capacity)
    const events = await seen(ch, () => act(ch))
    expect(events.filter((name) => name === 'send')).toHaveLength(5)
    expect(events.filter((name) => name === 'receive')).toHaveLength(5)
    // At no time have more values left than entered.
    let inside = 0
    for (const name of events) expect((inside += name === 'send' ? 1 : -1)).toBeGreaterThanOrEqual(0)
  }
})

it('the value of a parked send has not entered, and a lost value was not received', async () => {
  const full = chan<number>(1)
  expect(await seen(full, () => upTo(3).forEach((i) => performed(full.send(i))))).toEqual(['send'])
  const slides = chan<number>(sliding<number>(1))
  expect(await seen(slides, () => (upTo(3).forEach((i) => slides.trySend(i)), slides.tryReceive()))).toEqual([
    'send',
    'send',
    'send',
    'receive',
  ])
  const drops = chan<number>(dropping<number>(1))
  expect(await seen(drops, () => (upTo(3).forEach((i) => drops.trySend(i)), drops.tryReceive()))).toEqual(['send', 'receive'])
})

it('a close with its effect on the waiters is one event', async () => {
  const ch = chan<number>()
  performed(ch.receive())
  await settle()
  expect(await seen(ch, () => ch.close())).toEqual(['close'])
})

it('a probe may lack any of its methods', async () => {
  const before = setProbe({})
  try {
    const ch = chan<number>(1)
    expect(ch.trySend(1)).toBe(true) // into the buffer
    const waits = performed(ch.send(2))
    await settle()
    expect(ch.tryReceive()).toEqual(right(1)) // and admits the parked sender
    expect(ch.tryReceive()).toEqual(right(2))
    const receive = performed(ch.receive())
    await settle()
    expect(ch.trySend(3)).toBe(true) // directly to a receiver
    await settle()
    expect([waits.now, receive.now]).toEqual([done(undefined), done(some(3))])
    const met = chan<number>()
    performed(met.send(4))
    await settle()
    expect(met.tryReceive()).toEqual(right(4)) // directly from a sender
    for (const each of [ch, met]) each.close()
  } finally {
    setProbe(before)
  }
})

it('a probe sees each operation that is made, performed or not', () => {
  const [a, b] = [chan<number>(), chan<number>()]
  const made: unknown[] = []
  const before = setProbe({ make: (operation) => made.push(operation) })
  try {
    const send = a.send(1)
    const mapped = send.map(String)
    const choice = select({ mapped, other: b.receive() })
    const known = new Map<unknown, string>([
      [send, 'send'],
      [mapped, 'mapped'],
      [choice, 'choice'],
    ])
    expect(made.map((one) => known.get(one) ?? 'receive')).toEqual(['send', 'mapped', 'receive', 'choice'])
  } finally {
    setProbe(before)
  }
})

it('a try that takes nothing is not an event', async () => {
  const ch = chan<number>()
  expect(await seen(ch, () => [ch.trySend(1), ch.tryReceive(), subscribed(ch.receive()).leave()])).toEqual([])
})

it('a second close of a channel is an event, and throws as before', () => {
  const twice: object[] = []
  setProbe({ closeTwice: (channel) => twice.push(channel) })
  const ch = chan()
  ch.close()
  expect(twice).toEqual([])
  expect(() => ch.close()).toThrow('close of closed channel')
  expect(twice).toEqual([ch])
})

it('an operation is performed by yield*, await, a subscription and trySelect; one that is only made is not', async () => {
  const performed: unknown[] = []
  setProbe({ perform: (operation) => performed.push(operation) })
  const ch = chan<number>(9)
  const sends = [1, 2, 3].map((i) => ch.send(i))
  const forgotten = ch.send(4)
  go(function* () {
    yield* sends[0]
  })
  await sends[1]
  ;(sends[2] as unknown as { subscribe(observer: object): void }).subscribe({}) // an observable to RxJS
  await settle()
  for (const send of sends) expect(performed.filter((one) => one === send)).toHaveLength(1)
  expect(performed).not.toContain(forgotten)
  performed.length = 0
  trySelect({ forgotten })
  expect(performed).toHaveLength(1) // the choice
})

it('under a probe each call of receive makes an operation of its own, without one all calls share it', () => {
  const made: unknown[] = []
  const ch = chan<number>()
  expect(ch.receive() === ch.receive()).toBe(true)
  setProbe({ make: (operation) => made.push(operation) })
  const [first, second] = [ch.receive(), ch.receive()]
  expect(first === second).toBe(false)
  expect(made.map((one) => [first, second].indexOf(one as typeof first))).toEqual([0, 1])
})

it('probes that are added see each event in turn, each with its own methods and fields', () => {
  class Counter implements Probe {
    sends = 0
    send(): void {
      this.sends++
    }
  }
  const counters = [new Counter(), new Counter()]
  const log: string[] = []
  addProbe({ send: () => log.push('first'), close: () => log.push('close') })
  for (const counter of counters) addProbe(counter)
  addProbe({ send: () => log.push('last') })
  const ch = chan<number>(1)
  ch.trySend(1)
  ch.close()
  expect(counters.map(({ sends }) => sends)).toEqual([1, 1])
  expect(log).toEqual(['first', 'last', 'close'])
})

it('of added probes every event reaches both', () => {
  const ch = chan<number>(1)
  const events = (probe: (seen: string[]) => Probe) => {
    const seen: string[] = []
    setProbe(null)
    addProbe(probe(seen))
    addProbe({})
    const mu = mutex()
    mu.tryLock()
    mu.unlock()
    void select({ send: ch.send(1) })
    return seen
  }
  const all = (seen: string[]): Probe => ({
    lock: () => seen.push('lock'),
    unlock: () => seen.push('unlock'),
    make: () => seen.push('make'),
  })
  expect(events(all).filter((event) => event !== 'make')).toEqual(['lock', 'unlock'])
})

it('a probe without hooks changes nothing, whichever way an operation is performed', async () => {
  setProbe({})
  const ch = chan<number>(8)
  performed(ch.send(1))
  subscribed(ch.send(2))
  await ch.send(3)
  expect(trySelect({ sent: ch.send(4) })).toEqual(some({ case: 'sent', value: undefined }))
  await select({ sent: ch.send(5) })
  await settle()
  ch.close()
  expect(() => ch.close()).toThrow('close of closed channel')
  const mu = mutex()
  const guard = await mu.lock()
  guard[Symbol.dispose]()
  const seen: number[] = []
  for await (const value of ch) seen.push(value)
  expect(seen.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5])
})
