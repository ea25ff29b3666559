/** `lag` is exact while nothing moves; an `until` ends the intake and not the settlements. */
import { background, sleep, withCancel } from 'millrace'
import { lag, settle, through } from 'millrace/broker'
import { run, until, workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { filled, uses } from './filled.js'

describe.each(uses)('a %s', (use) => {
  it('is settled by an until, after the intake is over', () =>
    bubble(function* () {
      const broker = filled(10)
      const stop = withCancel(background)
      const link = broker.connect()
      let done = 0
      const slow = through(function* (n: number) {
        yield* sleep(10)
        done++
        return n
      })
      const running = run(background, link.from<number>({ [use]: 'in' }).pipe(until(stop), workerPool(4, slow), settle()))
      yield* sleep(5)
      stop.cancel()
      yield* running.join()
      const { waiting, underWay } = yield* lag(link.from({ [use]: 'in' }))
      expect([done, waiting, underWay]).toEqual([4, 6, 0])
    }))
})
