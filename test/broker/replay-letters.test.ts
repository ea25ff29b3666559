/** `replay`: dead letters go back to their source, nothing is lost wherever it ends, and what came later stays. */
import { background, sleep, withCancel, withTimeout } from 'millrace'
import { memoryBroker, replay, settle, through, type MemoryBroker, type ReplayOptions, type StoredLetter } from 'millrace/broker'
import { fromGoroutine, run, strictDemand, workerPool } from 'millrace/operators'
import { bubble, explore, type Trial } from 'millrace/testing'
import { defer } from 'rxjs'
import { describe, expect, it } from 'vitest'

/** A broker with `n` dead letters, each with the error of its number. */
function* withLetters(n: number, broker = memoryBroker({ partitions: 1 })): Generator<never, MemoryBroker> {
  for (let i = 0; i < n; i++) broker.publish('in', i, { key: `k${i}`, headers: new Map([['at', String(i)]]) })
  const failing = through((i: number) => {
    throw new TypeError(`bad ${i}`)
  })
  const link = broker.connect()
  using ctx = withCancel(background)
  run(ctx, link.from<number>({ queue: 'in' }).pipe(workerPool(1, failing), settle({ attempts: 2, schedule: () => 1, deadLetters: link.deadLetters('dead') }))) // prettier-ignore
  yield* sleep(1000)
  expect(broker.messages('dead')).toHaveLength(n)
  return broker
}
const replaying = (broker: MemoryBroker, options: Partial<ReplayOptions<number>> = {}) => {
  const link = broker.connect()
  const to = link.to<number>({ topic: 'again', id: ({ position }) => String(position) })
  return replay(background, link.from<number>({ queue: 'dead' }), { to, ...options })
}
const again = (broker: MemoryBroker) => broker.messages('again').map(({ value }) => value)

it('puts the letters back in their order, with payload, key and headers, and says what they were', () =>
  bubble(function* () {
    strictDemand()
    const broker = yield* withLetters(3)
    const letters: StoredLetter<number>[] = []
    const report = yield* replaying(broker, { where: (letter) => letters.push(letter) > 0 }).join()
    expect(report).toEqual({ replayed: 3, kept: 0, left: 0 })
    expect(letters[1]).toMatchObject({ value: 1, key: 'k1', cause: 'TypeError: bad 1', stage: 'workerPool', attempts: 2, from: 'in/0:1', replays: 0 }) // prettier-ignore
    expect(broker.messages('again')).toMatchObject([0, 1, 2].map((value) => ({ value, key: `k${value}` })))
    expect(Object.fromEntries(broker.messages('again')[2].headers)).toMatchObject({ at: '2', 'millrace-replays': '1' })
    expect(yield* replaying(broker).join()).toEqual({ replayed: 0, kept: 0, left: 0 })
  }))

it('keeps what `where` refuses, for the next replay', () =>
  bubble(function* () {
    strictDemand()
    const broker = yield* withLetters(6)
    const odd = ({ value }: StoredLetter<number>) => value % 2 === 1
    expect(yield* replaying(broker, { where: odd }).join()).toEqual({ replayed: 3, kept: 3, left: 0 })
    expect(again(broker)).toEqual([1, 3, 5])
    for (let i = 0; i < 10; i++) expect(yield* replaying(broker, { where: odd }).join()).toEqual({ replayed: 0, kept: 3, left: 0 })
    expect(yield* replaying(broker).join()).toEqual({ replayed: 3, kept: 0, left: 0 })
    expect([...again(broker)].sort()).toEqual([0, 1, 2, 3, 4, 5])
  }))

it('puts back no more than its limit, and leaves the rest', () =>
  bubble(function* () {
    const broker = yield* withLetters(6)
    expect(yield* replaying(broker, { limit: 2 }).join()).toEqual({ replayed: 2, kept: 0, left: 4 })
    const { replayed, kept, left } = yield* replaying(broker, { limit: 2, where: ({ value }) => value > 3 }).join()
    expect([replayed, kept + left]).toEqual([2, 2]) // what was given back comes in any order
    expect(again(broker)).toEqual([0, 1, 4, 5])
    expect(yield* replaying(broker, { limit: 9 }).join()).toEqual({ replayed: 2, kept: 0, left: 0 })
  }))

it('does not put back a message again that fails again meanwhile', () =>
  bubble(function* () {
    const broker = yield* withLetters(3)
    const link = broker.connect()
    const to = link.to<number>({ topic: 'in' })
    using ctx = withCancel(background)
    const failing = through((i: number) => {
      throw new TypeError(`bad ${i}`)
    })
    run(
      ctx,
      link.from<number>({ queue: 'in' }).pipe(workerPool(1, failing), settle({ attempts: 1, deadLetters: link.deadLetters('dead') })),
    )
    expect(yield* replay(background, link.from<number>({ queue: 'dead' }), { to }).join()).toEqual({ replayed: 3, kept: 0, left: 0 })
    yield* sleep(1000)
    const replays: number[] = []
    yield* replaying(broker, { where: (letter) => replays.push(letter.replays) < 0 }).join()
    expect(replays).toEqual([1, 1, 1])
  }))

it('leaves what is behind more letters that stay than its window, after its patience', () =>
  bubble(function* () {
    const broker = yield* withLetters(6)
    const report = yield* replaying(broker, { where: ({ value }) => value > 3, window: 3, patience: 100 }).join()
    expect(report).toEqual({ replayed: 0, kept: 3, left: 3 })
    expect(yield* replaying(broker).join()).toEqual({ replayed: 6, kept: 0, left: 0 })
  }))

it('ends with its context, and the letters stay', () =>
  bubble(function* () {
    const broker = yield* withLetters(6)
    const link = broker.connect()
    const slow = workerPool(1, through((n: number) => sleep(100).map(() => n))) // prettier-ignore
    const report = yield* replay(withTimeout(background, 250), link.from<number>({ queue: 'dead' }), { to: slow, where: ({ value }) => value !== 0, window: 2 }).join() // prettier-ignore
    expect(report.replayed).toBeGreaterThan(0)
    expect(report.replayed).toBeLessThan(5)
    expect(yield* replaying(broker).join()).toEqual({ replayed: 6 - report.replayed, kept: 0, left: 0 })
  }))

it('fails with the error of `to`, and loses no letter', () =>
  bubble(function* () {
    const broker = yield* withLetters(3)
    const full = new Error('full')
    const to = workerPool(1, () => {
      throw full
    })
    expect(yield* replaying(broker, { to }).join().attempt()).toMatchObject({ left: full })
    expect(yield* replaying(broker, { where: () => 1 as never }).join().attempt()).toMatchObject({ left: { message: 'replay(ctx, letters, { where }): the result: expected a boolean, got 1' } }) // prettier-ignore
    yield* sleep(10_000)
    expect(yield* replaying(broker).join()).toEqual({ replayed: 3, kept: 0, left: 0 })
  }))

it('throws for an observable that is no source of deliveries', () => {
  expect(() => replay(background, defer(() => []) as never, { to: (letters) => letters })).toThrow('replay(ctx, letters): expected a source of deliveries') // prettier-ignore
})

describe('wherever the process is killed, and whatever acknowledgement is lost', () => {
  const proof = (id: boolean, seen: { repeated: number }) =>
    function* (trial: Trial): Generator<never, void> {
      const broker = memoryBroker({
        faults: trial,
        most: { crashes: 2, redeliveries: 1, lostAcknowledgements: 1 },
        partitions: 1,
        lease: 300,
      })
      for (let n = 0; n < 4; n++) broker.publish('dead', n)
      const wanted = ({ value }: { readonly value: number }) => value !== 1
      const work = broker.work(background, 1, (link) => {
        const to = link.to<number>({ topic: 'again', ...(id && { id: ({ position }) => String(position) }) })
        return fromGoroutine<number>(function* () {
          using ctx = withCancel(background)
          const options = { to, where: wanted, patience: 400 }
          yield* replay(ctx, link.from<number>({ queue: 'dead' }), options).join()
          const rest = {
            to: link.to<number>({ topic: 'rest', id: ({ position }) => String(position) }),
            where: ({ value }: StoredLetter<number>) => !wanted({ value }),
            patience: 400,
          }
          // What the process before had comes after its lease.
          while (!broker.isSettled)
            for (const each of [options, rest]) yield* replay(ctx, link.from<number>({ queue: 'dead' }), each).join()
        })
      })
      yield* work.join()
      const values = again(broker) as number[]
      const all = [...values, ...broker.messages('rest').map(({ value }) => value as number)]
      if (new Set(all).size !== 4) throw new Error(`lost: ${all.join()}`)
      if (values.includes(1)) throw new Error(`a letter that stays was put back: ${values.join()}`)
      seen.repeated += values.length - new Set(values).size
    }
  const options = { schedules: 300, timers: 'when-idle', unperformed: false } as const

  it('no letter is lost, and with an id none is stored twice', async () => {
    const seen = { repeated: 0 }
    await explore(proof(true, seen), options)
    expect(seen.repeated).toBe(0)
  })
  it('without an id a letter may be stored twice', async () => {
    const seen = { repeated: 0 }
    await explore(proof(false, seen), options)
    expect(seen.repeated).toBeGreaterThan(0)
  })
})
