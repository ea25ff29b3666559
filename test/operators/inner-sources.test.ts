/**
 * What concatMap and mergeMap(f, n) keep of an outer source, while the inner ones it led to are under way: an item, not a backlog. And what must
 * not be slowed down by that: a filter, a source that leads to others that never end.
 */
import { background, chan, go, sleep, type Receiver } from 'millrace'
import { fromGoroutine, fromIterable, fromReceiver, onUnpaced, run, workerPool } from 'millrace/operators'
import { concat, concatMap, exhaustMap, filter, map, mergeMap, switchMap, take, tap, type Observable, type OperatorFunction } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const OUTER = 200
const INNER = 100

/** Counts outer items that were taken and have not led to an inner source yet. */
class Ahead {
  taken = 0
  begun = 0
  most = 0;

  *outer(): Generator<number> {
    for (let i = 0; i < OUTER; i++) {
      this.taken++
      this.most = Math.max(this.most, this.taken - this.begun)
      yield i
    }
  }
  *items(): Generator<number> {
    this.begun++
    for (let i = 0; i < INNER; i++) yield i
  }
  async *later(): AsyncGenerator<number> {
    this.begun++
    for (let i = 0; i < INNER; i++) {
      await Promise.resolve()
      yield i
    }
  }
}

const inners: Record<string, (ahead: Ahead) => Observable<number>> = {
  fromIterable: (ahead) => fromIterable(ahead.items()),
  'fromIterable, async': (ahead) => fromIterable(ahead.later()),
  fromGoroutine: (ahead) =>
    fromGoroutine<number>(function* (emit) {
      for (const item of ahead.items()) yield* emit.send(item)
    }),
  fromReceiver: (ahead) => fromReceiver(channelOf(ahead.items())),
  'one with take': (ahead) => fromIterable(endless(ahead)).pipe(take(INNER)),
  concat: (ahead) => concat(fromIterable([...ahead.items()].slice(1)), fromIterable([0])),
  'a pool': (ahead) => fromIterable(ahead.items()).pipe(workerPool(2, (i) => Promise.resolve(i))),
}

function channelOf(items: Iterable<number>): Receiver<number> {
  const ch = chan<number>()
  go(function* () {
    for (const item of items) yield* ch.send(item)
    ch.close()
  })
  return ch
}

function* endless(ahead: Ahead): Generator<number> {
  ahead.begun++
  for (let i = 0; ; i++) yield i
}

type Flatten = (f: () => Observable<number>) => OperatorFunction<number, number>
const flattened: [name: string, flatten: Flatten, ahead: number][] = [
  ['concatMap', (f) => concatMap(f), 3],
  ['mergeMap(f, 2)', (f) => mergeMap(f, 2), 4],
  ['mergeMap(f, 8)', (f) => mergeMap(f, 8), 10],
]
const works: [name: string, work: (i: number) => number | Promise<number>][] = [
  ['sync', (i) => i],
  ['async', (i) => Promise.resolve(i)],
]

describe.each(flattened)('%s onto sources of ours', (_, flatten, most) => {
  describe.each(works)('into a pool of %s work', (__, work) => {
    it.each(Object.keys(inners))('%s: keeps no backlog of the outer source, and loses nothing', async (kind) => {
      const ahead = new Ahead()
      const warned: unknown[] = []
      const off = onUnpaced((one) => warned.push(one))
      let results = 0
      const pipeline = fromIterable(ahead.outer()).pipe(
        flatten(() => inners[kind](ahead)),
        workerPool(5, work),
        tap(() => results++),
      )
      await run(background, pipeline).join()
      off()
      expect([results, ahead.taken, ahead.begun]).toEqual([OUTER * INNER, OUTER, OUTER])
      expect(ahead.most).toBeLessThanOrEqual(most)
      expect(warned).toEqual([])
    })
  })

  it('a stage of ours as the outer source holds its results', async () => {
    const ahead = new Ahead()
    const pipeline = fromIterable(ahead.outer()).pipe(
      workerPool(2, (i) => Promise.resolve(i)),
      flatten(() => fromIterable(ahead.items())),
      workerPool(5, (i) => Promise.resolve(i)),
    )
    await run(background, pipeline).join()
    expect(ahead.begun).toBe(OUTER)
    expect(ahead.most).toBeLessThanOrEqual(most + 3) // two places above
  })

  it('without a stage below', async () => {
    const ahead = new Ahead()
    await run(background, fromIterable(ahead.outer()).pipe(flatten(() => inners['fromIterable, async'](ahead)))).join()
    expect(ahead.begun).toBe(OUTER)
    expect(ahead.most).toBeLessThanOrEqual(most)
  })
})

describe('is not slowed down', () => {
  it('switchMap, whose every item leads to a source', async () => {
    const seen: number[] = []
    await run(background, fromIterable([1, 2, 3]).pipe(switchMap((i) => fromIterable([i, -i])), tap((i) => seen.push(i)))).join() // prettier-ignore
    expect(seen.slice(-2)).toEqual([3, -3])
  })

  it('mergeMap onto sources that never end, behind a filter, once an item has passed that came after one that did not', async () => {
    using clock = virtualTime()
    const off = onUnpaced(() => {})
    const connections = chan<number>()
    const accepted: number[] = []
    const subscription = fromReceiver(connections)
      .pipe(
        filter((i) => i % 2 === 0),
        mergeMap((i) => {
          accepted.push(i)
          return fromReceiver(chan<number>())
        }),
        workerPool(5, (i) => i),
      )
      .subscribe()
    go(function* () {
      for (let i = 0; i < 100; i++) yield* connections.send(i)
    })
    await clock.advance(3000) // the first that is dropped costs a look of a second
    expect(accepted).toHaveLength(50)
    subscription.unsubscribe()
    expect(clock.waiting).toBe(0)
    off()
  })

  it('a filter that lets one in a million pass, beside a source that never ends: it takes seconds, and is told', async () => {
    using clock = virtualTime()
    const seen: string[] = []
    const off = onUnpaced((one) => seen.push(`${one.stage}: ${one.seen}`))
    const accepted: number[] = []
    const subscription = fromIterable(Array.from({ length: 1_000_001 }, (_, i) => i))
      .pipe(
        filter((i) => i % 1_000_000 === 0),
        mergeMap((i) => {
          accepted.push(i)
          return fromReceiver(chan<number>())
        }),
        workerPool(5, (i) => i),
      )
      .subscribe()
    await clock.advance(25_000)
    expect(accepted).toEqual([0, 1_000_000])
    expect(seen[0]).toBe('workerPool: items that neither arrive nor lead to another source, while inner sources live')
    subscription.unsubscribe()
    off()
  })

  it('nor with sparse, and nothing is told', async () => {
    const seen: unknown[] = []
    const off = onUnpaced((one) => seen.push(one))
    const accepted: number[] = []
    const subscription = fromIterable(Array.from({ length: 10_001 }, (_, i) => i))
      .pipe(
        filter((i) => i % 10_000 === 0),
        mergeMap((i) => {
          accepted.push(i)
          return fromReceiver(chan<number>())
        }),
        workerPool(5, (i) => i, { sparse: true }),
      )
      .subscribe()
    await settle()
    expect(accepted).toEqual([0, 10_000])
    subscription.unsubscribe()
    off()
    expect(seen).toEqual([])
  })

  it('exhaustMap goes on when its inner source has ended', async () => {
    const seen: number[] = []
    await run(background, fromIterable([1, 2, 3, 4, 5]).pipe(exhaustMap((i) => fromIterable([i, i])), tap((i) => seen.push(i)))).join() // prettier-ignore
    expect(seen.slice(0, 2)).toEqual([1, 1])
    expect(seen.length).toBeGreaterThanOrEqual(2)
  })
})

it('a slow inner source: the outer one rests, and leaves no timer behind', async () => {
  using clock = virtualTime()
  const off = onUnpaced(() => {})
  const ahead = new Ahead()
  const g = run(
    background,
    fromIterable(ahead.outer()).pipe(
      concatMap(() =>
        fromGoroutine<number>(function* (emit) {
          ahead.begun++
          for (let i = 0; i < 3; i++) {
            yield* sleep(200)
            yield* emit.send(i)
          }
        }),
      ),
      map((i) => i),
      workerPool(5, (i) => i),
    ),
  )
  await clock.advance(600 * OUTER + 1000)
  await g.join()
  expect(ahead.most).toBeLessThanOrEqual(3)
  expect(clock.waiting).toBe(0)
  off()
})
