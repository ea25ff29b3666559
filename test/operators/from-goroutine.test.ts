/** fromGoroutine: a goroutine for each subscriber. */
import { background, sleep } from 'millrace'
import { collect, fromGoroutine, workerPool } from 'millrace/operators'
import { NEVER, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

describe('fromGoroutine', () => {
  it('is cold: a goroutine for each subscriber, whose sends wait for demand', async () => {
    const log: string[] = []
    const numbers = fromGoroutine<number>(function* (emit) {
      for (let i = 0; i < 3; i++) {
        yield* emit.send(i)
        log.push(`sent ${i}`)
      }
    })
    const subscription = numbers.pipe(workerPool(1, () => NEVER)).subscribe()
    await settle()
    expect(log).toEqual(['sent 0']) // nobody takes the second from the source
    subscription.unsubscribe()
    expect(await all(numbers)).toEqual([0, 1, 2])
  })
  it('fails with its throw, undefined included', async () => {
    await expect(
      all(
        fromGoroutine<number>(function* (emit) {
          yield* emit.send(1)
          throw undefined
        }),
      ),
    ).rejects.toBe(undefined)
  })
  it('is canceled when the subscriber leaves: finally runs, ctx ends', async () => {
    const log: string[] = []
    const subscription = fromGoroutine<number>(function* (emit, ctx) {
      try {
        yield* emit.send(1)
        yield* ctx.done()
        yield* sleep(0)
      } finally {
        log.push(`unwound, ${ctx.err()._tag}`)
      }
    }).subscribe()
    await settle()
    subscription.unsubscribe()
    await settle()
    expect(log).toEqual(['unwound, Some'])
  })
})
