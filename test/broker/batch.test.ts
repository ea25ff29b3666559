/** `batch`: it waits for no message that its source does not send, and takes out the messages of blocked keys. */
import { background, sleep, withTimeout } from 'millrace'
import { batch, drain, keep, memoryBroker, settle, through, type DeadDelivery, type MemoryLink } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
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
