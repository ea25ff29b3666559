/** The order within a key of what is published, against a server that refuses messages at random. */
import { background, go, sleep } from 'millrace'
import { fromPull, memoryBroker, positionOf, settle, type DeadDelivery } from 'millrace/broker'
import { run } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { BatchPublisher, envelopeOf, publishStage, type Publication, type Unstored } from '../../src/adapters/broker/internal.js'

const MESSAGES = 60
const KEYS = 4

/** A server that refuses three messages of ten, each time that they come. */
class Refusing {
  readonly stored: number[] = []
  /** Calls at a time. */
  underWay = 0
  most = 0
  private _state: number

  constructor(seed: number) {
    this._state = seed * 2654435761 + 1
  }
  random(): number {
    this._state = (Math.imul(this._state ^ (this._state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0
    return ((this._state ^ (this._state >>> 13)) >>> 0) / 2 ** 32
  }
  takes(n: number): { readonly error: Error } | null {
    if (this.random() < 0.3) return { error: new Error(`${n} is refused`) }
    this.stored.push(n)
    return null
  }
}

/** As the script of Redis: some messages a call, and none of a key behind a refused one. With two calls, as the statements of PostgreSQL. */
class Batches extends BatchPublisher<number> {
  protected override readonly many = 3

  constructor(
    private readonly _server: Refusing,
    protected override readonly calls: number,
  ) {
    super()
  }
  protected override lineOf(message: number): string | null {
    return String(message % KEYS)
  }
  protected sizeOf(waiting: readonly Unstored<number>[]): number {
    return Math.min(waiting.length, 1 + Math.floor(this._server.random() * 8))
  }
  protected *store(batch: readonly Unstored<number>[]): Generator<never, void> {
    this._server.most = Math.max(this._server.most, ++this._server.underWay)
    yield* sleep(this._server.random() * 5)
    this._server.underWay--
    if (this._server.random() < 0.1) throw new Error('all of them are refused')
    const refused = new Set<number>()
    for (const one of batch) {
      const key = one.message % KEYS
      if (refused.has(key)) {
        this.add(one)
        continue
      }
      const failure = this._server.takes(one.message)
      if (failure !== null) refused.add(key)
      one.settled(failure)
      if (this._server.random() < 0.2) yield* sleep(this._server.random() * 20) // answers that come apart
    }
  }
}

type Send = (publication: Publication<number, number>) => void

/** Confirmations come apart, in any order. */
function apart(server: Refusing): Send {
  return (publication) => {
    const failure = server.takes(publication.message)
    go(function* confirm() {
      yield* sleep(server.random() * 5)
      publication.settled(failure)
    })
  }
}

const together =
  (calls: number) =>
  (server: Refusing): Send => {
    const publisher = new Batches(server, calls)
    return (publication) => {
      publisher.add(publication)
    }
  }

interface Way {
  readonly keys: 'alone' | 'together'
  readonly to: (server: Refusing) => Send
  readonly calls: number
}

function* published({ keys, to }: Way, server: Refusing): Generator<never, { stored: readonly number[]; dead: readonly number[] }> {
  const broker = memoryBroker({ partitions: 1 })
  for (let n = 0; n < MESSAGES; n++) broker.publish('in', n, { key: `k${n % KEYS}` })
  const dead: number[] = []
  const stage = publishStage<number, number>({
    name: 'to the server',
    window: 32,
    keys,
    publication: (delivery, made) => made(envelopeOf('an item', delivery), delivery.key, delivery.value),
    send: to(server),
  })
  const deadLetters = ({ payload }: DeadDelivery): void => void dead.push(payload as number) // as published
  const settled = settle({ attempts: 2, schedule: ({ attempts }) => (attempts >= 2 ? null : server.random() * 50), deadLetters })
  yield* broker.work(background, 1, (link) => link.from<number>({ log: 'in' }).pipe(stage, settled)).join()
  return { stored: server.stored, dead }
}

const SEEDS = 60
const ways: Readonly<Record<string, Way>> = {
  'one message of a key at a time': { keys: 'alone', to: apart, calls: 0 },
  'in batches': { keys: 'together', to: together(1), calls: 1 },
  'in batches, two at a time': { keys: 'together', to: together(2), calls: 2 },
}

describe.each(Object.entries(ways))('what is published %s', (_, way) => {
  it('is in order within a key, through attempts and dead letters, whatever is refused', async () => {
    let [given, most] = [0, 0]
    for (let seed = 1; seed <= SEEDS; seed++) {
      await bubble(function* () {
        const server = new Refusing(seed)
        const { stored, dead } = yield* published(way, server)
        most = Math.max(most, server.most)
        given += dead.length
        for (let key = 0; key < KEYS; key++) {
          const ofKey = stored.filter((n) => n % KEYS === key)
          expect(ofKey, `seed ${seed}`).toEqual([...ofKey].sort((a, b) => a - b))
        }
        const all = [...stored, ...dead].sort((a, b) => a - b)
        expect(all, `seed ${seed}`).toEqual(Array.from({ length: MESSAGES }, (_, n) => n))
      })
    }
    expect(given).toBeGreaterThan(SEEDS)
    expect(most).toBe(way.calls)
  })
})

it('what comes for the places that a call has freed goes out together with what waits', async () => {
  const sizes: number[] = []
  class Counting extends BatchPublisher<number> {
    protected sizeOf(waiting: readonly Unstored<number>[]): number {
      return sizes.length === 0 ? 2 : waiting.length
    }
    protected *store(batch: readonly Unstored<number>[]): Generator<never, void> {
      sizes.push(batch.length)
      yield* sleep(1)
      for (const one of batch) one.settled(null)
    }
  }
  const facts = { key: null, attempt: 1, headers: new Map<string, string>(), settled() {} }
  const numbers = fromPull<number>((lease) => {
    let n = 0
    return {
      request(places) {
        for (; places > 0; places--) lease.deliver({ ...facts, value: n, position: positionOf('in', 0, n++, 0) })
      },
    }
  })
  await bubble(function* () {
    const publisher = new Counting()
    const stage = publishStage<number, number>({
      name: 'to the server',
      window: 16,
      keys: 'together',
      publication: (delivery, made) => made(envelopeOf('an item', delivery), null, delivery.value),
      send: (publication) => publisher.add(publication),
    })
    yield* run(background, numbers.pipe(take(200), stage, settle())).join()
  })
  expect(sizes.slice(2, -1)).toEqual(sizes.slice(2, -1).map(() => 16))
})
