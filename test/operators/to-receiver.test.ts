/** toReceiver: a pipeline as a receiver. */
import { background, withCancel } from 'millrace'
import { fromIterable, toReceiver, workerPool } from 'millrace/operators'
import { from, NEVER } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

describe('toReceiver', () => {
  it('pauses the pipeline while its channel is full, and is closed with its end', async () => {
    let made = 0
    const items = (function* () {
      while (made < 6) yield made++
    })()
    const receiver = toReceiver(fromIterable(items), { capacity: 2 })
    await settle()
    expect(made).toBe(3)
    const got: number[] = []
    for await (const v of receiver) got.push(v)
    expect(got).toEqual([0, 1, 2, 3, 4, 5])
  })
  it('throws what the pipeline failed with, once drained; and the cause of its context', async () => {
    const failing = toReceiver(from([1]).pipe(workerPool(1, () => Promise.reject(new Error('no')))), { capacity: 1 })
    await expect(Promise.resolve(failing.receive())).rejects.toThrow('no')
    const ctx = withCancel(background)
    const stopped = toReceiver(NEVER, { capacity: 1, ctx })
    await settle()
    ctx.cancel('stop')
    await expect(Promise.resolve(stopped.receive())).rejects.toBe('stop')
  })
})
