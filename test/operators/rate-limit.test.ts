/** rateLimit: an item passes when the limiter grants a token. */
import { background, rateLimiter } from 'millrace'
import { fromIterable, rateLimit, run, workerPool } from 'millrace/operators'
import { of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

describe('rateLimit', () => {
  it('lets items pass at the pace of the limiter, and its source waits', async () => {
    using clock = virtualTime()
    let made = 0
    const at: number[] = []
    const g = run(
      background,
      fromIterable(
        (function* () {
          while (made < 5) yield made++
        })(),
      ).pipe(
        rateLimit(rateLimiter(10, 2)),
        workerPool(9, () => {
          at.push(clock.now() - Date.UTC(2000, 0, 1))
        }),
      ),
    )
    await clock.advance(0)
    expect([made, at]).toEqual([3, [0, 0]])
    await clock.advance(1000)
    await g.join()
    expect(at).toEqual([0, 0, 100, 200, 300])
  })
  it('a subscriber who leaves takes no token', async () => {
    using clock = virtualTime()
    const limiter = rateLimiter(10, 1)
    expect(limiter.allow()).toBe(true)
    const subscription = of(1).pipe(rateLimit(limiter)).subscribe()
    await settle()
    subscription.unsubscribe()
    await clock.advance(100)
    expect(limiter.allow()).toBe(true)
  })
})
