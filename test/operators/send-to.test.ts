/** sendTo: each item to a channel. */
import { background, chan } from 'millrace'
import { fromIterable, run, sendTo } from 'millrace/operators'
import { of, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

describe('sendTo', () => {
  it('pauses its source while the send waits, and closes the channel at the end', async () => {
    const ch = chan<number>(2)
    let made = 0
    const g = run(
      background,
      fromIterable(
        (function* () {
          for (; made < 10;) yield made++
        })(),
      ).pipe(sendTo(ch, { close: true })),
    )
    await settle()
    expect([made, ch.size]).toEqual([3, 2])
    const got: number[] = []
    for await (const v of ch) got.push(v)
    await g.join()
    expect(got).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })
  it('closes it with the cause when the pipeline fails', async () => {
    const ch = chan<number>()
    const g = run(background, throwError(() => 'bad').pipe(sendTo(ch, { close: true })))
    await expect(g.join()).rejects.toBe('bad')
    await expect(Promise.resolve(ch.receive())).rejects.toBe('bad')
  })
  it('leaves it open without close, and fails on a closed one', async () => {
    const ch = chan<number>(1)
    await run(background, of(1).pipe(sendTo(ch))).join()
    expect(ch.isClosed).toBe(false)
    ch.close()
    await expect(run(background, of(1).pipe(sendTo(ch))).join()).rejects.toThrow('send on closed channel')
  })
  it('a canceled run takes its send back', async () => {
    const ch = chan<number>()
    const g = run(background, of(1).pipe(sendTo(ch)))
    await settle()
    g.cancel()
    await settle()
    expect(ch.tryReceive()).toEqual({ _tag: 'Left', left: 'empty' })
  })
})
