/** collect: the items of a pipeline as an array. */
import { background, withCancel } from 'millrace'
import { collect, fromIterable, workerPool } from 'millrace/operators'
import { NEVER, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

describe('collect', () => {
  it('joins to every item, in order; to an empty array where there is none', async () => {
    const doubled = fromIterable([1, 2, 3]).pipe(workerPool(2, (i) => 2 * i, { ordered: true }))
    expect(await collect(background, doubled).join()).toEqual([2, 4, 6])
    expect(await collect(background, fromIterable([])).join()).toEqual([])
  })
  it('throws the error of the pipeline, or the cause of its context', async () => {
    const boom = new Error('boom')
    await expect(
      collect(
        background,
        throwError(() => boom),
      ).join(),
    ).rejects.toBe(boom)
    const ctx = withCancel(background)
    const end = Promise.resolve(collect(ctx, NEVER).join())
    await settle()
    ctx.cancel(boom)
    await expect(end).rejects.toBe(boom)
  })
})
