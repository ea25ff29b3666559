/**
 * The stages as marbles, with the subscriptions they make; area PL of the catalogue; and what RxJS's own operators do where one of ours claims to
 * take their place.
 */
import { background, chan, rateLimiter, sleep, withTimeout, type Receiver } from 'millrace'
import * as operators from 'millrace/operators'
import {
  batch,
  broadcast,
  byKey,
  catchTo,
  collect,
  decode,
  fanOut,
  fromGoroutine,
  fromIterable,
  fromOp,
  fromReceiver,
  fromSelect,
  groupByKey,
  mergeFair,
  meter,
  named,
  onUnpaced,
  queue,
  rateLimit,
  relay,
  repeatWith,
  retryEach,
  retryWith,
  run,
  sendTo,
  toReceiver,
  until,
  windowsByCount,
  windowsByTime,
  withContext,
  workerPool,
  zipBounded,
  type DeadLetter,
  type SchemaResult,
} from 'millrace/operators'
import { marbles, type Marbles } from 'millrace/testing'
import {
  concatMap,
  map,
  mergeMap,
  mergeWith,
  NEVER,
  share,
  switchMap,
  takeUntil,
  takeWhile,
  type Observable,
  type OperatorFunction,
} from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { time } from '../../src/runtime/scheduler/timers.js'

let off: () => void
beforeEach(() => {
  off = onUnpaced(() => {}) // a marble's source is foreign: what it emits too soon is kept
})
afterEach(() => off())

type Test = (m: Marbles) => Generator<never, void> | void

/** A marble test, which leaves no timer behind either. */
async function play(fn: Test): Promise<void> {
  let { timers } = time
  await marbles((m) => {
    timers = time.timers
    return fn(m)
  })
  expect(timers.size).toBe(0)
}

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
    it('PL-003 concurrency 1 is concatMap: one inner after another', () =>
      play(({ cold, expectObservable, expectSubscriptions }) => {
        const inner = cold('                                      x-y-z|')
        const source = cold('                                     a-b-c|')
        expectObservable(source.pipe(operator(() => inner, 1))).toBe('x-y-zx-y-zx-y-z|')
        expectSubscriptions(inner.subscriptions).toBe([
          '                                                       ^----!',
          '                                                       -----^----!',
          '                                                       ----------^----!',
        ])
        expectSubscriptions(source.subscriptions).toBe('          ^----!')
      }))
    it('PL-003 concurrency 2: two active, the third begins when one completes; every value once', () =>
      play(({ cold, expectObservable, expectSubscriptions }) => {
        const inner = { a: cold('----x|'), b: cold('--y|'), c: cold('-z|') }
        const source = cold('                                                              abc|')
        expectObservable(source.pipe(operator((x) => inner[x as 'a' | 'b' | 'c'], 2))).toBe('---yxz|')
        expectSubscriptions(inner.a.subscriptions).toBe('                                  ^----!')
        expectSubscriptions(inner.b.subscriptions).toBe('                                  -^--!')
        expectSubscriptions(inner.c.subscriptions).toBe('                                  ----^-!')
      }))
    it('PL-004 unlimited: inners interleave by time, and completion waits for all', () =>
      play(({ cold, expectObservable, expectSubscriptions }) => {
        const inner = cold('                                         x--y--z|')
        const source = cold('                                        a-b|')
        expectObservable(source.pipe(operator(() => inner, 1000))).toBe('x-xy-yz-z|')
        expectSubscriptions(inner.subscriptions).toBe(['             ^------!', '--^------!'])
        expectSubscriptions(source.subscriptions).toBe('             ^--!')
      }))
    it('an error of the source or of an inner ends it, and all that is under way', () =>
      play(({ cold, expectObservable, expectSubscriptions }) => {
        const inner = cold('                                                               x---y|')
        const failing = cold('                                                              --#')
        const source = cold('                                                              ab|')
        const broken = cold('                                                              a-#')
        expectObservable(source.pipe(operator((x) => (x === 'a' ? inner : failing), 5))).toBe('x--#')
        expectObservable(broken.pipe(operator(() => NEVER, 5))).toBe('                     --#')
        expectSubscriptions(inner.subscriptions).toBe('                                    ^--!')
      }))
    it('leaving ends what is under way', () =>
      play(({ cold, expectObservable, expectSubscriptions }) => {
        const inner = cold('                                          ----x|')
        const source = cold('                                         ab--c|')
        const unsubscription = '                                      ^--!'
        expectObservable(source.pipe(operator(() => inner, 2)), unsubscription).toBe('')
        expectSubscriptions(inner.subscriptions).toBe(['              ^--!', '-^-!'])
        expectSubscriptions(source.subscriptions).toBe('              ^--!')
      }))
  })
})

describe('workerPool(1, f) and ordered pools in place of concatMap', () => {
  const ways: [name: string, operator: (f: (x: string) => Observable<string>) => OperatorFunction<string, string>][] = [
    ['workerPool(1)', (f) => workerPool(1, f)],
    ['workerPool(3, { ordered })', (f) => workerPool(3, f, { ordered: true })],
    ['concatMap', (f) => concatMap(f)],
  ]
  describe.each(ways)('%s', (_, operator) => {
    it('PL-006 keeps order where later inners are ready earlier; each is over before the next begins', () =>
      play(({ cold, expectObservable, expectSubscriptions }) => {
        const inner = { a: cold('----x|'), b: cold('y|') }
        const source = cold('                                                      ab|')
        expectObservable(source.pipe(operator((x) => inner[x as 'a' | 'b']))).toBe('----xy|')
        expectSubscriptions(inner.a.subscriptions).toBe('                          ^----!')
        expectSubscriptions(inner.b.subscriptions).toBe('                          -----^!')
      }))
    it('PL-006 one that never ends blocks the rest', () =>
      play(({ cold, expectObservable, expectSubscriptions }) => {
        const second = cold('y|')
        const source = cold('ab|')
        expectObservable(source.pipe(operator((x) => (x === 'a' ? NEVER : second)))).toBe('')
        expectSubscriptions(second.subscriptions).toBe([])
      }))
  })
})

it('PL-001 ordered stream: tasks run at once, their results are handled one at a time in the order of submission', () =>
  play(function* () {
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
    yield* g.join()
    expect([handled, most]).toEqual([[0, 2, 4, 6, 8], 5]) // prettier-ignore
  }))

describe('until in place of takeUntil', () => {
  it('PL-009 values until the stop; then it completes and leaves the source', () =>
    play(({ cold, expectObservable, expectSubscriptions }) => {
      const stop = chan<void>()
      const source = cold('                          a-b-c-d|')
      const stopper = cold('                         ---x|').pipe(map(() => undefined), sendTo(stop)) // prettier-ignore
      expectObservable(stopper).toBe('               ----|')
      expectObservable(source.pipe(until(stop))).toBe('a-b|')
      expectSubscriptions(source.subscriptions).toBe('^--!')
    }))
  it('PL-009 the same marbles by takeUntil: a notifier that only completes does not stop it, a notifier error is an error', () =>
    play(({ cold, expectObservable, expectSubscriptions }) => {
      const [stop, completing, failing] = [cold('          ---x|'), cold('-|'), cold('-#')]
      const source = cold('                                a-b-c|')
      expectObservable(source.pipe(takeUntil(stop))).toBe('a-b|')
      expectObservable(source.pipe(takeUntil(completing))).toBe('a-b-c|')
      expectObservable(source.pipe(takeUntil(failing))).toBe('a#')
      expectSubscriptions(source.subscriptions).toBe(['    ^--!', '^----!', '^!'])
    }))
  it('PL-009 an operation that never is ready does not stop it; one that throws is its error', () =>
    play(({ cold, expectObservable, expectSubscriptions }) => {
      const failing = sleep(1).map(() => {
        throw 'error'
      })
      const source = cold('                                  a-b-c|')
      expectObservable(source.pipe(until(chan<void>()))).toBe('a-b-c|')
      expectObservable(source.pipe(until(failing))).toBe('   a#')
      expectSubscriptions(source.subscriptions).toBe(['      ^----!', '^!'])
    }))
})

it('PL-011 share over a source of ours: one subscription for all, begun by the first, over with the last; late ones get later values', () =>
  play(function* ({ expectObservable }) {
    const jobs = chan<string>()
    const shared = fromReceiver(jobs).pipe(share())
    expectObservable(shared, '^---!').toBe('    -x-y')
    expectObservable(shared, '--^---!').toBe('  ---y-z')
    for (const job of ['x', 'y', 'z']) {
      yield* sleep(1)
      expect(jobs.trySend(job)).toBe(true)
      yield* sleep(1)
    }
    expect(jobs.trySend('nobody')).toBe(false)
  }))

it('PL-013 sq(sq(gen(2,3))) yields 16, 81; a merge of two squares of one channel yields 4 and 9', () =>
  play(({ expectObservable }) => {
    const sq = workerPool(1, (n: number) => n * n)
    expectObservable(fromIterable([2, 3]).pipe(sq, sq)).toBe('(ab|)', { a: 16, b: 81 })
    const c = chan<number>(2)
    c.trySend(2)
    c.trySend(3)
    c.close()
    expectObservable(mergeFair(fromReceiver(c).pipe(sq), fromReceiver(c).pipe(sq))).toBe('(ab|)', { a: 4, b: 9 })
  }))

/** What is exported and is neither a source, nor a stage, nor a sink. */
const OTHERS = [
  'bounds',
  'graph',
  'InvalidItemError',
  'onUnpaced',
  'pauseControls',
  'pipeline',
  'strictDemand',
  'QueueFullError',
  'StageTrail',
  'trailOf',
  'UnpacedError',
] as const

/** Stages whose marbles are in their own files. */
const ELSEWHERE = ['conflate', 'debounce', 'pausable', 'prioritize', 'progress', 'sample', 'tee', 'throttle', 'timeoutEach'] as const

describe('the examples of the docs', () => {
  const shown = new Map<string, string>()

  /** A marble test of what is exported under that name. */
  function example(name: Exclude<keyof typeof operators, (typeof OTHERS | typeof ELSEWHERE)[number]>, fact: string, fn: Test): void {
    shown.set(name, (shown.get(name) ?? '') + String(fn))
    it(`${name}: ${fact}`, () => play(fn))
  }

  example('fromGoroutine', 'emits what its goroutine sends, which waits for the stage below', function* ({ now, expectObservable }) {
    const sent: number[] = []
    const source = fromGoroutine<string>(function* (emit) {
      for (const x of 'abc') {
        yield* emit.send(x)
        sent.push(now())
      }
      yield* sleep(1)
    })
    expectObservable(source.pipe(workerPool(1, taking(2)))).toBe('--a-b-(c|)')
    yield* sleep(9)
    expect(sent).toEqual([0, 2, 4])
  })
  example('fromIterable', 'an item when there is demand', ({ expectObservable }) => {
    expectObservable(fromIterable('abc')).toBe('(abc|)')
    expectObservable(fromIterable('abc').pipe(workerPool(1, taking(2)))).toBe('--a-b-(c|)')
  })
  example('fromOp', 'performs an operation for each subscriber', ({ expectObservable }) => {
    const source = fromOp(() => sleep(2).map(() => 'x'))
    expectObservable(source, ' ^').toBe('       --(x|)')
    expectObservable(source, ' -^').toBe('      ---(x|)')
    expectObservable(source, ' --^!').toBe('')
  })
  example('fromSelect', 'a select in each round', ({ cold, expectObservable, expectSubscriptions }) => {
    const inbox = chan<string>()
    const quit = chan<string>()
    const messages = cold('                             a-b|')
    const quitter = cold('                              ------q|')
    const loop = fromSelect(() => ({ message: inbox.receive(), idle: sleep(3), quit: quit.receive() })).pipe(
      takeWhile((r) => r.case !== 'quit'),
      map((r) => (r.case === 'message' && r.value._tag === 'Some' ? r.value.value : r.case)),
    )
    expectObservable(loop).toBe('                       a-b--i|', { a: 'a', b: 'b', i: 'idle' })
    expectObservable(messages.pipe(sendTo(inbox))).toBe('---|')
    expectObservable(quitter.pipe(sendTo(quit))).toBe(' -------|')
    expectSubscriptions(messages.subscriptions).toBe('  ^--!')
  })
  example('fromReceiver', 'what a channel receives, until it is closed', ({ cold, expectObservable, expectSubscriptions }) => {
    const jobs = chan<string>()
    const source = cold('                               a--b-|')
    expectObservable(source.pipe(sendTo(jobs, { close: true }))).toBe('-----|')
    expectObservable(fromReceiver(jobs)).toBe('         a--b-|')
    expectSubscriptions(source.subscriptions).toBe('    ^----!')
  })
  example('run', 'joins when the pipeline is over', function* ({ cold, now, expectSubscriptions }) {
    const source = cold('a-b|')
    expectSubscriptions(source.subscriptions).toBe('^--!')
    yield* run(background, source.pipe(workerPool(1, taking(2)))).join()
    expect(now()).toBe(4)
  })
  example('run', 'ends with its context, and leaves the source', function* ({ cold, now, expectSubscriptions }) {
    const source = cold('a-b|')
    expectSubscriptions(source.subscriptions).toBe('^-!')
    const end = yield* run(withTimeout(background, 2, 'over'), source)
      .join()
      .attempt()
    expect([end, now()]).toEqual([{ _tag: 'Left', left: 'over' }, 2]) // prettier-ignore
  })
  example('collect', 'joins to all that came', function* ({ cold, now, expectSubscriptions }) {
    const source = cold('a-b|')
    expectSubscriptions(source.subscriptions).toBe('^--!')
    expect(yield* collect(background, source).join()).toEqual(['a', 'b'])
    expect(now()).toBe(3)
  })
  example('toReceiver', 'at the pace of the receiver', function* ({ now, expectObservable }) {
    let taken = 0
    const letters = (function* () {
      for (const x of 'abcdef') {
        taken++
        yield x
      }
    })()
    const items: Receiver<string> = toReceiver(fromIterable(letters), { capacity: 1 })
    expectObservable(fromReceiver(items).pipe(workerPool(1, taking(3)))).toBe('---a--b--c--d--e--(f|)')
    yield* sleep(4)
    expect([taken, now()]).toEqual([4, 4]) // two are handled, one waits in the channel, one is being sent
  })
  example(
    'sendTo',
    'sends each, pauses while the send waits, and closes the channel',
    ({ cold, expectObservable, expectSubscriptions }) => {
      const results = chan<string>()
      const source = cold('                                                        ab--c|')
      expectObservable(source.pipe(sendTo(results, { close: true }))).toBe('       ------|')
      expectObservable(fromReceiver(results).pipe(workerPool(1, taking(3)))).toBe('---a--b--(c|)')
      expectSubscriptions(source.subscriptions).toBe('                             ^----!')
    },
  )
  example('sendTo', 'closes the channel with the cause of a failure', ({ cold, expectObservable, expectSubscriptions }) => {
    const results = chan<string>()
    const source = cold('                                                 a-#')
    expectObservable(source.pipe(sendTo(results, { close: true }))).toBe('--#')
    expectObservable(fromReceiver(results)).toBe('                        a-#')
    expectSubscriptions(source.subscriptions).toBe('                      ^-!')
  })
  example('workerPool', 'as many at a time as it has workers', ({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('                                     abc|')
    expectObservable(source.pipe(workerPool(2, taking(3)))).toBe('---ab-(c|)')
    expectSubscriptions(source.subscriptions).toBe('          ^--!')
  })
  example('byKey', 'in order within a key, parallel across keys', ({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('                                                            ab(AB)|')
    expectObservable(source.pipe(byKey((x) => x.toLowerCase(), 4, taking(3)))).toBe('---ab-A(B|)')
    expectSubscriptions(source.subscriptions).toBe('                                 ^-----!')
  })
  example('batch', 'full, or old enough', ({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('                                      ab-c-------d|')
    const batches = source.pipe(batch({ size: 2, within: 4 }))
    expectObservable(batches).toBe('                           -x-----y----(z|)', { x: ['a', 'b'], y: ['c'], z: ['d'] })
    expectSubscriptions(source.subscriptions).toBe('           ^-----------!')
  })
  example('windowsByCount', 'overlapping, or with a gap in between', ({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('                           abcde-|')
    const overlapping = source.pipe(windowsByCount({ size: 3, every: 2 }))
    const values = { x: ['a', 'b', 'c'], y: ['c', 'd', 'e'], z: ['e'] }
    expectObservable(overlapping).toBe('            --x-y-(z|)', values)
    const apart = source.pipe(windowsByCount({ size: 2, every: 3 }))
    expectObservable(apart).toBe('                  -x--y-|', { x: ['a', 'b'], y: ['d', 'e'] })
    expectSubscriptions(source.subscriptions).toBe(['^-----!', '^-----!'])
  })
  example('windowsByTime', 'by the clock', ({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('                           ab-c-------d|')
    const windows = source.pipe(windowsByTime({ ms: 10, most: 100 }), map(({ items }) => items)) // prettier-ignore
    expectObservable(windows).toBe('                ----------x-(y|)', { x: ['a', 'b', 'c'], y: ['d'] })
    expectSubscriptions(source.subscriptions).toBe('^-----------!')
  })
  example('windowsByTime', 'an item that comes just as a window ends is in the next', ({ cold, expectObservable }) => {
    const source = cold('           a---------b----|')
    const windows = source.pipe(windowsByTime({ ms: 10, most: 100 }), map(({ items }) => items[0])) // prettier-ignore
    expectObservable(windows).toBe('----------a----(b|)')
  })
  example('queue', 'loses what does not fit', ({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('                           abcd-----|')
    const oldest = source.pipe(queue(1, 'drop-oldest'), workerPool(1, taking(5)))
    expectObservable(oldest).toBe('                 -----a----(d|)')
    expectSubscriptions(source.subscriptions).toBe('^--------!')
  })
  example('rateLimit', 'at the pace of the limiter', ({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('                                           abc|')
    expectObservable(source.pipe(rateLimit(rateLimiter(500, 1)))).toBe('a-b-(c|)')
    expectSubscriptions(source.subscriptions).toBe('                ^--!')
  })
  example('fanOut', 'to the next branch that has demand', ({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('                           abc|')
    const pipeline = source.pipe(fanOut(2, (branch, i) => branch.pipe(workerPool(1, taking(4)), map((x) => x + i)))) // prettier-ignore
    expectObservable(pipeline).toBe('               ----ab--(c|)', { a: 'a0', b: 'b1', c: 'c0' })
    expectSubscriptions(source.subscriptions).toBe('^--!')
  })
  example('broadcast', 'to all, at the pace of the slowest', ({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('                                    ab|')
    const fast = (branch: Observable<string>) => branch.pipe(map((x) => x.toUpperCase()))
    const slow = (branch: Observable<string>) => branch.pipe(workerPool(1, taking(4)))
    expectObservable(source.pipe(broadcast(slow, fast))).toBe('A---(aB)(b|)')
    expectSubscriptions(source.subscriptions).toBe('         ^-!')
  })
  example('mergeFair', 'one of each in turn', ({ cold, expectObservable, expectSubscriptions }) => {
    const one = cold('                             (abc)|')
    const other = cold('                           (xy)----|')
    expectObservable(mergeFair(one, other)).toBe(' (axbyc)-|')
    expectSubscriptions(one.subscriptions).toBe('  ^----!')
    expectSubscriptions(other.subscriptions).toBe('^-------!')
  })
  example('zipBounded', 'together, and over when no more can come', ({ cold, expectObservable, expectSubscriptions }) => {
    const one = cold('                             ab---c|')
    const other = cold('                           --x-y|')
    expectObservable(zipBounded(one, other)).toBe('--p-q|', { p: ['a', 'x'], q: ['b', 'y'] })
    expectSubscriptions(one.subscriptions).toBe('  ^----!')
    expectSubscriptions(other.subscriptions).toBe('^----!')
  })
  example('groupByKey', 'a pipeline for each key', ({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('                           aAbaB|')
    const groups = source.pipe(groupByKey((x) => x.toLowerCase(), (group) => group.pipe(batch({ size: 2 })))) // prettier-ignore
    expectObservable(groups).toBe('                 -x--y(z|)', { x: ['a', 'A'], y: ['b', 'B'], z: ['a'] })
    expectSubscriptions(source.subscriptions).toBe('^----!')
  })
  example('until', 'is over with what it waits for', ({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('                                   a-b-c|')
    expectObservable(source.pipe(until(sleep(3)))).toBe('   a-b|')
    expectSubscriptions(source.subscriptions).toBe('        ^--!')
  })
  example('withContext', 'ends with the cause of the context', ({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('                                                             a-b-c-d|')
    expectObservable(source.pipe(withContext(withTimeout(background, 3, 'error')))).toBe('a-b#')
    expectSubscriptions(source.subscriptions).toBe('                                  ^--!')
  })
  example('retryWith', 'again after the wait', ({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('                                   a-#')
    const schedule = ({ attempts }: { attempts: number }) => (attempts < 3 ? attempts * 2 : null)
    expectObservable(source.pipe(retryWith(schedule))).toBe('a---a-----a-#')
    expectSubscriptions(source.subscriptions).toBe(['        ^-!', '----^-!', '----------^-!'])
  })
  example('repeatWith', 'again after the wait', ({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('                           a-|')
    const repeated = source.pipe(repeatWith(({ attempts }) => (attempts < 2 ? 3 : null)))
    expectObservable(repeated).toBe('               a----a-|')
    expectSubscriptions(source.subscriptions).toBe(['^-!', '-----^-!'])
  })
  example('catchTo', 'the item that fails leaves the line', function* ({ cold, expectObservable, expectSubscriptions }) {
    const dead = chan<DeadLetter>(1)
    const failing = cold('                          --#')
    const source = cold('                           abc|')
    const work = (x: string) => (x === 'b' ? failing : x)
    expectObservable(source.pipe(workerPool<string, string>(2, work), catchTo(dead))).toBe('a-c|')
    expectSubscriptions(source.subscriptions).toBe('^--!')
    expectSubscriptions(failing.subscriptions).toBe('-^-!')
    expect(yield* dead.receive()).toMatchObject({ value: { value: 'b', cause: 'error', position: 1 } })
  })
  example('relay', 'what a foreign source leads to is paced', function* ({ cold, expectObservable, expectSubscriptions }) {
    let taken = 0
    const items = (function* () {
      while (taken < 100) yield taken++
    })()
    const source = cold('                           --x|')
    const pipeline = source.pipe(relay(), switchMap(() => fromIterable(items)), workerPool(2, () => NEVER)) // prettier-ignore
    expectObservable(pipeline).toBe('')
    expectSubscriptions(source.subscriptions).toBe('^--!')
    yield* sleep(5)
    expect(taken).toBe(2)
  })
  example('named', 'changes nothing, and names the stages above it', function* ({ cold, expectObservable, expectSubscriptions }) {
    const names: string[] = []
    onUnpaced(({ stage }) => names.push(stage))
    const source = cold('                                                     abc|')
    const ingest = source.pipe(workerPool(1, taking(2)), named('ingest'), workerPool(1, taking(1)), named('all'))
    expectObservable(ingest).toBe('                                           ---a-b-(c|)')
    expectSubscriptions(source.subscriptions).toBe('                          ^--!')
    yield* sleep(8)
    expect(names).toEqual(['all/ingest/workerPool'])
  })
  example('meter', 'changes nothing, and tells how the stage below it fares', function* ({ cold, expectObservable, expectSubscriptions }) {
    const jobsMeter = meter('jobs')
    const source = cold('                                              ab----c--|')
    expectObservable(source.pipe(jobsMeter, workerPool(1, taking(2)))).toBe('--a-b---c|')
    expectSubscriptions(source.subscriptions).toBe('                   ^--------!')
    yield* sleep(3)
    expect(jobsMeter.read()).toMatchObject({ items: 2, errors: 0, depth: 1, places: 1, wait: 3, saturation: 1 })
    yield* sleep(2)
    expect(jobsMeter.read()).toMatchObject({ items: 2, errors: 0, depth: 0, wait: 4, saturation: 4 / 5 })
  })

  example('decode', 'passes valid items, and skips or ends at an invalid one', ({ cold, expectObservable, expectSubscriptions }) => {
    const validate = (value: unknown): SchemaResult<string> =>
      typeof value === 'string' && value !== 'x' ? { value } : { issues: [{ message: 'not a letter' }] }
    const letter = { '~standard': { version: 1, vendor: 'test', validate } } as const
    const source = cold('                                         a-x-b-|')
    expectObservable(source.pipe(decode(letter, 'skip'))).toBe('  a---b-|')
    expectSubscriptions(source.subscriptions).toBe('              ^-----!')
  })
  example('retryEach', 'works on an item again after a delay', ({ cold, expectObservable, expectSubscriptions }) => {
    let failures = 1
    const work = (letter: string): string => {
      if (letter === 'b' && failures-- > 0) throw new Error('again')
      return letter
    }
    const source = cold('                                                a-b-----c|')
    expectObservable(
      source.pipe(
        workerPool(1, work),
        retryEach(() => 3),
      ),
    ).toBe('a----b--c|')
    expectSubscriptions(source.subscriptions).toBe('                     ^--------!')
  })

  it('a merge with a source that does not wait: its items pass while the stage has room', () =>
    play(({ cold, expectObservable }) => {
      const source = cold('a---b|').pipe(mergeWith(cold('--x|')))
      expectObservable(source.pipe(workerPool(2, taking(1)))).toBe('-a-x-(b|)')
    }))

  it('there is one for each source, stage and sink that is exported, and it says what is seen', () => {
    expect([...shown.keys(), ...OTHERS, ...ELSEWHERE].sort()).toEqual(Object.keys(operators).sort())
    for (const [name, text] of shown) {
      expect(text).toMatch(new RegExp(`\\b${name}\\b`))
      expect(text).toMatch(/expect(Observable|Subscriptions)\(/)
    }
  })
})
