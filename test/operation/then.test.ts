// How an operation behaves as a thenable.
import { some } from 'fp-ts/lib/Option.js'
import { chan, choose, select, type Chan } from 'millrace'
import { describe, expect, it } from 'vitest'
import { queue } from '../../src/runtime/scheduler/run-queue.js'
import { neverLooksAtTheClock, settle } from '../support/settle.js'
import { uncaughtIn } from '../support/uncaught.js'
import { nobody, waitersOf } from '../support/waiters.js'

function filled<T>(...values: readonly T[]): Chan<T> {
  const ch = chan<T>(values.length)
  for (const value of values) ch.trySend(value)
  return ch
}

const closed = chan<number>()
closed.close()

describe('then with two functions', () => {
  it('calls the first directly with the value of a ready operation', () => {
    neverLooksAtTheClock()
    const log: unknown[] = ['before']
    void filled(1).receive().then(
      (value) => log.push(value),
      () => log.push('thrown'),
    ) // prettier-ignore
    log.push('after')
    expect(log).toEqual(['before', some(1), 'after'])
  })

  it('calls the second directly with the thrown error', () => {
    const log: unknown[] = []
    void closed.send(1).then(
      () => log.push('value'),
      (cause: Error) => log.push(cause.message),
    )
    expect(log).toEqual(['send on closed channel'])
  })

  it('calls back after a wait', async () => {
    const ch = chan<number>()
    const log: unknown[] = []
    void ch.receive().then(
      (value) => log.push(value),
      () => log.push('thrown'),
    )
    expect(log).toEqual([])
    ch.trySend(1)
    await settle()
    expect(log).toEqual([some(1)])
  })

  it('returns a value that throws when chained', () => {
    const answer = filled(1).receive().then(
      () => 1,
      () => 2,
    ) // prettier-ignore
    expect(answer).not.toBeInstanceOf(Promise)
    expect(() => answer.then(() => 3)).toThrow(/^then\(f, r\) with two functions calls back directly and makes no promise/)
  })

  it('an error thrown by a callback does not reach the call that settled the operation', async () => {
    const ch = chan<number>()
    const error = new Error('a callback that throws')
    const uncaught = await uncaughtIn(async () => {
      void ch.receive().then(
        () => {
          throw error
        },
        () => {},
      )
      expect(ch.trySend(1)).toBe(true)
      await settle()
    })
    expect(uncaught).toBe(error)
  })
})

describe('while the host is due', () => {
  it.each(['ready', 'made ready'])('an operation that is %s is answered after its turn', async (how) => {
    const ch = how === 'ready' ? filled(1) : chan<number>()
    const log: unknown[] = []
    await settle()
    const read = () =>
      void ch.receive().then(
        (value) => log.push(value),
        () => log.push('thrown'),
      )
    if (how === 'made ready') read()
    neverLooksAtTheClock()
    queue.pushAfterHost({ run: () => log.push('the host had its turn') })
    if (how === 'ready') read()
    else expect(ch.trySend(1)).toBe(true)
    expect(log).toEqual([])
    await settle()
    expect(log).toEqual(['the host had its turn', some(1)])
  })
})

it('a caller of then counts as resumed in its callback, until its next operation', async () => {
  await new Promise<void>((resolve) => queue.pushAfterHost({ run: resolve })) // a slice begins
  neverLooksAtTheClock()
  queue.async.count = 0
  const seen: number[] = []
  const note = () => void seen.push(queue.async.count)
  const ch = filled(1)
  void ch.receive().then(note, note) // at once
  void ch.receive().then(note, note) // after a wait
  ch.trySend(2)
  void closed.send(1).attempt().then(note, note)
  expect(seen).toEqual([1, 1, 1])
  queue.async.count = 0
})

describe('then otherwise', () => {
  it("returns a promise of the function's result", async () => {
    const promise = filled(1).receive().then((message) => [message]) // prettier-ignore
    expect(promise).toBeInstanceOf(Promise)
    expect(await promise).toEqual([some(1)])
  })

  it('without functions it returns a promise of the result', async () => {
    expect(await filled(1).receive().then()).toEqual(some(1))
    await expect(closed.send(1).then()).rejects.toThrow('send on closed channel')
    await expect(closed.send(1).then(null, null)).rejects.toThrow('send on closed channel')
  })

  it('with a second function only, calls it with the thrown error', async () => {
    expect(await closed.send(1).then(undefined, (cause: Error) => cause.message)).toBe('send on closed channel')
    expect(
      await filled(1)
        .receive()
        .then(undefined, () => 'thrown'),
    ).toEqual(some(1))
  })

  it('an error or a promise from the function settles the returned promise', async () => {
    const error = new Error('f throws')
    await expect(
      filled(1).receive().then(() => { throw error }), // prettier-ignore
    ).rejects.toBe(error)
    expect(await filled(1).receive().then(async () => 2)).toBe(2) // prettier-ignore
  })
})

it('Promise.resolve, Promise.all and a return from an async function perform it once', async () => {
  const ch = filled(1, 2, 3, 4)
  const returned = async () => ch.receive()
  expect(await Promise.resolve(ch.receive())).toEqual(some(1))
  expect(await Promise.all([ch.receive(), ch.receive()])).toEqual([some(2), some(3)])
  expect(await returned()).toEqual(some(4))
  expect(ch.size).toBe(0)
})

it('Promise.race over operations performs them all: values of the losers are lost, and the others go on waiting', async () => {
  const [a, b, c] = [filled('a'), filled('b'), chan<string>()]
  expect(await Promise.race([a.receive(), b.receive(), c.receive()])).toEqual(some('a'))
  expect([a.size, b.size]).toEqual([0, 0])
  expect(waitersOf(c).receivers).toBe(1)
  c.trySend('lost')
  await settle()
  expect(c.tryReceive()._tag).toBe('Left')
})

it('choose and select take one value where Promise.race loses values', async () => {
  const [a, b, c] = [filled('a'), filled('b'), chan<string>()]
  await choose(a.receive(), b.receive(), c.receive())
  expect(a.size + b.size).toBe(1)
  await select([a.receive(), b.receive(), c.receive()])
  expect(a.size + b.size).toBe(0)
  expect(waitersOf(c)).toEqual(nobody)
})
