/** `batch`: it waits for no message that its source does not send, and takes out the messages of blocked keys. */
import fc from 'fast-check'
import { background, sleep, withTimeout } from 'millrace'
import {
  batch,
  drain,
  flatThrough,
  keep,
  lag,
  memoryBroker,
  settle,
  through,
  type DeadDelivery,
  type Delivery,
  type MemoryLink,
} from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { tap } from 'rxjs'
import { describe, expect, it } from 'vitest'

const filled = (n: number, window = 256) => {
  const broker = memoryBroker({ partitions: 1, lease: 200, window })
  for (let i = 0; i < n; i++) broker.publish('in', i, { key: `k${i}` })
  return broker
}

describe('a batch that is larger than the window of its log', () => {
  const sizesOf = function* (before: (link: MemoryLink) => ReturnType<MemoryLink['from']>): Generator<never, number[]> {
    const broker = filled(20, 8)
    const sizes: number[] = []
    const store = through((rows: unknown[]) => void sizes.push(rows.length))
    const pipeline = before(broker.connect()).pipe(batch({ size: 12 }), workerPool(1, store), settle())
    yield* drain(withTimeout(background, 1000), pipeline).join().attempt()
    expect(broker.isSettled).toBe(true)
    return sizes
  }

  it('leaves with the window', () =>
    bubble(function* () {
      expect(yield* sizesOf((link) => link.from({ log: 'in' }))).toEqual([8, 8, 4])
    }))

  it('leaves when the other messages of the window are settled, which were in work', () =>
    bubble(function* () {
      const evens = workerPool(
        8,
        keep((n: unknown) => (Number(n) % 2 === 0 ? true : sleep(100).map(() => false))),
      )
      expect(yield* sizesOf((link) => link.from({ log: 'in' }).pipe(evens))).toEqual([4, 4, 2])
    }))
})

it('a log whose owners have ended twice at a message sends the next ones singly, each as a batch, and then goes on', () =>
  bubble(function* () {
    const broker = filled(30, 8)
    for (let kills = 0; kills < 2; kills++) {
      const link = broker.connect()
      const working = run(
        background,
        link.from({ log: 'in' }).pipe(
          workerPool(
            5,
            through(() => sleep(10_000)),
          ),
          settle(),
        ),
      )
      yield* sleep(50)
      link.cut()
      working.cancel()
      yield* sleep(300)
    }
    const sizes: number[] = []
    const store = through((rows: unknown[]) => void sizes.push(rows.length))
    const ctx = withTimeout(background, 5000)
    yield* drain(
      ctx,
      broker
        .connect()
        .from({ log: 'in' })
        .pipe(batch({ size: 5 }), workerPool(1, store), settle()),
    )
      .join()
      .attempt()
    expect(broker.isSettled).toBe(true)
    expect(sizes.slice(0, 8)).toEqual(Array(8).fill(1)) // as many as were under way
    expect(sizes.slice(8, 12)).toEqual([5, 5, 5, 5])
  }))

it('the work of a batch is done without the messages of blocked keys, which are given up one by one', () =>
  bubble(function* () {
    const broker = memoryBroker({ partitions: 1 })
    for (const key of ['a', 'b', 'c', 'b', 'd', 'a']) broker.publish('in', `of ${key}`, { key })
    const blocked = new Set(['a'])
    const stored: string[][] = []
    const letters: DeadDelivery[] = []
    const deadLetters = (letter: DeadDelivery) => void letters.push(letter)
    const store = workerPool(
      1,
      through((rows: string[]) => void stored.push(rows)),
    )
    const began = Date.now()
    yield* broker
      .work(background, 1, (link) =>
        link.from<string>({ log: 'in' }).pipe(batch({ size: 3 }), store, settle({ onPoison: 'block-key', blocked, deadLetters })),
      )
      .join()
    expect(Date.now() - began).toBeLessThan(100) // no pauses of attempts
    expect(stored).toEqual([
      ['of b', 'of c'],
      ['of b', 'of d'],
    ])
    expect(letters.map(({ payload }) => payload)).toEqual(['of a', 'of a'])
    expect([...blocked]).toEqual(['a'])
    expect(broker.isSettled).toBe(true)
  }))

/** A pipeline of random sizes; a worker that is cut at random settles nothing more. */
const program = fc.record({
  seed: fc.nat(),
  messages: fc.integer({ min: 0, max: 40 }),
  partitions: fc.integer({ min: 1, max: 3 }),
  window: fc.integer({ min: 1, max: 12 }),
  size: fc.integer({ min: 1, max: 15 }),
  workers: fc.integer({ min: 1, max: 3 }),
  parts: fc.integer({ min: 0, max: 3 }),
  cuts: fc.integer({ min: 0, max: 3 }),
})

it('random pipelines: a batch waits only for messages that the broker does not have, and nothing is lost', async () => {
  let [waited, cut] = [0, 0]
  await fc.assert(
    fc.asyncProperty(program, ({ messages, partitions, window, size, workers, parts, cuts }) =>
      bubble(function* () {
        const broker = memoryBroker({ partitions, lease: 200, window })
        for (let i = 0; i < messages; i++) broker.publish('in', i, { key: `k${i}` })
        const stored: number[] = []
        let held = 0
        const pipelineOf = (link: MemoryLink) => {
          const entered = tap<Delivery<number>>(() => void held++)
          const left = tap(({ value }: Delivery<number[]>) => void (held -= value.length))
          const store = through((rows: number[]) => sleep(rows[0] % 5).map(() => void stored.push(...rows)))
          const split = workerPool(
            1,
            flatThrough((n: number) => Array<number>(n % (parts + 1)).fill(n)),
            { ordered: true },
          )
          return link.from<number>({ log: 'in' }).pipe(split, entered, batch({ size }), left, workerPool(workers, store), settle())
        }
        for (let n = 0; n < cuts; n++) {
          const link = broker.connect()
          const working = run(background, pipelineOf(link))
          yield* sleep(3 * n)
          link.cut()
          working.cancel()
          yield* sleep(300)
          if (!broker.isSettled) cut++
        }
        held = 0
        const link = broker.connect()
        const source = link.from<number>({ log: 'in' })
        const working = run(background, pipelineOf(link))
        yield* sleep(5000)
        const { waiting } = yield* lag(source)
        if (held > 0) waited++
        expect({ waiting, isLess: held < size }).toEqual({ waiting: 0, isLess: true })
        expect(held > 0 || broker.isSettled).toBe(true)
        working.cancel()
        const whole = Array.from({ length: messages }, (_, n) => n).filter((n) => n % (parts + 1) > 0)
        if (held === 0) expect([...new Set(stored)].sort((a, b) => a - b)).toEqual(whole)
      }),
    ),
    { numRuns: 300 },
  )
  expect(waited).toBeGreaterThan(30)
  expect(cut).toBeGreaterThan(100)
})
