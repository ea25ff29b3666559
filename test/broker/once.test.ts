/** `once`: an effect happens once, wherever messages come twice; and where a process is killed, as often as was said. */
import { background, fromPromise, now, sleep, withCancel, type Context } from 'millrace'
import { ClaimLostError, memoryBroker, memoryOnce, once, settle, UnsureError, type OnceStore } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { bubble, explore, type Trial } from 'millrace/testing'
import { of } from 'rxjs'
import { describe, expect, it } from 'vitest'

const N = 4
const options = { schedules: 300, timers: 'when-idle', unperformed: false } as const

/** Work in three steps. Counts its effects, and the works that were cut off before and after the effect. */
class Counted {
  readonly effects = new Map<number, number>()
  readonly cut = { before: 0, after: 0 };

  *work(n: number): Generator<never, void> {
    let step = 'begun'
    try {
      yield* sleep(1 + 2 * n)
      step = 'effect'
      this.effects.set(n, (this.effects.get(n) ?? 0) + 1)
      yield* sleep(1)
      step = 'ended'
    } finally {
      if (step === 'begun') this.cut.before++
      if (step === 'effect') this.cut.after++
    }
  }

  get total(): number {
    return [...this.effects.values()].reduce((sum, count) => sum + count, 0)
  }
}

/** A store that takes a turn for each call, so that a process can be killed between any two. */
function slowly(store: OnceStore): OnceStore {
  const later = <A extends readonly unknown[]>(f: (...args: A) => unknown) => (...args: A) => sleep(1).map(() => f(...args)) // prettier-ignore
  return {
    claim: later((id, owner, times) => store.claim(id, owner, times)),
    finish: later((id, owner, within) => store.finish(id, owner, within)),
    release: later((id, owner) => store.release(id, owner)),
  }
}

describe.each(['log', 'queue'] as const)('a %s', (use) => {
  const proof = (most: { crashes: number; redeliveries: number; lostAcknowledgements: number }, unsure: 'again' | 'reject') => {
    const seen = { cut: 0, repeated: 0, letters: 0 }
    const program = function* (trial: Trial): Generator<never, void> {
      const broker = memoryBroker({ faults: trial, most, partitions: 1, lease: 300 })
      for (let n = 0; n < N; n++) broker.publish('in', n, { key: 'k' })
      const counted = new Counted()
      const letters: unknown[] = [] // race-ok: a process that was killed may still be at a dead letter
      const store = slowly(memoryOnce())
      const effect = once<number>(store, { within: 1e6, lease: 100, unsure }, (n) => counted.work(n))
      yield* broker
        .work(background, 2, (link) =>
          link.from<number>({ [use]: 'in' }).pipe(workerPool(2, effect), settle({ deadLetters: ({ cause }) => void letters.push(cause) })),
        )
        .join()
      const { before, after } = counted.cut
      seen.cut += before + after
      seen.repeated += counted.total - N
      seen.letters += letters.length
      const all = `${counted.total} effects of ${N}, ${before} cut before and ${after} after the effect, ${letters.length} letters`
      if (letters.some((cause) => !(cause instanceof UnsureError))) throw new Error(`other letters: ${letters.join()}`)
      if (unsure === 'reject' && [...counted.effects.values()].some((count) => count > 1)) throw new Error(`repeated: ${all}`)
      if (unsure === 'reject' && counted.effects.size + letters.length < N) throw new Error(`lost: ${all}`)
      if (unsure === 'again' && counted.effects.size !== N) throw new Error(`lost: ${all}`)
      if (most.crashes === 0 && counted.total !== N) throw new Error(`not once: ${all}`)
    }
    return { program, seen }
  }

  it('has exact counts, wherever a message comes twice or an acknowledgement is lost', async () => {
    const { program, seen } = proof({ crashes: 0, redeliveries: 3, lostAcknowledgements: 2 }, 'again')
    await explore(program, options)
    expect(seen).toEqual({ cut: 0, repeated: 0, letters: 0 })
  })
  it('loses no effect where a process is killed at any point, and repeats those that the kill cut off', async () => {
    const { program, seen } = proof({ crashes: 2, redeliveries: 1, lostAcknowledgements: 1 }, 'again')
    await explore(program, options)
    expect(seen.cut).toBeGreaterThan(0)
    expect(seen.repeated).toBeGreaterThan(0) // killed after the effect: nobody can know
    expect(seen.letters).toBe(0)
  })
  it('repeats none with reject, wherever a process is killed: what is unsure is a dead letter', async () => {
    const { program, seen } = proof({ crashes: 2, redeliveries: 1, lostAcknowledgements: 1 }, 'reject')
    await explore(program, options)
    expect(seen.cut).toBeGreaterThan(0)
    expect(seen.letters).toBeGreaterThan(0)
  })
})

const one = () => {
  const broker = memoryBroker({ partitions: 1 })
  broker.publish('in', 7)
  return broker
}

describe('the work', () => {
  it('runs again after it failed', () =>
    bubble(function* () {
      const broker = one()
      let tries = 0
      const failing = () => {
        if (++tries < 3) throw new Error('not yet')
      }
      yield* broker.work(background, 1, (link) => link.from({ queue: 'in' }).pipe(workerPool(1, once(memoryOnce(), { within: 1e6 }, failing)), settle())).join() // prettier-ignore
      expect(tries).toBe(3)
    }))
  it('keeps its claim while it runs, longer than the lease', () =>
    bubble(function* () {
      const broker = memoryBroker({ partitions: 1 })
      for (const n of [1, 2]) broker.publish('in', n)
      let effects = 0
      const slow = () => sleep(1000).map(() => effects++)
      const effect = once<number>(memoryOnce(), { within: 1e6, lease: 90, id: () => 'same' }, slow)
      yield* broker.work(background, 2, (link) => link.from<number>({ queue: 'in' }).pipe(workerPool(1, effect), settle())).join()
      expect(effects).toBe(1)
    }))
  it('waits for the owner of a claim, and not for the end of its lease', () =>
    bubble(function* () {
      const broker = memoryBroker({ partitions: 1 })
      for (const n of [1, 2]) broker.publish('in', n)
      const start = now()
      const effect = once<number>(memoryOnce(), { within: 1e6, lease: 30_000, id: () => 'same' }, () => sleep(100))
      yield* broker.work(background, 2, (link) => link.from<number>({ queue: 'in' }).pipe(workerPool(1, effect), settle())).join()
      expect(now() - start).toBeLessThan(10_000)
    }))
  it('has its context ended where the claim is lost', () =>
    bubble(function* () {
      const broker = one()
      const store = memoryOnce()
      let ended: unknown = null // race-ok: the test looks from outside, after virtual time
      const robbed = function* (_: unknown, ctx: Context) {
        store.finish('id', 'another', 1e6)
        yield* ctx.done()
        ended = ctx.cause()
      }
      const effect = once(store, { within: 1e6, lease: 90, id: () => 'id' }, robbed)
      using ctx = withCancel(background)
      const running = run(ctx, broker.connect().from({ queue: 'in' }).pipe(workerPool(1, effect), settle()))
      yield* sleep(100)
      running.cancel()
      expect(ended).toMatchObject({ value: expect.any(ClaimLostError) as unknown })
    }))
  it('runs again after the store has forgotten the id', () =>
    bubble(function* () {
      const store = memoryOnce()
      expect(store.claim('id', 'a', { lease: 10, within: 100 })).toEqual({ state: 'claimed', isUnsure: false })
      expect(store.claim('id', 'b', { lease: 10, within: 100 })).toEqual({ state: 'busy', wait: 10 })
      store.finish('id', 'a', 100)
      yield* sleep(99)
      expect(store.claim('id', 'b', { lease: 10, within: 100 })).toEqual({ state: 'done' })
      yield* sleep(1)
      expect(store.claim('id', 'b', { lease: 10, within: 100 })).toEqual({ state: 'claimed', isUnsure: false })
      yield* sleep(10)
      expect(store.claim('id', 'c', { lease: 10, within: 100 })).toEqual({ state: 'claimed', isUnsure: true })
      store.release('id', 'c')
      expect(store.size).toBe(0)
    }))
})

it('a store may return promises', async () => {
  const broker = one()
  const store = memoryOnce()
  const promised: OnceStore = {
    claim: async (...args) => store.claim(...args),
    finish: async (...args) => store.finish(...args),
    release: async (...args) => store.release(...args),
  }
  let effects = 0
  await bubble(() => broker.work(background, 1, (link) => link.from({ queue: 'in' }).pipe(workerPool(1, once(promised, { within: 1e6 }, () => fromPromise(Promise.resolve(effects++)))), settle())).join()) // prettier-ignore
  expect(effects).toBe(1)
})

it('work that returns an observable has failed, and its message is not settled', () =>
  bubble(function* () {
    const broker = memoryBroker({ partitions: 1 })
    broker.publish('in', 1)
    const work = once(memoryOnce(), { id: ({ position }) => String(position), within: 1000 }, () => of('charged'))
    const message = expect.stringContaining('once(store, options, work): the result: expected a value, a promise') as string
    const end = yield* run(background, broker.connect().from<number>({ log: 'in' }).pipe(workerPool(1, work), settle({ attempts: 1 }))).join().attempt() // prettier-ignore
    expect(end).toMatchObject({ _tag: 'Left', left: { name: 'TypeError', message } })
    expect(broker.isSettled).toBe(false)
  }))
