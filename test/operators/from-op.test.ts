/** fromOp: the result of an operation, once for each subscriber. */
import { background, chan, type Context } from 'millrace'
import { collect, fromOp } from 'millrace/operators'
import type { Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

describe('fromOp', () => {
  it('performs once for each subscriber, and completes', async () => {
    const ch = chan<number>(2)
    ch.trySend(1)
    ch.trySend(2)
    const one = fromOp(() => ch.receive())
    expect(await all(one)).toEqual([{ _tag: 'Some', value: 1 }])
    expect(await all(one)).toEqual([{ _tag: 'Some', value: 2 }])
  })
  it('fails with the throw of the operation, or of what makes it', async () => {
    const ch = chan<number>()
    ch.close('closed')
    await expect(all(fromOp(() => ch.receive()))).rejects.toBe('closed')
    const thrower = (): never => {
      throw new Error('made')
    }
    await expect(all(fromOp(thrower))).rejects.toThrow('made')
    await expect(all(fromOp(() => 3 as never))).rejects.toThrow(/expected an operation, got 3/)
  })
  it('gives a context that ends when the subscriber leaves', async () => {
    let given: Context | null = null
    const subscription = fromOp((ctx) => {
      given = ctx
      return chan<number>().receive()
    }).subscribe()
    await settle()
    subscription.unsubscribe()
    expect((given as Context | null)?.err()._tag).toBe('Some')
  })
})
