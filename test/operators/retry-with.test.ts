/** retryWith and repeatWith: rounds within the scope of the stage below. */
import { background, CanceledError } from 'millrace'
import { collect, fromIterable, onUnpaced, repeatWith, retryWith, run, workerPool } from 'millrace/operators'
import { concat, defer, EMPTY, type Observable, of, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const boom = new Error('boom')

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

describe('retryWith and repeatWith', () => {
  it('subscribe again after the wait, within the scope: the pool stays within its bound and nothing is detected', async () => {
    using clock = virtualTime()
    const seen: unknown[] = []
    const off = onUnpaced((one) => seen.push(one))
    let tries = 0
    let made = 0
    let done = 0
    let most = 0
    const items = function* () {
      for (let i = 0; i < 5000; i++) {
        most = Math.max(most, ++made - done)
        yield i
      }
    }
    const failing = defer(() => concat(fromIterable(items()), tries++ < 3 ? throwError(() => boom) : EMPTY))
    const pool = workerPool(5, async () => {
      await Promise.resolve()
      done++
    })
    const g = run(
      background,
      failing.pipe(
        retryWith(() => 50),
        pool,
      ),
    )
    const h = clock.advance(1000)
    await h
    await g.join()
    expect([done, most, seen]).toEqual([20_000, 5, []])
    made = done = most = 0
    const again = run(
      background,
      fromIterable({ [Symbol.iterator]: items }).pipe(
        repeatWith(({ attempts }) => (attempts < 4 ? 50 : null)),
        pool,
      ),
    )
    await clock.advance(1000)
    await again.join()
    expect([done, most, seen]).toEqual([20_000, 5, []])
    off()
  })

  it('tell the schedule how many rounds are over, the cause and the time', async () => {
    using clock = virtualTime()
    const told: unknown[] = []
    const source = throwError(() => boom)
    const failed = all(
      source.pipe(
        retryWith((failed) => {
          told.push(failed)
          return failed.attempts < 3 ? 10 : null
        }),
      ),
    ).catch((cause: unknown) => cause)
    await clock.advance(100)
    expect(await failed).toBe(boom)
    expect(told).toEqual([
      { attempts: 1, cause: boom, elapsed: 0 },
      { attempts: 2, cause: boom, elapsed: 10 },
      { attempts: 3, cause: boom, elapsed: 20 },
    ])
  })

  it('resetOnSuccess: an item begins the count anew', async () => {
    using clock = virtualTime()
    const attempts: number[] = []
    let rounds = 0
    const source = defer(() =>
      rounds++ < 4
        ? concat(
            rounds % 2 === 0 ? of(rounds) : EMPTY,
            throwError(() => boom),
          )
        : EMPTY,
    )
    const schedule = (failed: { attempts: number }) => {
      attempts.push(failed.attempts)
      return 1
    }
    const g = collect(background, source.pipe(retryWith(schedule, { resetOnSuccess: true })))
    await clock.advance(100)
    expect([await g.join(), attempts]).toEqual([[2, 4], [1, 1, 2, 1]]) // prettier-ignore
  })

  it('whoever leaves during a wait leaves no timer, and a canceled run ends', async () => {
    using clock = virtualTime()
    const g = run(background, throwError(() => boom).pipe(retryWith(() => 1000)))
    await settle()
    expect(clock.waiting).toBe(1)
    g.cancel()
    await expect(g.join()).rejects.toBeInstanceOf(CanceledError)
    expect(clock.waiting).toBe(0)
  })

  it('the error of a source ends a repeat; the end of a source ends a retry', async () => {
    await expect(all(throwError(() => boom).pipe(repeatWith(() => 0)))).rejects.toBe(boom)
    expect(await all(of(1).pipe(retryWith(() => 0)))).toEqual([1])
    expect(() => retryWith(5 as never)).toThrow(/retryWith\(schedule\): expected a function, got 5/)
    expect(() => repeatWith(undefined as never)).toThrow(/repeatWith\(schedule\): expected a function/)
  })
})
