/** `fromPull` asks for as many messages as have a place, and its lease ends with the last settlement. */
import { background, sleep } from 'millrace'
import { fromPull, positionOf, settle, through, type Delivery, type Lease } from 'millrace/broker'
import { bounds, onUnpaced, run, workerPool, type Unpaced } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { take } from 'rxjs'
import { describe, expect, it } from 'vitest'

/** A driver that answers at once, and a record of what it was told. */
function numbers(prefetch = 256) {
  const log = { asked: [] as number[], settled: [] as string[], isClosed: false, isStopped: false, most: 0, open: 0 }
  const source = fromPull<number>(
    (lease: Lease<number>) => {
      let offset = 0
      const deliver = (): void => {
        const value = offset++
        log.most = Math.max(log.most, ++log.open)
        lease.deliver({ value, key: null, attempt: 1, headers: new Map(), position: positionOf('n', 0, value, 0), settled: (how) => { log.open--; log.settled.push(`${how} ${value}`) } }) // prettier-ignore
      }
      return {
        request: (n) => {
          log.asked.push(n)
          for (let i = 0; i < n; i++) deliver()
        },
        stop: () => void (log.isStopped = true),
        close: () => sleep(10).map(() => void (log.isClosed = true)),
      }
    },
    { prefetch },
  )
  return { log, source }
}

describe('fromPull', () => {
  it('fails where the beat of its driver throws', () =>
    bubble(function* () {
      const boom = new Error('no beat')
      const source = fromPull<number>(
        (lease) => ({
          request: () => lease.deliver({ value: 1, key: null, attempt: 1, headers: new Map(), position: positionOf('n', 0, 0, 0), settled() {} }), // prettier-ignore
          beat() {
            throw boom
          },
        }),
        { beat: 10 },
      )
      const work = workerPool(
        1,
        through(() => sleep(1000)),
      )
      expect(yield* run(background, source.pipe(work, settle())).join().attempt()).toEqual({ _tag: 'Left', left: boom })
    }))
  it('tells of each loss of messages that the server has deleted unread, and goes on', () =>
    bubble(function* () {
      const told: Unpaced[] = []
      const off = onUnpaced((unpaced) => void told.push(unpaced))
      const source = fromPull<number>(
        (lease) => ({
          request: () => {
            lease.missed(3, 'orders/0')
            lease.missed(1, 'orders/0')
            lease.deliver({ value: 1, key: null, attempt: 1, headers: new Map(), position: positionOf('n', 0, 0, 0), settled() {} })
          },
        }),
        { name: 'orders' },
      )
      yield* run(background, source.pipe(take(1), settle())).join()
      off()
      const seen = 'the server has deleted messages that were not read'
      expect(told).toMatchObject([3, 1].map((n) => ({ stage: 'orders', seen, message: expect.stringContaining(`(${n}): of orders/0, of "orders"`) as string }))) // prettier-ignore
    }))
  it.each([Infinity, 2 ** 53, 1e15])('a retry after %d ms is one after ten years, which a server can count', (after) =>
    bubble(function* () {
      const pauses: number[] = []
      const position = positionOf('n', 0, 0, 0)
      const source = fromPull<number>((lease) => ({
        request: () => {
          if (pauses.length === 0)
            lease.deliver({ value: 1, key: null, attempt: 1, headers: new Map(), position, settled: (_, ms) => pauses.push(ms) })
        },
      }))
      const giving = workerPool(1, (delivery: Delivery<number>) => void delivery.retry(after))
      yield* run(background, source.pipe(giving, take(1))).join()
      expect(pauses).toEqual([3650 * 86_400_000])
    }),
  )
  it('asks for as many messages as the stage below has places, and as prefetch allows', () =>
    bubble(function* () {
      const { log, source } = numbers()
      yield* run(background, source.pipe(take(9), workerPool(3, through(() => sleep(1))), settle())).join() // prettier-ignore
      expect(log.asked[0]).toBe(3)
      const narrow = numbers(2)
      yield* run(background, narrow.source.pipe(workerPool(3, through(() => sleep(1))), take(9), settle())).join() // prettier-ignore
      expect(Math.max(...narrow.log.asked)).toBe(2)
      expect(String(bounds(narrow.source))).toContain('2')
    }))
  it('gives back what was not emitted, settles what is under way, and then closes; the run waits for it', () =>
    bubble(function* () {
      const { log, source } = numbers()
      yield* run(
        background,
        source.pipe(
          take(2),
          workerPool(
            5,
            through(() => sleep(5)),
          ),
          settle(),
        ),
      ).join()
      expect(log.settled.filter((one) => one.startsWith('done'))).toEqual(['done 0', 'done 1'])
      expect(log.settled.slice(2).every((one) => one.startsWith('returned')) || log.settled[0].startsWith('returned')).toBe(true)
      expect(log).toMatchObject({ isStopped: true, isClosed: true, open: 0 })
    }))
  it('closes at once where the pipeline fails, and settles nothing', () =>
    bubble(function* () {
      const { log, source } = numbers(4)
      const boom = new Error('boom')
      const fails = through(() => { throw boom }) // prettier-ignore
      expect(yield* run(background, source.pipe(workerPool(2, fails), settle({ attempts: 1 }))).join().attempt()).toEqual({ _tag: 'Left', left: boom }) // prettier-ignore
      expect(log.isClosed).toBe(true)
      expect(log.settled.filter((one) => one.startsWith('done'))).toEqual([])
    }))
  it('ends the context of a delivery at its deadline: the message comes again', () =>
    bubble(function* () {
      const ended: boolean[] = []
      const settled: string[] = []
      const source = fromPull<number>((lease) => ({ request: () => ended.length === 0 && settled.length === 0 && lease.deliver({ value: 1, key: null, attempt: 1, headers: new Map(), position: positionOf('n', 0, 0, 0), settled: (how) => { settled.push(how); lease.fail(new Error('over')) } }) }), { deadline: 20 }) // prettier-ignore
      const slow = through(function* (_: number, ctx) {
        yield* ctx.done()
        ended.push(true)
        throw new Error('too late')
      })
      yield* run(background, source.pipe(workerPool(1, slow), settle()))
        .join()
        .attempt()
      expect([ended, settled]).toEqual([[true], ['retry']])
    }))
})
