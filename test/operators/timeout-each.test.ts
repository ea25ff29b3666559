/** timeoutEach: fails if no item comes in time, while the stage below wants one. */
import { background, DeadlineExceededError, newTimer, sleep } from 'millrace'
import { fromGoroutine, retryWith, run, timeoutEach, trailOf, workerPool, named } from 'millrace/operators'
import { bubble, marbles } from 'millrace/testing'
import fc from 'fast-check'
import { catchError, of, Subject, timeout } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { time } from '../../src/runtime/scheduler/timers.js'

const asT = catchError(() => of('T'))

describe('timeoutEach', () => {
  it('fails if no item comes in time, from the subscription on, and leaves its source', () =>
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('                                   a--b-------c|')
      expectObservable(source.pipe(timeoutEach(5), asT)).toBe('a--b----(T|)')
      expectSubscriptions(source.subscriptions).toBe('        ^-------!')
      const late = cold('                                     ------a|')
      expectObservable(late.pipe(timeoutEach(5), asT)).toBe(' -----(T|)')
    }))
  it('passes items and ends in time', () =>
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('a---b---|').pipe(timeoutEach(5))).toBe('a---b---|')
      expectObservable(cold('a---b---#').pipe(timeoutEach(5))).toBe('a---b---#')
      expectObservable(cold('a--------').pipe(timeoutEach(5)), '^---!').toBe('a')
    }))
  it('the time stands still while the stage below is full', async () => {
    await bubble(function* ({ now }) {
      let made = 0
      const source = fromGoroutine<number>(function* (emit) {
        for (; made < 5; made++) {
          yield* sleep(3)
          yield* emit.send(made)
        }
      })
      yield* run(
        background,
        source.pipe(
          timeoutEach(5),
          workerPool(1, () => sleep(100)),
        ),
      ).join()
      expect(now()).toBe(503)
    })
  })
  it('does as timeout({ each }), where the consumer is fast', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 }), async (gaps) => {
        const source = () =>
          fromGoroutine<number>(function* (emit) {
            for (const gap of gaps) {
              yield* sleep(gap)
              yield* emit.send(gap)
            }
          })
        const seen: unknown[][] = []
        for (const operator of [timeoutEach<number>(6.5), timeout<number, never>({ each: 6.5 })])
          await marbles(function* ({ now }) {
            const log: unknown[] = []
            seen.push(log)
            const note = (event: unknown): void => void log.push([now(), event])
            source()
              .pipe(operator)
              .subscribe({ next: note, error: () => note('timeout'), complete: () => note('end') })
            yield* sleep(200)
          })
        expect(seen[0]).toEqual(seen[1])
      }),
      { numRuns: 60, seed: 1 },
    ))
  it('the error is a DeadlineExceededError that names the stage and the items before', async () => {
    const end = await run(background, new Subject().pipe(timeoutEach(1, { name: 'feed' }), named('in'))).join().attempt() // prettier-ignore
    const error = (end as { left: Error }).left
    expect(error).toBeInstanceOf(DeadlineExceededError)
    expect(error.message).toBe('millrace: stage "in/feed": no item for 1 ms, while the stage below wanted one; 0 items before')
    expect(trailOf(error)).toMatchObject({ stage: 'in/feed', position: 0 })
  })
  it('retryWith below subscribes again', () =>
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('a---------b|')
      expectObservable(source.pipe(timeoutEach(5), retryWith(({ attempts }) => (attempts < 2 ? 1 : null)), asT)).toBe('a-----a----(T|)') // prettier-ignore
      expectSubscriptions(source.subscriptions).toBe(['^----!', '------^----!'])
    }))
  it('a thousand items keep one timer, and none after the end', () =>
    bubble(function* () {
      const source = new Subject<number>()
      source.pipe(timeoutEach(5)).subscribe()
      for (let i = 0; i < 1000; i++) {
        yield* newTimer(1).fired()
        source.next(i)
        expect(time.timers.size).toBe(1)
      }
      source.complete()
      expect(time.timers.size).toBe(0)
    }))
  it.each([
    [0, 'timeoutEach(ms): expected a number of ms above 0, got 0'],
    [NaN, 'timeoutEach(ms): expected a number of ms, got NaN'],
    ['1', 'timeoutEach(ms): expected a number of ms, got "1"'],
  ])('refuses %s', (ms, message) => {
    expect(() => timeoutEach(ms as never)).toThrow(message)
  })
})
