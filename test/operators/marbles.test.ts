/**
 * The stages as marbles, with the subscriptions they make; area PL of the catalogue; and what RxJS's own operators do where one of ours claims to
 * take their place.
 */
import { background, chan, rateLimiter, sleep, withTimeout } from 'millrace'
import {
  batch,
  broadcast,
  byKey,
  catchTo,
  collect,
  fanOut,
  fromIterable,
  fromReceiver,
  groupByKey,
  mergeFair,
  onUnpaced,
  queue,
  rateLimit,
  relay,
  repeatWith,
  retryWith,
  run,
  until,
  windowsByTime,
  withContext,
  workerPool,
  zipBounded,
  type DeadLetter,
} from 'millrace/operators'
import { concatMap, map, mergeMap, mergeWith, NEVER, share, switchMap, takeUntil, type Observable, type OperatorFunction } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Marbles, parse } from '../support/marbles.js'
import { settle } from '../support/settle.js'
import { virtualTime, type VirtualTime } from '../support/virtual-time.js'

let clock: VirtualTime
let m: Marbles
let off: () => void
beforeEach(() => {
  clock = virtualTime()
  m = new Marbles(clock)
  off = onUnpaced(() => {}) // a marble's source is foreign: what it emits too soon is kept
})
afterEach(() => {
  off()
  expect(clock.waiting).toBe(0)
  clock[Symbol.dispose]()
})

/** Work that takes so many ms, and then gives the item. */
const taking = (ms: number) =>
  function* (item: string) {
    yield* sleep(ms)
    return item
  }

describe('workerPool(n, f) in place of mergeMap(f, n)', () => {
  const ways: [name: string, operator: (f: (x: string) => Observable<string>, n: number) => OperatorFunction<string, string>][] = [
    ['workerPool', (f, n) => workerPool(n, f)],
    ['mergeMap', (f, n) => mergeMap(f, n)],
  ]
  describe.each(ways)('%s', (_, operator) => {
    it('PL-003 concurrency 1 is concatMap: one inner after another', async () => {
      const inner = m.cold('       x-y-z|')
      const source = m.cold('      a-b-c|')
      const expected = parse('     x-y-zx-y-zx-y-z|')
      expect(await m.play(source.pipe(operator(() => inner, 1)))).toEqual(expected)
      expect(inner.subscriptions).toEqual(['^----!', '-----^----!', '----------^----!'])
      expect(source.subscriptions).toEqual(['^----!'])
    })
    it('PL-003 concurrency 2: two active, the third begins when one completes; every value once', async () => {
      const inner = { a: m.cold('  ----x|'), b: m.cold('--y|'), c: m.cold('-z|') }
      const source = m.cold('      abc|')
      const expected = parse('     ---yxz|')
      expect(await m.play(source.pipe(operator((x) => inner[x as 'a' | 'b' | 'c'], 2)))).toEqual(expected)
      const subscriptions = [inner.a, inner.b, inner.c].map((one) => one.subscriptions)
      expect(subscriptions).toEqual([['^----!'], ['-^--!'], ['----^-!']]) // prettier-ignore
    })
    it('PL-004 unlimited: inners interleave by time, and completion waits for all', async () => {
      const inner = m.cold('       x--y--z|')
      const source = m.cold('      a-b|')
      const expected = parse('     x-xy-yz-z|')
      expect(await m.play(source.pipe(operator(() => inner, 1000)))).toEqual(expected)
      expect(inner.subscriptions).toEqual(['^------!', '--^------!'])
      expect(source.subscriptions).toEqual(['^--!'])
    })
    it('an error of the source or of an inner ends it, and all that is under way', async () => {
      const inner = m.cold('       x---y|')
      const failing = m.cold('     --#')
      const source = m.cold('      ab|')
      expect(await m.play(source.pipe(operator((x) => (x === 'a' ? inner : failing), 5)))).toEqual(parse('x--#'))
      expect(inner.subscriptions).toEqual(['^--!'])
      const broken = m.cold('      a-#')
      const before = m.frame
      expect((await m.play(broken.pipe(operator(() => NEVER, 5)))).map(([frame, what]) => [frame - before, what])).toEqual([[2, '#']])
    })
    it('leaving ends what is under way', async () => {
      const inner = m.cold('       ----x|')
      const source = m.cold('      ab--c|')
      expect(await m.play(source.pipe(operator(() => inner, 2)), 20, 3)).toEqual([])
      expect(inner.subscriptions).toEqual(['^--!', '-^-!'])
      expect(source.subscriptions).toEqual(['^--!'])
    })
  })
})

describe('workerPool(1, f) and ordered pools in place of concatMap', () => {
  const ways: [name: string, operator: (f: (x: string) => Observable<string>) => OperatorFunction<string, string>][] = [
    ['workerPool(1)', (f) => workerPool(1, f)],
    ['workerPool(3, { ordered })', (f) => workerPool(3, f, { ordered: true })],
    ['concatMap', (f) => concatMap(f)],
  ]
  describe.each(ways)('%s', (_, operator) => {
    it('PL-006 keeps order where later inners are ready earlier; each is over before the next begins', async () => {
      const inner = { a: m.cold('----x|'), b: m.cold('y|') }
      const source = m.cold('     ab|')
      expect(await m.play(source.pipe(operator((x) => inner[x as 'a' | 'b'])))).toEqual(parse('----xy|'))
      expect([inner.a.subscriptions, inner.b.subscriptions]).toEqual([['^----!'], ['-----^!']]) // prettier-ignore
    })
    it('PL-006 one that never ends blocks the rest', async () => {
      const second = m.cold('y|')
      const source = m.cold('ab|')
      expect(await m.play(source.pipe(operator((x) => (x === 'a' ? NEVER : second))))).toEqual([])
      expect(second.subscriptions).toEqual([])
    })
  })
})

it('PL-001 ordered stream: tasks run at once, their results are handled one at a time in the order of submission', async () => {
  let tasks = 0
  let most = 0
  let handling = 0
  const handled: number[] = []
  const g = run(
    background,
    fromIterable([0, 1, 2, 3, 4]).pipe(
      workerPool(
        5,
        function* (i) {
          most = Math.max(most, ++tasks)
          yield* sleep(10 - i)
          tasks--
          return i * 2
        },
        { ordered: true },
      ),
      workerPool(1, function* (i) {
        expect(++handling).toBe(1)
        yield* sleep(1)
        handled.push(i)
        handling--
      }),
    ),
  )
  await clock.advance(100)
  await g.join()
  expect([handled, most]).toEqual([[0, 2, 4, 6, 8], 5]) // prettier-ignore
})

describe('until in place of takeUntil', () => {
  it('PL-009 values until the stop; then it completes and leaves the source', async () => {
    const source = m.cold('a-b-c-d|')
    const stop = chan<void>()
    const other = m.cold(' ---x|').subscribe(() => stop.trySend()) // prettier-ignore
    expect(await m.play(source.pipe(until(stop)))).toEqual(parse('a-b|'))
    expect(source.subscriptions).toEqual(['^--!'])
    other.unsubscribe()
  })
  it('PL-009 the same marbles by takeUntil: a notifier that only completes does not stop it, a notifier error is an error', async () => {
    const source = m.cold('  a-b-c|')
    expect(await m.play(source.pipe(takeUntil(m.cold('-|'))))).toEqual(parse('a-b-c|'))
    const begun = m.frame
    expect((await m.play(source.pipe(takeUntil(m.cold('-#'))))).map(([at, what]) => [at - begun, what])).toEqual([[0, 'a'], [1, '#']]) // prettier-ignore
  })
  it('PL-009 an operation that never is ready does not stop it; one that throws is its error', async () => {
    const source = m.cold('a-b-c|')
    const stop = chan<void>()
    expect(await m.play(source.pipe(until(stop)))).toEqual(parse('a-b-c|'))
    const begun = m.frame
    const failing = sleep(1).map(() => {
      throw '#'
    })
    expect((await m.play(source.pipe(until(failing)))).map(([at, what]) => [at - begun, what])).toEqual([[0, 'a'], [1, '#']]) // prettier-ignore
  })
})

it('PL-011 share over a source of ours: one subscription for all, begun by the first, over with the last; late ones get later values', async () => {
  const jobs = chan<string>()
  const shared = fromReceiver(jobs).pipe(share())
  const first: string[] = []
  const second: string[] = []
  const a = shared.subscribe((v) => first.push(v))
  await settle()
  jobs.trySend('x')
  await settle()
  const b = shared.subscribe((v) => second.push(v))
  jobs.trySend('y')
  await settle()
  a.unsubscribe()
  jobs.trySend('z')
  await settle()
  b.unsubscribe()
  expect([first, second]).toEqual([['x', 'y'], ['y', 'z']]) // prettier-ignore
  expect(jobs.trySend('nobody')).toBe(false)
})

it('PL-013 sq(sq(gen(2,3))) yields 16, 81; a merge of two squares of one channel yields 4 and 9', async () => {
  const sq = workerPool(1, (n: number) => n * n)
  expect(await collect(background, fromIterable([2, 3]).pipe(sq, sq)).join()).toEqual([16, 81])
  const c = chan<number>(2)
  c.trySend(2)
  c.trySend(3)
  c.close()
  const merged = await collect(background, mergeFair(fromReceiver(c).pipe(sq), fromReceiver(c).pipe(sq))).join()
  expect(merged.sort()).toEqual([4, 9])
})

describe('the examples of the docs', () => {
  it('byKey: in order within a key, parallel across keys', async () => {
    const source = m.cold('  ab(AB)|')
    const results = await m.play(source.pipe(byKey((x) => x.toLowerCase(), 4, taking(3))))
    expect(results).toEqual([[3, 'a'], [4, 'b'], [6, 'A'], [7, 'B'], [7, '|']]) // prettier-ignore
    expect(source.subscriptions).toEqual(['^-----!'])
  })
  it('batch: full, or old enough', async () => {
    const source = m.cold('ab-c-------d|')
    expect(await m.play(source.pipe(batch({ size: 2, within: 4 })))).toEqual([[1, 'ab'], [7, 'c'], [12, 'd'], [12, '|']]) // prettier-ignore
    expect(source.subscriptions).toEqual(['^-----------!'])
  })
  it('windowsByTime: by the clock', async () => {
    const source = m.cold('ab-c-------d|')
    const windows = source.pipe(windowsByTime({ ms: 10, most: 100 }), map(({ items }) => items)) // prettier-ignore
    expect(await m.play(windows)).toEqual([[10, 'abc'], [12, 'd'], [12, '|']]) // prettier-ignore
    expect(source.subscriptions).toEqual(['^-----------!'])
  })
  it('windowsByTime: an item that comes just as a window ends is in the next', async () => {
    const source = m.cold('a---------b----|')
    const windows = source.pipe(windowsByTime({ ms: 10, most: 100 }), map(({ items }) => items)) // prettier-ignore
    expect(await m.play(windows)).toEqual([[10, 'a'], [15, 'b'], [15, '|']]) // prettier-ignore
  })
  it('queue: loses what does not fit', async () => {
    const source = m.cold('abcd-----|')
    const oldest = source.pipe(queue(1, 'drop-oldest'), workerPool(1, taking(5)))
    expect(await m.play(oldest)).toEqual([[5, 'a'], [10, 'd'], [10, '|']]) // prettier-ignore
    expect(source.subscriptions).toEqual(['^--------!'])
  })
  it('rateLimit: at the pace of the limiter', async () => {
    const source = m.cold('abc|')
    expect(await m.play(source.pipe(rateLimit(rateLimiter(500, 1))))).toEqual(parse('a-b-(c|)'))
    expect(source.subscriptions).toEqual(['^--!'])
  })
  it('fanOut: to the next branch that has demand', async () => {
    const source = m.cold('abc|')
    const pipeline = source.pipe(fanOut(2, (branch, i) => branch.pipe(workerPool(1, taking(4)), map((x) => x + i)))) // prettier-ignore
    expect(await m.play(pipeline)).toEqual([[4, 'a0'], [5, 'b1'], [8, 'c0'], [8, '|']]) // prettier-ignore
    expect(source.subscriptions).toEqual(['^--!'])
  })
  it('broadcast: to all, at the pace of the slowest', async () => {
    const source = m.cold('ab|')
    const fast = (branch: Observable<string>) => branch.pipe(map((x) => x.toUpperCase()))
    const slow = (branch: Observable<string>) => branch.pipe(workerPool(1, taking(3)))
    expect(await m.play(source.pipe(broadcast(slow, fast)))).toEqual([[0, 'A'], [3, 'a'], [3, 'B'], [6, 'b'], [6, '|']]) // prettier-ignore
    expect(source.subscriptions).toEqual(['^-!'])
  })
  it('mergeFair: one of each in turn', async () => {
    const one = m.cold('  (abc)|')
    const other = m.cold('(xy)--|')
    expect(await m.play(mergeFair(one, other))).toEqual([[0, 'a'], [0, 'x'], [0, 'b'], [0, 'y'], [0, 'c'], [6, '|']]) // prettier-ignore
    expect([one.subscriptions, other.subscriptions]).toEqual([['^----!'], ['^-----!']]) // prettier-ignore
  })
  it('zipBounded: together, and over when no more can come', async () => {
    const one = m.cold('  ab---c|')
    const other = m.cold('--x-y|')
    expect(await m.play(zipBounded(one, other))).toEqual([[2, 'ax'], [4, 'by'], [5, '|']]) // prettier-ignore
    expect([one.subscriptions, other.subscriptions]).toEqual([['^----!'], ['^----!']]) // prettier-ignore
  })
  it('groupByKey: a pipeline for each key', async () => {
    const source = m.cold('aAbaB|')
    const groups = source.pipe(groupByKey((x) => x.toLowerCase(), (group) => group.pipe(batch({ size: 2 })))) // prettier-ignore
    expect(await m.play(groups)).toEqual([[1, 'aA'], [4, 'bB'], [5, 'a'], [5, '|']]) // prettier-ignore
    expect(source.subscriptions).toEqual(['^----!'])
  })
  it('withContext: ends with the cause of the context', async () => {
    const source = m.cold('a-b-c-d|')
    using ctx = withTimeout(background, 3, '#')
    expect(await m.play(source.pipe(withContext(ctx)))).toEqual(parse('a-b#'))
    expect(source.subscriptions).toEqual(['^--!'])
  })
  it('retryWith: again after the wait', async () => {
    const source = m.cold('a-#')
    const schedule = ({ attempts }: { attempts: number }) => (attempts < 3 ? attempts * 2 : null)
    expect(await m.play(source.pipe(retryWith(schedule)))).toEqual([[0, 'a'], [4, 'a'], [10, 'a'], [12, '#']]) // prettier-ignore
    expect(source.subscriptions).toEqual(['^-!', '----^-!', '----------^-!'])
  })
  it('repeatWith: again after the wait', async () => {
    const source = m.cold('a-|')
    expect(await m.play(source.pipe(repeatWith(({ attempts }) => (attempts < 2 ? 3 : null))))).toEqual([[0, 'a'], [5, 'a'], [7, '|']]) // prettier-ignore
    expect(source.subscriptions).toEqual(['^-!', '-----^-!'])
  })
  it('catchTo: the item that fails leaves the line', async () => {
    const source = m.cold('abc|')
    const dead = chan<DeadLetter>(1)
    const work = (x: string) => (x === 'b' ? m.cold('--#') : x)
    expect(await m.play(source.pipe(workerPool<string, string>(2, work), catchTo(dead)))).toEqual([[0, 'a'], [2, 'c'], [3, '|']]) // prettier-ignore
    expect(source.subscriptions).toEqual(['^--!'])
    expect(dead.size).toBe(1)
  })
  it('relay: what a foreign source leads to is paced', async () => {
    let taken = 0
    const items = (function* () {
      while (taken < 100) yield taken++
    })()
    const pipeline = m.cold('--x|').pipe(relay(), switchMap(() => fromIterable(items)), workerPool(2, () => NEVER)) // prettier-ignore
    expect(await m.play(pipeline)).toEqual([])
    expect(taken).toBe(2)
  })
  it('a merge with a source that does not wait: its items pass while the stage has room', async () => {
    const source = m.cold('a---b|').pipe(mergeWith(m.cold('--x|')))
    expect(await m.play(source.pipe(workerPool(2, taking(1))))).toEqual([[1, 'a'], [3, 'x'], [5, 'b'], [5, '|']]) // prettier-ignore
  })
})
