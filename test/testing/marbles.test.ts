/** Marble tests in a bubble: RxJS's notation, RxJS's operators and ours by one clock, and what a failure says. */
import { after, background, chan, go, rateLimiter, select, sleep, withTimeout } from 'millrace'
import { batch, collect, onUnpaced, rateLimit, run, windowsByTime, withContext, workerPool } from 'millrace/operators'
import { bubble, BubbleError, MarbleError, marbles, type Marbles } from 'millrace/testing'
import {
  asapScheduler,
  asyncScheduler,
  auditTime,
  bufferTime,
  concat,
  concatMap,
  debounceTime,
  delay,
  EMPTY,
  from,
  interval,
  map,
  merge,
  mergeMap,
  NEVER,
  observeOn,
  of,
  queueScheduler,
  retry,
  scheduled,
  skip,
  switchMap,
  take,
  tap,
  throttleTime,
  throwError,
  timeInterval,
  timeout,
  timer,
  timestamp,
  windowCount,
  type SchedulerLike,
} from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let off: () => void
beforeEach(() => {
  off = onUnpaced(() => {}) // a marble's source is foreign: what it emits too soon is kept
})
afterEach(() => off())

/** What it rejects with. */
async function failureOf(fn: (m: Marbles) => unknown): Promise<Error> {
  try {
    await marbles(fn)
  } catch (error) {
    return error as Error
  }
  throw new Error('it passed')
}

const messageOf = async (fn: (m: Marbles) => unknown): Promise<string> => (await failureOf(fn)).message

/** Removes the place of what is wrong from a diagram that is malformed. */
const firstLine = async (fn: (m: Marbles) => unknown): Promise<string> => (await messageOf(fn)).split('\n', 1).join('')

describe('sources', () => {
  it('a cold observable begins with each subscription, and knows when each began and was over', async () => {
    await marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('          a-b-c|')
      expectObservable(source).toBe('a-b-c|')
      expectObservable(source, '     --^--!').toBe('--a-b')
      expectObservable(source, '     ---^').toBe('---a-b-c|')
      expectSubscriptions(source.subscriptions).toBe(['^----!', '--^--!', '---^----!'])
    })
  })
  it('a hot observable is under way from the beginning, or from its ^', async () => {
    await marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('             a-b-c|')
      const earlier = hot('         xy-^-z-|')
      expectObservable(source, '       -^').toBe('--b-c|')
      expectObservable(source, '       --^-!').toBe('--b')
      expectObservable(earlier).toBe(' --z-|')
      expectSubscriptions(source.subscriptions).toBe(['-^---!', '--^-!'])
      expectSubscriptions(earlier.subscriptions).toBe('^---!')
    })
  })
  it('a subscriber of a frame sees what a hot observable emits in it, whichever was set up first', async () => {
    await marbles(({ hot, expectObservable }) => {
      const source = hot('     ab|')
      expectObservable(source).toBe('ab|')
      expectObservable(source, '-^').toBe('-b|')
    })
  })
  it('values and errors are what the diagram is told', async () => {
    const failure = new Error('boom')
    await marbles(({ cold, hot, expectObservable }) => {
      expectObservable(cold('a#', { a: [1] }, failure)).toBe('x#', { x: [1] }, new Error('boom'))
      expectObservable(cold('a#')).toBe('a#')
      expectObservable(throwError(() => 'error')).toBe('#')
      expectObservable(hot('a-#', { a: new Map([[1, { deep: new Set([1]) }]]) }, null)).toBe(
        'b-#',
        { b: new Map([[1, { deep: new Set([1]) }]]) },
        null,
      )
    })
  })
  it('an error that a stage of ours passed on is the same as before it had a trail', async () => {
    await marbles(({ cold, expectObservable }) => {
      const failing = cold('--#', {}, new TypeError('boom', { cause: new Error('below') })).pipe(workerPool(1, (x) => x))
      expectObservable(failing).toBe('--#', {}, new TypeError('boom', { cause: new Error('below') }))
    })
    const message = await messageOf(({ cold, expectObservable }) => {
      expectObservable(cold('#', {}, new Error('boom', { cause: 1 }))).toBe('#', {}, new Error('boom'))
    })
    expect(message).toContain('≠')
  })
  it('a group is one frame, and takes as many as it has characters', async () => {
    await marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('              -(ab)--(c|)')
      const other = cold('               -x-----y')
      expectObservable(merge(source, other)).toBe('-(abx)-(cy)')
      expectSubscriptions(source.subscriptions).toBe('^------!')
    })
  })
  it('times are in ms, s and m, and may have a fraction', async () => {
    await marbles(({ cold, expectObservable, expectSubscriptions, time }) => {
      const source = cold('            a 9ms b 1s c 1.5s d 2m (e|)')
      expectObservable(source.pipe(map((x) => x))).toBe('a 9ms b 999ms -c 1.5s d 2m (e|)')
      expectSubscriptions(source.subscriptions).toBe('^ 122512ms !')
      expect(time('---|')).toBe(3)
      expect(time('  1s -| ')).toBe(1001)
    })
  })
  it('digits are values where no unit follows, blanks are nothing, and a letter may have two code units', async () => {
    await marbles(({ cold, expectObservable }) => {
      expectObservable(cold(' 1 -2\n 3s|')).toBe('1-23s|')
      expectObservable(cold('💧-(💧|)', { '💧': 1 })).toBe('a-(a|)', { a: 1 })
    })
  })
  it('a hot observable that is set up later has its earlier frames behind it', async () => {
    await marbles(function* ({ hot, expectObservable }) {
      yield* sleep(2)
      expectObservable(hot('abcd|')).toBe('--cd|')
    })
  })
})

describe('one clock for all', () => {
  it('goroutines, our operators and those of RxJS move together', async () => {
    await marbles(function* ({ cold, now, expectObservable }) {
      const source = cold('a---b---c|')
      const slow = function* (x: string) {
        yield* sleep(2)
        return x
      }
      expectObservable(source.pipe(workerPool(1, slow), delay(1), workerPool(1, slow))).toBe('5ms a---b---(c|)')
      const seen: unknown[] = []
      interval(3)
        .pipe(take(2))
        .subscribe(() => seen.push(`interval ${now()}`))
      const timeout = yield* select({ early: after(4), late: after(7) })
      seen.push(timeout.case, now())
      yield* sleep(4)
      seen.push(now())
      expect(seen).toEqual(['interval 3', 'early', 4, 'interval 6', 8])
    })
  })
  it('rateLimit, batch within, windowsByTime and contexts with a deadline', async () => {
    await marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('                                                            abc-----|')
      expectObservable(source.pipe(rateLimit(rateLimiter(500, 1)))).toBe('             a-b-c---|')
      expectObservable(
        source.pipe(
          batch({ size: 9, within: 4 }),
          map((items) => items.join('')),
        ),
      ).toBe('4ms x---|', { x: 'abc' })
      expectObservable(
        source.pipe(
          windowsByTime({ ms: 2, most: 9 }),
          map(({ items }) => items.join('')),
        ),
      ).toBe('--x-y---|', { x: 'ab', y: 'c' })
      expectObservable(source.pipe(withContext(withTimeout(background, 2, 'too late')))).toBe('ab#', undefined, 'too late')
      expectSubscriptions(source.subscriptions).toBe(['^-------!', '^-------!', '^-------!', '^-!'])
    })
  })
  it('RxJS’s operators that wait for time need no scheduler', async () => {
    await marbles(({ cold, expectObservable }) => {
      expectObservable(cold('ab---c|').pipe(debounceTime(2))).toBe('---b--(c|)')
      expectObservable(cold('ab---c|').pipe(delay(3))).toBe('---ab---(c|)')
      expectObservable(cold('ab---c|').pipe(auditTime(2))).toBe('--b----(c|)')
      expectObservable(interval(3).pipe(take(3))).toBe('---0--1--(2|)', { 0: 0, 1: 1, 2: 2 })
      expectObservable(timer(2, 3).pipe(take(2))).toBe('--a--(b|)', { a: 0, b: 1 })
      expectObservable(timer(86_400_000)).toBe('1440m (a|)', { a: 0 })
      expectObservable(cold('ab-c|').pipe(bufferTime(2))).toBe('--x-(y|)', { x: ['a', 'b'], y: ['c'] })
      expectObservable(NEVER.pipe(timeout({ first: 4, with: () => EMPTY }))).toBe('----|')
      expectObservable(cold('a--b|').pipe(timeInterval(), map((x) => x.interval))).toBe('a--b|', { a: 0, b: 3 }) // prettier-ignore
    })
  })
  it('delays are fractions of ms that are not exact', async () => {
    const delays = [0.1, 0.7, 5.3, 10.1, 99.9, 1 / 3]
    for (const ms of delays)
      await marbles(function* () {
        const items = concat(of(1).pipe(delay(ms)), of(2).pipe(delay(ms / 7)), NEVER)
        expect(yield* collect(background, items.pipe(debounceTime(ms), take(1))).join()).toEqual([2])
      })
  })

  it('a pipeline that was made before the test goes by its clock, and so does one with a scheduler of RxJS’s own', async () => {
    const late = of('x').pipe(delay(5))
    await marbles(({ cold, expectObservable }) => {
      expectObservable(late).toBe('-----(x|)')
      expectObservable(late.pipe(delay(2, queueScheduler), delay(3, asapScheduler), delay(1, asyncScheduler))).toBe('11ms (x|)')
      expectObservable(cold('a|').pipe(observeOn(asapScheduler))).toBe('a|')
      expectObservable(scheduled(['a', 'b'], asyncScheduler)).toBe('(ab|)')
      expectObservable(scheduled(['a', 'b'], queueScheduler)).toBe('(ab|)')
      expectObservable(timer(0, 3, asapScheduler).pipe(take(2), map((i) => `${i}`))).toBe('0--(1|)') // prettier-ignore
    })
  })
  it('the scheduler of the test is for what asks RxJS’s inner clock', async () => {
    await marbles(({ cold, scheduler, expectObservable }) => {
      expectObservable(cold('-a--b|').pipe(timestamp(scheduler), map((x) => x.timestamp))).toBe('-a--b|', { a: 1, b: 4 }) // prettier-ignore
      expectObservable(of(1).pipe(delay(2, scheduler))).toBe('--(a|)', { a: 1 })
    })
  })
  it('a pipeline may be run by a goroutine of the test, and seen by its subscriptions', async () => {
    const handled = await marbles(function* ({ cold, now, expectSubscriptions }) {
      const source = cold('a-b-c|')
      expectSubscriptions(source.subscriptions).toBe('-^----!')
      yield* sleep(1)
      const seen: string[] = []
      const work = (x: string) => sleep(1).map(() => void seen.push(`${x} ${now()}`))
      yield* run(background, source.pipe(workerPool(1, work))).join()
      return seen
    })
    expect(handled).toEqual(['a 2', 'b 4', 'c 6'])
  })
  it('async functions and promises are part of it', async () => {
    const result = await marbles(async ({ cold, now, expectObservable }) => {
      expectObservable(cold('a-b|').pipe(concatMap((x) => Promise.resolve(x)))).toBe('a-b|')
      expectObservable(from(Promise.resolve('x'))).toBe('(x|)')
      await sleep(3)
      expectObservable(cold('a|')).toBe('---a|')
      await sleep(3)
      return now()
    })
    expect(result).toBe(6)
  })
  it('a test may wait for what an interval leads to, however late', async () => {
    await marbles(function* ({ now }) {
      const late = chan<void>(1)
      interval(1).pipe(skip(2_000), take(1)).subscribe(() => late.trySend()) // prettier-ignore
      yield* late.receive()
      expect(now()).toBe(2_001)
    })
  })
  it('the same test passes in the same way each time', async () => {
    const once = async (): Promise<string> =>
      messageOf(({ cold, expectObservable }) => {
        const tick = interval(2).pipe(take(5), map((i) => `${i}`)) // prettier-ignore
        const ours = cold('abcdef|').pipe(workerPool(2, (x) => sleep(2).map(() => x)))
        expectObservable(merge(tick, ours, cold('--y-y-y|'))).toBe('')
      })
    const first = await once()
    for (let i = 0; i < 10; i++) expect(await once()).toBe(first)
  })
  it('RxJS’s schedulers are as they were when it is over, also where it fails', async () => {
    const all: SchedulerLike[] = [asyncScheduler, asapScheduler, queueScheduler]
    const before = all.map((one) => [one.now, one.schedule])
    await marbles(() => {
      expect(all.map((one) => one.now())).toEqual([0, 0, 0])
    })
    await failureOf(() => {
      throw new Error('boom')
    })
    await failureOf(function* () {
      yield* chan<never>().receive()
    })
    expect(all.map((one) => [one.now, one.schedule])).toEqual(before)
    expect(all.filter((one) => Object.hasOwn(one, 'schedule'))).toEqual([])
    expect(Math.abs(asyncScheduler.now() - Date.now())).toBeLessThan(60_000)
  })
})

describe('as RxJS’s TestScheduler sees it, so do we', () => {
  type Shared = Pick<Marbles, 'cold' | 'hot' | 'time' | 'expectObservable' | 'expectSubscriptions'>
  const tests: [name: string, fn: (m: Shared) => void][] = [
    ['a switch to the latest', ({ cold, hot, expectObservable, expectSubscriptions }) => {
      const [x, y] = [cold('               --a--b--c|'), cold('---d--|')]
      const source = hot('            -x-^--x---y-----|')
      const [inner, outer] = ['           ---^---!', '   -------^-----!']
      expectObservable(source.pipe(switchMap((i) => (i === 'x' ? x : y)))).toBe('-----a----d--|')
      expectSubscriptions(x.subscriptions).toBe(inner)
      expectSubscriptions(y.subscriptions).toBe(outer)
      expectSubscriptions(source.subscriptions).toBe('^------------!')
    }],
    ['a search that is debounced', ({ cold, time, expectObservable, expectSubscriptions }) => {
      const answer = cold('                       --(r|)')
      const typed = cold('                        ab-c 2s d 999ms |')
      const answers = typed.pipe(debounceTime(time('-----|')), switchMap(() => answer))
      expectObservable(answers).toBe('            10ms r 2s r 992ms |')
      expectSubscriptions(answer.subscriptions).toBe(['8ms ^-!', '2009ms ^-!'])
    }],
    ['attempts with a wait in between', ({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('                                   a-#')
      expectObservable(source.pipe(retry({ count: 2, delay: 3 }))).toBe('a----a----a-#')
      expectSubscriptions(source.subscriptions).toBe(['       ^-!', '-----^-!', '----------^-!'])
    }],
    ['windows', ({ cold, hot, expectObservable }) => {
      const source = hot('                             a-b-c-d-|')
      expectObservable(source.pipe(windowCount(2))).toBe('x-y---z-|', {
        x: cold('                                      a-(b|)'),
        y: cold('                                      --c-(d|)'),
        z: cold('                                      --|'),
      })
    }],
    ['timers that are left', ({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('                                              -a 1m b')
      expectObservable(merge(source, interval(20_000).pipe(map(() => 't'))), '^ 50s !').toBe('-a 19998ms t 19999ms t')
      expectObservable(source.pipe(throttleTime(3)), '                   ---^--!').toBe('----a')
      expectSubscriptions(source.subscriptions).toBe(['                  ^ 50s !', '---^--!'])
    }],
    ['asap before async, and sync before both', ({ cold, expectObservable }) => {
      const late = merge(cold('a').pipe(observeOn(asyncScheduler)), cold('b').pipe(observeOn(asapScheduler)), cold('c'))
      expectObservable(late).toBe('(cba)')
    }],
  ] // prettier-ignore
  it.each(tests)('%s', async (_, fn) => {
    await marbles(fn)
    new TestScheduler((seen, expected) => expect(seen).toEqual(expected)).run((m) => fn(m as unknown as Shared))
  })
})

describe('what is expected', () => {
  it('a subscription that goes on has no end, and there may be none', async () => {
    await marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const [a, b, c] = [cold('-'), hot('a'), cold('|')]
      expectObservable(merge(a, b)).toBe('a')
      expectSubscriptions(a.subscriptions).toBe('^')
      expectSubscriptions(b.subscriptions).toBe(['^--'])
      expectSubscriptions(c.subscriptions).toBe([])
      expectSubscriptions(c.subscriptions).toBe('---')
    })
  })
  it('a subscription is left before what is due in that frame', async () => {
    await marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('       abcd|')
      expectObservable(source, '  --!').toBe('ab')
      expectObservable(source, '  (^!)').toBe('')
      expectSubscriptions(source.subscriptions).toBe(['^-!', '(^!)'])
    })
  })
  it('an interval that nobody ends is left some time after the last frame of the diagrams, also one without time', async () => {
    await marbles(({ expectObservable }) => {
      expectObservable(interval(1).pipe(mergeMap(() => EMPTY))).toBe('')
    })
    const message = await messageOf(({ expectObservable }) => {
      expectObservable(interval(0)).toBe('|')
    })
    expect(message).toMatch(/and \d+ more$/)
  })
  it('what is left takes no more time', async () => {
    let frame = (): number => NaN
    await marbles(({ cold, now, expectObservable }) => {
      frame = now
      expectObservable(merge(cold('a 1m b|'), timer(2_000), of(1).pipe(delay(3_000))), '^--!').toBe('a')
    })
    expect(frame()).toBe(3)
  })
  it('work that goes on for ever is over with its subscription, which ends when all was compared', async () => {
    await marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('a-b')
      const pool = workerPool(2, () => chan<string>().receive())
      const goroutines = workerPool(2, function* (x: string) {
        yield* chan<never>().receive()
        return x
      })
      expectObservable(source.pipe(pool)).toBe('')
      expectObservable(source.pipe(goroutines)).toBe('')
      expectSubscriptions(source.subscriptions).toBe(['^', '^'])
    })
  })
  it('toEqual compares with another observable', async () => {
    const message = await messageOf(({ cold, expectObservable }) => {
      expectObservable(cold('a-b|')).toEqual(cold('a-b|'))
      expectObservable(cold('a-b|'), '--^').toEqual(cold('a-b|'))
      expectObservable(cold('a-b|')).toEqual(cold('a-c|'))
    })
    expect(message).toContain('≠     2  c         b')
    expect(message.match(/toEqual/g)).toHaveLength(1)
  })
  it('an observable that is emitted is compared by what happens in it, from its emission on', async () => {
    await marbles(({ cold, expectObservable }) => {
      const [x, y] = [cold('a-(b|)'), cold('c-|')]
      expectObservable(cold('--a-b-c-|').pipe(windowCount(2))).toBe('x---y---|', {
        x: cold('--a-(b|)'),
        y: cold('--c-|'),
      })
      expectObservable(of(x, y)).toBe('(xy|)', { x: cold('a-(b|)'), y: cold('c-|') })
    })
  })
  it('a test resolves to what its function returns', async () => {
    expect(await marbles(() => 1)).toBe(1)
    expect(await marbles(function* ({ now }) {
      yield* sleep(2)
      return now()
    })).toBe(2) // prettier-ignore
  })
  it('what the test set up plays to its end though its function has ended', async () => {
    const seen: string[] = []
    await marbles(({ cold, expectObservable }) => {
      expectObservable(cold('a 1s b|').pipe(tap((x) => seen.push(x)))).toBe('a 1s b|')
    })
    expect(seen).toEqual(['a', 'b'])
  })
})

describe('a failure', () => {
  it('shows frame, expected and seen in columns, marks what differs, and points to the line that said it', async () => {
    const error = await failureOf(({ cold, expectObservable }) => {
      expectObservable(cold('a-b-c----d|')).toBe('a--bx----d#')
    })
    expect(error).toBeInstanceOf(MarbleError)
    expect(error.message).toBe(
      [
        'expectObservable(…).toBe("a--bx----d#"): the test saw something else',
        '  frame  expected  seen',
        '      0  a         a',
        '≠     2            b',
        '≠     3  b',
        '≠     4  x         c',
        '      9  d         d',
        '≠    10  #         |',
      ].join('\n'),
    )
    expect(error.stack?.split('\n').find((line) => line.includes(' at '))).toContain('marbles.test.ts')
  })
  it('shows what letters stand for, and a value that has none', async () => {
    const message = await messageOf(({ cold, expectObservable }) => {
      const values = { a: { id: 1 }, b: ['x', 2n, null], c: 'c' }
      expectObservable(cold('ab(c|)', { ...values, b: { id: 3, deep: { er: { still: { more: {} } } } } })).toBe(
        'abc#',
        values,
        new TypeError('no'),
      )
    })
    expect(message.split('\n').slice(1)).toEqual([
      '  frame  expected             seen',
      '      0  a = { id: 1 }        a = { id: 1 }',
      '≠     1  b = ["x", 2n, null]  ? = { id: 3, deep: { er: { still: { more: … } } } }',
      '      2  c = "c"              c = "c"',
      '≠     2                       |',
      '≠     3  # TypeError: no',
    ])
  })
  it('shows subscriptions as diagrams', async () => {
    const message = await messageOf(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('a-|')
      expectObservable(source).toBe('a-|')
      expectObservable(source, '-^!').toBe('-a')
      expectObservable(source, '--(^!)').toBe('')
      expectObservable(source, '40ms ^ 50ms !').toBe('40ms a-|')
      expectObservable(merge(cold('-'), NEVER)).toBe('')
      expectSubscriptions(source.subscriptions).toBe(['^-!', '-^-!', '--(^!)'])
    })
    expect(message).toBe(
      [
        'expectSubscriptions(…).toBe(["^-!","-^-!","--(^!)"]): the test saw something else',
        '  frame  expected  seen',
        '      0  ^-!       ^-!',
        '≠     1  -^-!      -^!',
        '      2  --(^!)    --(^!)',
        '≠    40             40ms ^-!',
      ].join('\n'),
    )
  })
  it('names each expectation that does not hold, and leaves out what is far from the first difference', async () => {
    const message = await messageOf(({ cold, expectObservable }) => {
      expectObservable(cold('a|')).toBe('a|')
      expectObservable(cold('0123456789abcdefghijklmnopqrstuvwxyz0123456789|')).toBe('0123456789X')
      expectObservable(cold('b|')).toBe('c|')
    })
    expect(message.match(/^expect.*:/gm)).toEqual(['expectObservable(…).toBe("0123456789X"):', 'expectObservable(…).toBe("c|"):'])
    expect(message).toContain('  frame  expected  seen\n      …  5 as expected\n      5  5         5')
    expect(message).toContain('…  and 12 more\n\n')
  })
  it('is an expectation of which nothing was said', async () => {
    const message = await messageOf(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('a|')
      expectObservable(source)
      expectSubscriptions(source.subscriptions)
    })
    expect(message).toBe(
      [
        'expectObservable(…): the expectation is incomplete; call toBe(marbles)',
        'expectSubscriptions(…): the expectation is incomplete; call toBe(marbles)',
      ].join('\n\n'),
    )
    const twice = await messageOf(({ expectObservable }) => {
      const it = expectObservable(NEVER)
      it.toBe('')
      it.toBe('a')
    })
    expect(twice).toBe(
      'expectObservable(…).toBe("a"): this expectation is complete already: expectObservable(…).toBe(""); call expectObservable(…) or expectSubscriptions(…) again',
    )
  })
  it('of the test itself comes first, and no time passes after it', async () => {
    const seen: number[] = []
    const message = await messageOf(function* ({ cold, now, expectObservable }) {
      expectObservable(cold('a|')).toBe('b|')
      expectObservable(interval(1).pipe(tap(() => seen.push(now())))).toBe('')
      yield* sleep(2)
      throw new Error('boom')
    })
    expect([message, seen]).toEqual(['boom', [1, 2]]) // prettier-ignore
  })
  it('of a task on RxJS’s schedulers fails the test', async () => {
    const message = await messageOf(() => {
      asyncScheduler.schedule(() => {
        throw new Error('boom')
      }, 3)
    })
    expect(message).toBe('boom')
  })
  it('is a test that is blocked, also beside an interval, and one that leaves goroutines', async () => {
    const blocked = await failureOf(function* blocked() {
      yield* chan<never>().receive()
    })
    expect(blocked).toBeInstanceOf(BubbleError)
    expect(blocked.message).toMatch(/^deadlock: all goroutines in bubble are blocked/)
    const beside = await failureOf(function* blocked() {
      interval(1).subscribe()
      yield* chan<never>().receive()
    })
    expect(beside.message).toMatch(/^deadlock: all goroutines in bubble are blocked/)
    const leaving = await failureOf(({ cold, expectObservable }) => {
      go(function* left() {
        yield* chan<never>().receive()
      })
      expectObservable(cold('a|')).toBe('a|')
    })
    expect(leaving.message).toMatch(/^deadlock: the root has ended, but blocked goroutines remain/)
    expect(leaving.message).toContain('left')
  })
  it('leaves no subscription and no goroutine behind', async () => {
    const left: string[] = []
    await messageOf(({ cold, expectObservable }) => {
      const work = function* (x: string) {
        try {
          yield* chan<never>().receive()
        } finally {
          left.push(x)
        }
      }
      expectObservable(cold('ab').pipe(workerPool(2, work))).toBe('x')
    })
    await bubble(() => {})
    expect(left).toEqual(['a', 'b'])
  })
})

describe('bad input is an error that says what, where and what was expected', () => {
  const cases: [name: string, fn: (m: Marbles) => unknown, message: string][] = [
    ['no string', ({ cold }) => cold(7 as never), 'cold(marbles): expected a string of marbles, got 7'],
    ['! in cold', ({ cold }) => cold('a-!'), 'cold(marbles): expected values, | (the end), # (an error), - (a frame), (…) (in one frame), blanks, and times as in " 9ms ", got "!" at 2'],
    ['^ in cold', ({ cold }) => cold('-^a'), 'cold(marbles): expected values, | (the end), # (an error), - (a frame), (…) (in one frame), blanks, and times as in " 9ms ", got "^" at 1'],
    ['! in hot', ({ hot }) => hot('!'), 'hot(marbles): expected values, ^ (where it is subscribed to), | (the end), # (an error), - (a frame), (…) (in one frame), blanks, and times as in " 9ms ", got "!" at 0'],
    ['two ^ in hot', ({ hot }) => hot('^a^'), 'hot(marbles): expected one ^, got "^" at 2'],
    ['an open group', ({ cold }) => cold('-(ab'), 'cold(marbles): expected ) for the ( at 1, got its end'],
    ['a group within a group', ({ cold }) => cold('(a(b))'), 'cold(marbles): expected values or ) in a group, got "(" at 2'],
    ['time in a group', ({ cold }) => cold('(a-b)'), 'cold(marbles): expected values or ) in a group, got "-" at 2'],
    ['ms in a group', ({ cold }) => cold('(a 9ms b)'), 'cold(marbles): expected values or ) in a group, got "9" at 3'],
    ['an empty group', ({ cold }) => cold('a()'), 'cold(marbles): expected something in the group, got ")" at 2'],
    ['a group that was not opened', ({ cold }) => cold('ab)'), 'cold(marbles): expected no ) without a ( before it, got ")" at 2'],
    ['what comes after the end', ({ cold }) => cold('a|b'), 'cold(marbles): expected nothing after the | at 1, got "b" at 2'],
    ['a letter without a value', ({ cold }) => cold('abc|', { a: 1, b: 2 }), 'cold(marbles): expected a letter that has a value (a, b), got "c" at 2'],
    ['values that are none', ({ cold }) => cold('a', 'b' as never), 'cold(marbles): expected values as an object with a property for each letter, got "b"'],
    ['^ in what is expected', ({ expectObservable }) => expectObservable(NEVER).toBe('^'), 'expectObservable(…).toBe(marbles): expected values, | (the end), # (an error), - (a frame), (…) (in one frame), blanks, and times as in " 9ms ", got "^" at 0'],
    ['no observable', ({ expectObservable }) => expectObservable(7 as never), 'expectObservable(observable): expected an observable, got 7'],
    ['no observable to equal', ({ expectObservable }) => expectObservable(NEVER).toEqual('a' as never), 'expectObservable(…).toEqual(other): expected an observable, got "a"'],
    ['values in a subscription', ({ expectObservable }) => expectObservable(NEVER, '^-a'), 'expectObservable(…, subscriptionMarbles): expected ^ (it begins), ! (it is over), - (a frame), (…) (in one frame), blanks, and times as in " 9ms ", got "a" at 2'],
    ['two ^', ({ expectObservable }) => expectObservable(NEVER, '^-^'), 'expectObservable(…, subscriptionMarbles): expected one ^, got "^" at 2'],
    ['two !', ({ expectSubscriptions }) => expectSubscriptions([]).toBe('^!!'), 'expectSubscriptions(…).toBe(marbles): expected one !, got "!" at 2'],
    ['! before ^', ({ expectSubscriptions }) => expectSubscriptions([]).toBe(['^!', '!^']), 'expectSubscriptions(…).toBe(marbles): expected the ^ before the !, got "^" at 1'],
    ['! without ^', ({ expectSubscriptions }) => expectSubscriptions([]).toBe('--!'), 'expectSubscriptions(…).toBe(marbles): expected a ^ before the !, got "--!"'],
    ['no diagrams', ({ expectSubscriptions }) => expectSubscriptions([]).toBe(7 as never), 'expectSubscriptions(…).toBe(marbles): expected a string of marbles, or an array of them, got 7'],
    ['no subscriptions', ({ cold, expectSubscriptions }) => expectSubscriptions(cold('a') as never), 'expectSubscriptions(subscriptions): expected the subscriptions of cold(…) or hot(…), got an instance of Cold'],
    ['a time without its end', ({ time }) => time('---'), 'time(marbles): expected one | after frames: "---|", got its end'],
    ['values in a time', ({ time }) => time('-a|'), 'time(marbles): expected one | after frames: "---|", got "a" at 1'],
  ] // prettier-ignore
  it.each(cases)('%s', async (_, fn, message) => {
    expect(await firstLine((m) => void fn(m))).toBe(message)
  })
  it('shows where in the diagram', async () => {
    expect(await messageOf(({ cold }) => void cold('  -(a\n b'))).toBe(
      'cold(marbles): expected ) for the ( at 3, got its end\n    -(a  b\n          ^',
    )
  })
  it('a subscription cannot begin in a frame that is over', async () => {
    const message = await messageOf(function* ({ expectObservable }) {
      yield* sleep(3)
      expectObservable(NEVER, '---^-!').toBe('')
      expectObservable(NEVER, '--^').toBe('')
    })
    expect(message).toBe(
      'expectObservable(…, subscriptionMarbles): expected a ^ in a later frame, got one in frame 2; the test is in frame 3',
    )
  })
  it('the function of the test', async () => {
    await expect(marbles('a' as never)).rejects.toThrow('marbles(fn): expected a function, got "a"')
  })
  it('one at a time', async () => {
    expect(await messageOf(() => marbles(() => {}))).toContain('is running already')
    expect(asyncScheduler.now()).toBeGreaterThan(1e12)
  })
})
