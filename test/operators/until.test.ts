/** until: completes when an operation, a receiver or a context is ready. */
import { background, chan, withCancel } from 'millrace'
import { collect, fromIterable, fromReceiver, until, workerPool } from 'millrace/operators'
import { NEVER, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

describe('until', () => {
  it('completes with an operation, a value of a receiver, its close, or the end of a context', async () => {
    const op = chan<void>()
    const value = chan<void>()
    const closed = chan<void>()
    const ctx = withCancel(background)
    const ended: string[] = []
    const watch = (name: string, stop: Parameters<typeof until>[0]) =>
      fromReceiver(chan<number>())
        .pipe(until(stop))
        .subscribe({ complete: () => ended.push(name) })
    watch('op', op.receive())
    watch('value', value)
    watch('close', closed)
    watch('ctx', ctx)
    await settle()
    op.trySend()
    value.trySend()
    closed.close()
    ctx.cancel()
    await settle()
    expect(ended.sort()).toEqual(['close', 'ctx', 'op', 'value'])
  })
  it('stops a pipeline that is full', async () => {
    const quit = chan<void>()
    let isOver = false
    fromIterable([1, 2, 3])
      .pipe(
        until(quit),
        workerPool(1, () => NEVER.pipe(until(quit))),
      )
      .subscribe({ complete: () => (isOver = true) })
    await settle()
    quit.close()
    await settle()
    expect(isOver).toBe(true)
  })
  it('never subscribes where the stop is ready already, and takes one value only', async () => {
    const quit = chan<void>(2)
    quit.trySend()
    quit.trySend()
    expect(await all(fromIterable([1]).pipe(until(quit)))).toEqual([])
    expect(quit.size).toBe(1)
  })
  it('leaves nothing behind when the source completes first', async () => {
    const quit = chan<number>()
    expect(await all(fromIterable([1]).pipe(until(quit)))).toEqual([1])
    expect(quit.trySend(1)).toBe(false)
  })
  it('refuses what cannot stop it', () => {
    expect(() => until(5 as never)).toThrow(/until\(stop\): expected an operation, a Receiver or a Context, got 5/)
  })
})
