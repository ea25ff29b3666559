/** meter: the numbers at a point of a pipeline, and of the stage below it. */
import { background, chan, sleep } from 'millrace'
import { fromIterable, fromReceiver, meter, run, workerPool } from 'millrace/operators'
import { merge, NEVER, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

describe('meter', () => {
  it('counts items, and tells depth, saturation and wait of the stage below', async () => {
    using clock = virtualTime()
    const jobs = meter('jobs')
    const work = function* (n: number) {
      yield* sleep(10)
      return n
    }
    const slow = run(background, fromIterable([1, 2, 3, 4]).pipe(jobs, workerPool(2, work)))
    await clock.advance(5)
    expect(jobs.read()).toMatchObject({ items: 2, errors: 0, depth: 2, places: 2, saturation: 1, wait: 5, rate: 400 })
    await clock.advance(15)
    await slow.join()
    await clock.advance(20)
    expect(jobs.read()).toMatchObject({ items: 4, depth: 0, places: 0, saturation: 0.5 })
    expect(jobs.read().wait).toBe(10)
  })
  it('tells nothing of the stage below once its own source is over', async () => {
    using clock = virtualTime()
    const [early, late] = [meter('early'), meter('late')]
    const rest = chan<number>()
    const both = merge(fromIterable([1]).pipe(early), fromReceiver(rest).pipe(late))
    const subscription = both.pipe(workerPool(2, () => NEVER)).subscribe()
    await settle()
    rest.trySend(2)
    await clock.advance(10)
    expect([early.read().wait, late.read().wait]).toEqual([0, 10])
    subscription.unsubscribe()
  })
  it('changes nothing: the source is paced through it', async () => {
    let taken = 0
    const items = (function* () {
      while (taken < 100) yield taken++
    })()
    const subscription = fromIterable(items).pipe(meter('a'), meter('b'), workerPool(3, () => NEVER)).subscribe() // prettier-ignore
    await settle()
    expect(taken).toBe(3)
    subscription.unsubscribe()
  })
  it('counts errors, and the rate follows what is new', async () => {
    using clock = virtualTime()
    const failing = meter('failing')
    await run(background, throwError(() => 'no').pipe(failing)).join().attempt() // prettier-ignore
    expect(failing.read().errors).toBe(1)
    const steady = meter('steady')
    const g = run(background, fromReceiver(beat(10, 1000)).pipe(steady))
    await clock.advance(1000)
    expect(steady.read().rate).toBeCloseTo(100, 0)
    await clock.advance(60_000)
    expect(steady.read().rate).toBeLessThan(1)
    await g.join()
    expect(() => meter(3 as never)).toThrow(/meter\(name\): expected a name, got 3/)
  })

  /** Sends each `ms`, until `until`. */
  function beat(ms: number, until: number) {
    const ch = chan<number>()
    run(
      background,
      fromIterable(Array.from({ length: until / ms }, (_, i) => i)).pipe(
        workerPool(1, function* (i) {
          yield* sleep(ms)
          yield* ch.send(i)
          if (i === until / ms - 1) ch.close()
        }),
      ),
    )
    return ch
  }
})
