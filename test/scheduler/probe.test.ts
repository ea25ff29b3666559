import { chan, go, mutex, select, setProbe, trySelect, type Probe } from 'millrace'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { addProbe } from '../../src/runtime/internal.js'
import { settle } from '../support/settle.js'

let before: Probe | null
beforeEach(() => void (before = setProbe(null)))
afterEach(() => void setProbe(before))

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
