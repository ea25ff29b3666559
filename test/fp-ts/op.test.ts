import * as E from 'fp-ts/lib/Either.js'
import { none, some } from 'fp-ts/lib/Option.js'
import { pipe } from 'fp-ts/lib/function.js'
import { background, chan, onCrash, withCancel } from 'millrace'
import { op } from 'millrace/fp-ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { nobody, waitersOf } from '../support/waiters.js'

const toError = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)))
const crashes: unknown[] = []
let offCrash = () => {}
beforeEach(() => {
  crashes.length = 0
  offCrash = onCrash((error) => crashes.push(error))
})
afterEach(() => {
  offCrash()
  expect(crashes).toEqual([])
})

describe('an Op', () => {
  it('performs as a task, anew each time', async () => {
    const ch = chan<string>(2)
    ch.trySend('a')
    ch.trySend('b')
    const task = op.toTask(ch.receive())
    expect(ch.size).toBe(2)
    expect(await task()).toEqual(some('a'))
    expect(await task()).toEqual(some('b'))
  })

  it('that throws rejects as a task, and is a Left as a task of Either', async () => {
    const ch = chan<number>()
    ch.close(new RangeError('far'))
    await expect(op.toTask(ch.receive())()).rejects.toThrow('far')
    expect(await pipe(ch.receive(), op.toTaskEither(toError))()).toEqual(E.left(new RangeError('far')))
  })

  it('performs within the Context of the environment, and withdraws when that ends', async () => {
    const ch = chan<number>()
    const receive = pipe(ch.receive(), op.toReaderTaskEither(toError))
    const ctx = withCancel(background)
    const received = receive(ctx)()
    await settle()
    expect(waitersOf(ch)).toEqual({ senders: 0, receivers: 1 })
    ctx.cancel(new Error('enough'))
    expect(await received).toEqual(E.left(new Error('enough')))
    expect(waitersOf(ch)).toEqual(nobody)
    const done = receive(background)()
    await ch.send(1)
    expect(await done).toEqual(E.right(some(1)))
  })

  it('as an IO it polls and does not wait', () => {
    const ch = chan<number>(1)
    const look = op.toIO(ch.receive())
    expect(look()).toEqual(none)
    ch.trySend(1)
    expect(look()).toEqual(some(some(1)))
    expect(waitersOf(ch)).toEqual(nobody)
  })

  it('is used by data-last functions', async () => {
    const numbers = chan<number>(1)
    const words = chan<string>(1)
    words.trySend('word')
    const first = pipe(
      numbers.receive(),
      op.map(() => 'number'),
      op.alt(() => words.receive().map(() => 'word')),
      op.within(background),
      op.attempt(toError),
    )
    expect(await first).toEqual(E.right('word'))
    words.trySend('word')
    expect(
      await pipe(
        numbers.receive(),
        op.altW(() => words.receive()),
      ),
    ).toEqual(some('word'))
  })
})
