/** Pipelines over the broker in memory: queues, logs, takeovers, and a broker that is killed. */
import { background, sleep } from 'millrace'
import { byKey, memoryBroker, RevokedError, settle, through, type MemoryLink } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { filled, sortedOut, uses } from './filled.js'

describe.each(uses)('a %s', (use) => {
  it('delivers everything, and settles it', () =>
    bubble(function* () {
      const broker = filled(20)
      yield* broker.work(background, 2, (link) => link.from<number>({ [use]: 'in' }).pipe(byKey((d) => d.key, 4, (n) => n * 2), link.to({ topic: 'out' }), settle())).join() // prettier-ignore
      expect(sortedOut(broker)).toEqual(Array.from({ length: 20 }, (_, i) => i * 2))
      expect(broker.isSettled).toBe(true)
    }))
  it('goes on after the broker was killed, with what it holds, and sends what was not confirmed again', () =>
    bubble(function* () {
      const broker = filled(20)
      const link = broker.connect()
      const running = run(background, link.from<number>({ [use]: 'in' }).pipe(byKey((d) => d.key, 4, (n) => sleep(5).map(() => n)), link.to({ topic: 'out', id: (d) => String(d.position) }), settle())) // prettier-ignore
      yield* sleep(12)
      broker.kill()
      yield* sleep(50)
      broker.restart()
      yield* sleep(20_000)
      expect(sortedOut(broker)).toEqual(Array.from({ length: 20 }, (_, i) => i))
      expect(broker.isSettled).toBe(true)
      running.cancel()
      yield* running.join().attempt()
    }))
})

describe('a log', () => {
  it('is taken over from a worker that was cut, from its mark on, and the contexts of the former owner end', () =>
    bubble(function* () {
      const broker = memoryBroker({ partitions: 1, lease: 300 })
      for (let i = 0; i < 6; i++) broker.publish('in', i, { key: 'k' })
      const first: number[] = []
      const second: number[] = []
      const link = broker.connect()
      const pipeline = (one: MemoryLink, seen: number[]) =>
        one.from<number>({ log: 'in' }).pipe(
          workerPool(
            1,
            through((n) => sleep(10).map(() => void seen.push(n))),
          ),
          settle(),
        )
      const former = run(background, pipeline(link, first))
      yield* sleep(25)
      link.cut()
      former.cancel()
      const next = run(background, pipeline(broker.connect(), second))
      yield* sleep(5000)
      expect(first).toEqual([0, 1])
      expect(second).toEqual([2, 3, 4, 5])
      next.cancel()
      yield* next.join().attempt()
    }))
  it('finds a message that ends its worker, one at a time, and gives it up after its attempts', () =>
    bubble(function* () {
      const broker = memoryBroker({ partitions: 1, lease: 300 })
      for (let i = 0; i < 5; i++) broker.publish('in', i, { key: `k${i}` })
      const letters: unknown[] = []
      const out: number[] = []
      let deaths = 0
      yield* broker
        .work(background, 1, (link) => {
          function* work(n: number): Generator<never, number> {
            yield* sleep(1)
            if (n !== 2) return n
            deaths++
            link.cut() // the process ends here
            yield* sleep(1_000_000)
            return n
          }
          return link.from<number>({ log: 'in' }).pipe(
            byKey((d) => d.key, 2, work),
            workerPool(1, (d) => (out.push(d.value), d)),
            settle({ attempts: 3, deadLetters: ({ payload }) => letters.push(payload) }),
          )
        })
        .join()
      expect(letters).toEqual([2])
      expect(deaths).toBeGreaterThanOrEqual(3)
      expect(new Set(out)).toEqual(new Set([0, 1, 3, 4]))
      expect(new RevokedError('in', 0).message).toBe('in/0 is owned by another process now')
    }))
})
