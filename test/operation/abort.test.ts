import { right } from 'fp-ts/lib/Either.js'
import { some } from 'fp-ts/lib/Option.js'
import { background, chan, fromSignal, go, withCancel, type Context, type Op } from 'millrace'
import { describe, expect, it, vi } from 'vitest'
import { done, performed, thrown, waiting, ways } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { nobody, waitersOf } from '../support/waiters.js'

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

describe.each(ways)('by %s', (_, perform) => {
  it('JS-003 an abort releases the parked sends with its reason, and leaves none parked', async () => {
    const ch = chan<number>()
    const controller = new AbortController()
    const ctx = fromSignal(controller.signal)
    const sends = upTo(5).map((i) => perform(ch.send(i).within(ctx)))
    await settle()
    expect([ch.tryReceive(), ch.tryReceive()]).toEqual([right(0), right(1)])
    expect(ch.trySend(9)).toBe(false)
    controller.abort('some abort reason')
    await settle()
    expect(sends.map(({ now }) => now)).toEqual([done(undefined), done(undefined), ...upTo(3).map(() => thrown('some abort reason'))])
    expect(waitersOf(ch)).toEqual(nobody)
    expect(ch.tryReceive()._tag).toBe('Left')
  })

  it('JS-016 under a signal already aborted an operation throws the reason and does not touch the channel', async () => {
    const reason = new Error('aborted before')
    const ctx = fromSignal(AbortSignal.abort(reason))
    const ch = chan<number>(2)
    ch.trySend(1)
    const [receive, send] = [perform(ch.receive().within(ctx)), perform(ch.send(2).within(ctx))]
    await settle()
    expect([receive.now, send.now]).toEqual([thrown(reason), thrown(reason)])
    expect(ch.size).toBe(1)
    expect(ch.tryReceive()).toEqual(right(1))
  })

  it('a value granted before the context ends is delivered', async () => {
    const ch = chan<number>()
    const ctx = withCancel(background)
    const receive = perform(ch.receive().within(ctx))
    await settle()
    ch.trySend(7)
    ctx.cancel()
    await settle()
    expect(receive.now).toEqual(done(some(7)))
  })
})

describe('a signal whose methods throw', () => {
  /** A signal whose `method` throws. */
  function failing(method: 'addEventListener' | 'removeEventListener') {
    const { signal } = new AbortController()
    const error = new Error(`${method} fails`)
    Object.defineProperty(signal, method, {
      value: () => {
        throw error
      },
    })
    return { signal, error }
  }

  it('JS-006 in addEventListener: fromSignal throws that error, and nothing is parked', () => {
    const { signal, error } = failing('addEventListener')
    expect(() => fromSignal(signal)).toThrow(error)
  })

  it('JS-006 in removeEventListener: cancel throws that error, and the context has ended nevertheless', async () => {
    const { signal, error } = failing('removeEventListener')
    const ctx = fromSignal(signal)
    const ch = chan<number>()
    const parked = performed(ch.receive().within(ctx))
    await settle()
    expect(() => ctx.cancel('enough')).toThrow(error)
    await settle()
    expect(parked.now).toEqual(thrown('enough'))
    expect(waitersOf(ch)).toEqual(nobody)
    expect(ctx.err()._tag).toBe('Some')

    const again = performed(ch.receive())
    await settle()
    expect(ch.trySend(1)).toBe(true)
    await settle()
    expect(again.now).toEqual(done(some(1)))
  })

  it('JS-006 in removeEventListener: an operation that completes is not affected', async () => {
    const { signal } = failing('removeEventListener')
    const ch = chan<number>(1)
    ch.trySend(1)
    expect(await ch.receive().within(fromSignal(signal))).toEqual(some(1))
    expect(waitersOf(ch)).toEqual(nobody)
  })
})

it('any number of operations that wait under one signal share one listener, which goes with the last', async () => {
  const { signal } = new AbortController()
  let listeners = 0
  let added = 0
  vi.spyOn(signal, 'addEventListener').mockImplementation(() => void (listeners++, added++))
  vi.spyOn(signal, 'removeEventListener').mockImplementation(() => void listeners--)
  const ch = chan<number>()
  const contexts = upTo(100).map(() => fromSignal(signal))
  const waits = contexts.map((ctx) => performed(ch.receive().within(ctx)))
  await settle()
  expect([listeners, added]).toEqual([1, 1])
  for (const _ of waits) expect(ch.trySend(1)).toBe(true)
  await settle()
  expect(waits.every(({ now }) => now.is === 'done')).toBe(true)
  for (const ctx of contexts) ctx.cancel()
  expect(listeners).toBe(0)
})

it('a canceled goroutine leaves no queue it was parked in, and its value was not sent', async () => {
  const [a, b] = [chan<number>(), chan<number>()]
  const operations: Op<unknown>[] = [a.send(1), b.receive(), a.send(2).within(withCancel(background))]
  const goroutines = operations.map((op) =>
    go(function* () {
      yield* op
    }),
  )
  await settle()
  expect([waitersOf(a), waitersOf(b)]).toEqual([
    { senders: 2, receivers: 0 },
    { senders: 0, receivers: 1 },
  ])
  for (const goroutine of goroutines) goroutine.cancel()
  expect([waitersOf(a), waitersOf(b)]).toEqual([nobody, nobody])
  await settle()
  for (const goroutine of goroutines) await expect(goroutine.join()).rejects.toThrow('context canceled')
  expect(a.tryReceive()._tag).toBe('Left')
})

it('within rejects a value that is not a context, and says what a context has', () => {
  const op = chan<number>().receive()
  expect(() => op.within(undefined as unknown as Context)).toThrow('cannot create context from nil parent')
  for (const value of [{}, 1, 'ctx', new AbortController().signal])
    expect(() => op.within(value as Context)).toThrow(
      /^within\(ctx\): expected a Context, with done, err, cause, deadline, value and signal, got /,
    )
})

it('an operation within two contexts ends with the first of them', async () => {
  for (const first of [0, 1]) {
    const contexts = [withCancel(background), withCancel(background)]
    const receive = performed(chan<number>().receive().within(contexts[0]).within(contexts[1]))
    await settle()
    expect(receive.now).toEqual(waiting)
    contexts[first].cancel(`ended ${first}`)
    await settle()
    expect(receive.now).toEqual(thrown(`ended ${first}`))
  }
})
