/** withContext: the context of everything above. */
import { background, chan, type Context, withCancel } from 'millrace'
import { fromIterable, fromReceiver, withContext, workerPool } from 'millrace/operators'
import { NEVER } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

describe('withContext', () => {
  it('ends with an error that is the cause, and never subscribes under a context that has ended', async () => {
    const ctx = withCancel(background)
    const got: unknown[] = []
    fromReceiver(chan<number>())
      .pipe(withContext(ctx))
      .subscribe({ error: (cause) => got.push(cause) })
    await settle()
    ctx.cancel('over')
    await settle()
    expect(got).toEqual(['over'])
    let calls = 0
    const counted = fromIterable({
      [Symbol.iterator]: () => {
        calls++
        return [1][Symbol.iterator]()
      },
    })
    counted.pipe(withContext(ctx)).subscribe({ error: (cause) => got.push(cause) })
    await settle()
    expect([got, calls]).toEqual([['over', 'over'], 0])
  })
  it('holds for everything above it', async () => {
    const ctx = withCancel(background)
    let given: Context | null = null
    const subscription = fromIterable([1])
      .pipe(
        workerPool(1, (_, c) => {
          given = c
          return NEVER
        }),
        withContext(ctx),
      )
      .subscribe({ error: () => {} })
    await settle()
    ctx.cancel('told')
    expect((given as Context | null)?.cause()).toEqual({ _tag: 'Some', value: 'told' })
    subscription.unsubscribe()
  })
})
