/** Sources of every kind that share one stage: they take turns, nothing is lost, and none waits for another for ever. */
import { background, chan, go, sleep, withCancel, type Receiver } from 'millrace'
import {
  batch,
  broadcast,
  collect,
  fanOut,
  fromGoroutine,
  fromIterable,
  fromOp,
  fromReceiver,
  groupByKey,
  mergeFair,
  onUnpaced,
  queue,
  run,
  workerPool,
} from 'millrace/operators'
import fc from 'fast-check'
import type { Option } from 'fp-ts/Option'
import { concat, merge, NEVER, share, tap, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { watchDemands } from '../support/watch-demands.js'

const kinds = {
  iterable: (items: readonly number[]) => fromIterable(items),
  asyncIterable: (items: readonly number[]) => fromIterable(later(items)),
  goroutine: (items: readonly number[]) =>
    fromGoroutine<number>(function* (emit) {
      for (const item of items) yield* emit.send(item)
    }),
  receiver: (items: readonly number[]) => fromReceiver(channelOf(items, 0)),
  buffered: (items: readonly number[]) => fromReceiver(channelOf(items, 3)),
  ops: (items: readonly number[]) => concat(...items.map((item) => fromOp(() => channelOf([item], 1).receive().map(valueOf)))),
  pool: (items: readonly number[]) => fromIterable(items).pipe(workerPool(2, (item) => Promise.resolve(item))),
  fair: (items: readonly number[]) => mergeFair(fromIterable(items), fromIterable<number>([])),
}

const valueOf = (received: Option<number>): number => (received._tag === 'Some' ? received.value : NaN)

async function* later(items: readonly number[]): AsyncGenerator<number> {
  for (const item of items) {
    await Promise.resolve()
    yield item
  }
}

function channelOf(items: readonly number[], capacity: number): Receiver<number> {
  const ch = chan<number>(capacity)
  go(function* () {
    for (const item of items) yield* ch.send(item)
    ch.close()
  })
  return ch
}

const stages: Record<string, (source: Observable<number>) => Observable<number>> = {
  'a pool of async work': (source) => source.pipe(workerPool(5, (item) => Promise.resolve(item))),
  'a pool of sync work': (source) => source.pipe(workerPool(5, (item) => item)),
  'a pool of one': (source) => source.pipe(workerPool(1, (item) => Promise.resolve(item))),
  'two stages': (source) =>
    source.pipe(
      queue(3),
      workerPool(2, (item) => Promise.resolve(item)),
    ),
  batches: (source) =>
    source.pipe(
      batch({ size: 4 }),
      workerPool(1, (items) => fromIterable(items)),
    ),
}

const source = fc.record({ kind: fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[])), size: fc.nat(30) })

it('whatever sources are merged into a stage, each item arrives once, in its source’s order where there is one worker', async () => {
  const off = onUnpaced(() => {})
  await fc.assert(
    fc.asyncProperty(fc.array(source, { minLength: 1, maxLength: 5 }), fc.constantFrom(...Object.keys(stages)), async (plan, stage) => {
      const sources = plan.map(({ kind, size }, i) => kinds[kind](Array.from({ length: size }, (_, j) => 1000 * i + j)))
      const seen: number[] = []
      await run(background, stages[stage](merge(...sources)).pipe(tap((item) => seen.push(item)))).join()
      const wanted = plan.flatMap(({ size }, i) => Array.from({ length: size }, (_, j) => 1000 * i + j))
      expect([...seen].sort((a, b) => a - b)).toEqual(wanted)
      if (stage !== 'a pool of one') return
      for (const [i] of plan.entries()) {
        const own = seen.filter((item) => Math.floor(item / 1000) === i)
        expect(own).toEqual([...own].sort((a, b) => a - b))
      }
    }),
    { numRuns: 300 },
  )
  off()
})

it('goroutines that share a stage take turns, and none gives way for ever', async () => {
  const seen: number[] = []
  const counted = () => kinds.goroutine(Array.from({ length: 100 }, (_, i) => i))
  const pipeline = merge(counted(), counted(), counted()).pipe(
    workerPool(5, (item) => Promise.resolve(item)),
    tap((item) => seen.push(item)),
  )
  await run(background, pipeline).join()
  expect(seen).toHaveLength(300)
})

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

it('two subscribers of a shared source: the one who stays is not held up by the one who left', async () => {
  const off = onUnpaced(() => {})
  const source = fromIterable([1, 2, 3, 4, 5]).pipe(share())
  const ctx = withCancel(background)
  const stuck = run(ctx, source.pipe(workerPool(1, () => NEVER)))
  const other = all(source)
  await settle()
  ctx.cancel()
  await expect(stuck.join()).rejects.toThrow()
  expect(await other).toEqual([1, 2, 3, 4, 5])
  off()
})

/** Stages with branches wait in demands that other sources wait in too. */
const branching: Record<string, (items: readonly number[]) => Observable<number>> = {
  'fanOut, a branch as it is': (items) =>
    fromIterable(items).pipe(fanOut(2, (b, i) => (i === 0 ? b : b.pipe(workerPool(1, (x) => Promise.resolve(x)))))),
  'broadcast, a branch as it is': (items) => fromIterable(items).pipe(broadcast((b) => b, (b) => b.pipe(workerPool(2, (x) => Promise.resolve(x))))), // prettier-ignore
  'groupByKey, a group as it is': (items) =>
    fromIterable(items).pipe(groupByKey((x) => x % 3, (g, key) => (key === 0 ? g : g.pipe(workerPool(2, (x) => Promise.resolve(x)))))), // prettier-ignore
  'fanOut beside a source': (items) => merge(fromIterable(items), fromIterable([0, 1, 2]).pipe(fanOut(2, (b) => b))),
  'groupByKey beside a source': (items) => merge(fromIterable(items), fromIterable([0, 1, 2]).pipe(groupByKey((x) => x % 2, (g) => g))), // prettier-ignore
}

describe('stages with branches above a stage that is full', () => {
  for (const [name, shape] of Object.entries(branching))
    for (const ms of [0, 4])
      for (const n of [1, 2, 3])
        it(`${name}: ${n} workers, ${ms} ms: every item arrives, and no demand stands still`, async () => {
          using clock = virtualTime()
          const stuck = watchDemands()
          for (const size of [3, 5, 12]) {
            const items = Array.from({ length: size }, (_, i) => i)
            const got = all(shape(items).pipe(workerPool(n, (x) => (ms === 0 ? Promise.resolve(x) : sleep((x * 7) % ms).map(() => x)))))
            await clock.advance(1000)
            const copies = name.startsWith('broadcast') ? 2 : 1
            expect(stuck()).toBe(0)
            expect((await got).length).toBe(size * copies + (name.includes('beside') ? 3 : 0))
          }
        })
})
