/** `settle`: attempts, dead letters, and what happens to the messages after a message that was given up. */
import { background, chan, onLateFailure } from 'millrace'
import { byKey, decode, memoryBroker, settle, through, type DeadDelivery, type Delivery, type MemoryLink } from 'millrace/broker'
import { onUnpaced, run, strictDemand, UnpacedError, workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { filter, of, take, tap, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'

const boom = new Error('boom')
const filled = (n: number) => {
  const broker = memoryBroker({ partitions: 1, lease: 300 })
  for (let i = 0; i < n; i++) broker.publish('in', i, { key: `k${i % 2}`, headers: new Map([['at', String(i)]]) })
  return broker
}
const outOf = ({ messages }: { messages: (topic: string) => readonly { readonly value: unknown }[] }) => messages('out').map(({ value }) => value) // prettier-ignore
const failsAt =
  (bad: number) =>
  (n: number): number => {
    if (n === bad) throw boom
    return n
  }

describe('settle', () => {
  it('tries again in the slot, in the order of the key', () =>
    bubble(function* () {
      const broker = filled(4)
      let failures = 2
      const flaky = (n: number): number => {
        if (n === 0 && failures-- > 0) throw boom
        return n
      }
      yield* broker.work(background, 1, (link) => link.from<number>({ log: 'in' }).pipe(byKey((d) => d.key, 2, flaky), link.to({ topic: 'out' }), settle())).join() // prettier-ignore
      expect(outOf({ messages: (topic) => broker.messages(topic) }).filter((n) => Number(n) % 2 === 0)).toEqual([0, 2])
    }))
  it('with `later` has the broker deliver again, and counts its deliveries', () =>
    bubble(function* () {
      const broker = filled(2)
      const attempts: number[] = []
      const work = (n: number, _: unknown, { attempt }: { readonly attempt: number }): number => {
        if (n === 0) attempts.push(attempt)
        return failsAt(0)(n)
      }
      const letters: DeadDelivery[] = []
      yield* broker.work(background, 1, (link) => link.from<number>({ queue: 'in' }).pipe(workerPool(2, through(work)), link.to({ topic: 'out' }), settle({ attempts: 3, retry: 'later', deadLetters: (letter) => letters.push(letter) }))).join() // prettier-ignore
      expect(attempts).toEqual([1, 2, 3])
      expect(letters).toMatchObject([{ payload: 0, attempts: 3, cause: boom }])
      expect(letters[0].headers.get('at')).toBe('0')
    }))
  it('is done only after the dead letter was sent; one that cannot be sent fails the pipeline', () =>
    bubble(function* () {
      const broker = filled(2)
      const cannot = new Error('no dead letters')
      const pipeline = (link: MemoryLink) => link.from<number>({ log: 'in' }).pipe(byKey((d) => d.key, 1, failsAt(0)), settle({ attempts: 1, deadLetters: () => Promise.reject(cannot) })) // prettier-ignore
      expect(yield* run(background, pipeline(broker.connect())).join().attempt()).toEqual({ _tag: 'Left', left: cannot })
      expect(broker.isSettled).toBe(false)
    }))
  it('with `block-key` sends what follows of the key to the dead letters, until the key is free', () =>
    bubble(function* () {
      const broker = filled(6)
      const dead = chan<DeadDelivery>(10)
      const blocked = new Set<string>()
      yield* broker.work(background, 1, (link) => link.from<number>({ log: 'in' }).pipe(byKey((d) => d.key, 2, failsAt(0)), link.to({ topic: 'out' }), settle({ attempts: 1, deadLetters: dead, onPoison: 'block-key', blocked }))).join() // prettier-ignore
      expect(outOf({ messages: (topic) => broker.messages(topic) })).toEqual([1, 3, 5])
      dead.close()
      const letters: unknown[] = []
      for (let it = yield* dead.receive(); it._tag === 'Some'; it = yield* dead.receive()) letters.push(it.value.payload)
      expect(letters).toEqual([0, 2, 4])
      expect([...blocked]).toEqual(['k0'])
    }))
  it('with `block-key` begins no stage and publishes nothing of a blocked key, and no attempt waits', () =>
    bubble(function* () {
      const broker = filled(6)
      const letters: DeadDelivery[] = []
      const blocked = new Set(['k1'])
      const isEven = { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => (value === 2 ? { issues: [{ message: 'is 2' }] } : { value: value as number }) } } as const // prettier-ignore
      const began = Date.now()
      const settling = settle({ deadLetters: (letter) => void letters.push(letter), onPoison: 'block-key', blocked })
      yield* broker.work(background, 1, (link) => link.from({ log: 'in' }).pipe(decode(isEven), link.to({ topic: 'out' }), settling)).join()
      expect(outOf({ messages: (topic) => broker.messages(topic) })).toEqual([0])
      expect(letters.map(({ payload, attempts }) => [payload, attempts])).toEqual([1, 2, 3, 4, 5].map((n) => [n, 1]))
      expect(letters[3].cause).toMatchObject({ name: 'BlockedKeyError', key: 'k0' })
      expect(Date.now() - began).toBeLessThan(50) // the first pause of attempts is longer
    }))
  it.each([
    ['at once', () => of(1)],
    ['later', async () => Promise.resolve(of(1))],
  ] as const)('fails where the dead letters are an observable %s, to which nobody subscribes', (_when, deadLetters) =>
    // prettier-ignore
    bubble(function* () {
      const broker = filled(1)
      const pipeline = broker.connect().from<number>({ log: 'in' }).pipe(byKey((d) => d.key, 1, failsAt(0)), settle({ attempts: 1, deadLetters })) // prettier-ignore
      const text = 'settle({ deadLetters }): the result: expected a value, a promise, an operation or a generator'
      const message = expect.stringContaining(text) as string // a bundle may rename the class
      expect(yield* run(background, pipeline).join().attempt()).toMatchObject({ _tag: 'Left', left: { name: 'TypeError', message } })
      expect(broker.isSettled).toBe(false)
    }),
  )
  it('with `stop` fails after the dead letter', () =>
    bubble(function* () {
      const broker = filled(1)
      const dead = chan<DeadDelivery>(10)
      const end = yield* run(background, broker.connect().from<number>({ log: 'in' }).pipe(byKey((d) => d.key, 2, failsAt(0)), settle({ attempts: 1, deadLetters: dead, onPoison: 'stop' }))).join().attempt() // prettier-ignore
      expect(end).toEqual({ _tag: 'Left', left: boom })
      expect(dead.size).toBe(1)
    }))
  it('gives up at once what does not match its schema', () =>
    bubble(function* () {
      const broker = filled(3)
      const letters: DeadDelivery[] = []
      const odd = { '~standard': { version: 1, vendor: 'test', validate: (n: unknown) => (Number(n) % 2 === 1 ? { value: n as number } : { issues: [{ message: 'is even' }] }) } } as const // prettier-ignore
      yield* broker.work(background, 1, (link) => link.from({ log: 'in' }).pipe(decode(odd), link.to({ topic: 'out' }), settle({ deadLetters: (letter) => letters.push(letter) }))).join() // prettier-ignore
      expect(letters.map(({ payload }) => payload)).toEqual([0, 2])
      expect(String(letters[0].cause)).toContain('is even')
      expect(broker.isSettled).toBe(true)
    }))
  it('refuses a second settlement, and an item that is no delivery', () =>
    bubble(function* () {
      const twice = yield* run(background, filled(1).connect().from<number>({ log: 'in' }).pipe(workerPool(1, (d) => (d.done(), d)), settle())).join().attempt() // prettier-ignore
      expect(String(twice._tag === 'Left' && twice.left)).toContain('settle of a settled delivery: in/0:0')
    }))
})

describe('a delivery that a filter drops', () => {
  const dropping = (link: MemoryLink): Observable<unknown> =>
    link.from<number>({ log: 'in' }).pipe(
      filter(({ value }) => value !== 1),
      workerPool(
        1,
        through((n) => n),
      ),
      settle(),
    )

  it('is told, by its position', () =>
    bubble(function* () {
      const told: string[] = []
      const restore = onUnpaced(({ message }) => told.push(message))
      const running = run(background, dropping(filled(4).connect()))
      yield* running.join().timeout(2000).attempt()
      restore()
      running.cancel()
      expect(told).toHaveLength(1)
      expect(told[0]).toMatch(/deliveries left the pipeline unsettled \(1\): in\/0:1, of "from in"\. .*Use keep/)
    }))
  it('is an error under strictDemand', () =>
    bubble(function* () {
      const end = strictDemand()
      const failed = yield* run(background, dropping(filled(4).connect()))
        .join()
        .attempt()
      end()
      expect(failed._tag === 'Left' && failed.left).toBeInstanceOf(UnpacedError)
    }))
})

it('a message that is given up without dead letters is reported where the pipeline completes in the same turn', async () => {
  const broker = memoryBroker({ partitions: 1 })
  for (const n of [1, 2]) broker.publish('in', n)
  const late: unknown[] = []
  const restore = onLateFailure((error) => void late.push(error))
  try {
    const rejecting = tap((delivery: Delivery<number>) => {
      if (delivery.value === 1) delivery.reject(new Error('no'))
    })
    const link = broker.connect()
    const unsettled = filter((delivery: Delivery<number>) => delivery.value !== 1)
    const pipeline = link.from<number>({ queue: 'in' }).pipe(rejecting, take(2), unsettled, link.to({ topic: 'out' }), settle())
    await bubble(() => run(background, pipeline).join())
    expect(late).toMatchObject([{ message: 'no' }])
  } finally {
    restore()
  }
})
