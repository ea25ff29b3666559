import { left, right } from 'fp-ts/lib/Either.js'
import { some } from 'fp-ts/lib/Option.js'
import { chan, choose, go, never, select, sleep, trySelect, type Chan, type Op } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, subscribed, thrown, waiting, ways } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

function filled<T>(...values: readonly T[]): Chan<T> {
  const ch = chan<T>(values.length)
  for (const value of values) ch.trySend(value)
  return ch
}

const error = new Error('f throws')
const throws = () => {
  throw error
}

describe.each(ways)('by %s', (_, perform) => {
  it.each(['at once', 'after a wait'])('map runs once for each performance, %s', async (when) => {
    const ch = chan<number>(1)
    const calls: unknown[] = []
    const op = ch.receive().map((message) => (calls.push(message), 'mapped'))
    expect(calls).toEqual([])
    for (const i of [1, 2]) {
      if (when === 'at once') ch.trySend(i)
      const receive = perform(op)
      if (when === 'after a wait') await settle()
      ch.trySend(i)
      await settle()
      expect(receive.now).toEqual(done('mapped'))
      ch.tryReceive()
    }
    expect(calls).toEqual([some(1), some(2)])
  })

  it.each(['at once', 'after a wait'])('the throw of f is the performer’s, %s, and what was received is gone', async (when) => {
    const ch = chan<number>(1)
    if (when === 'at once') ch.trySend(1)
    const receive = perform(ch.receive().map(throws))
    await settle()
    ch.trySend(2)
    await settle()
    expect(receive.now).toEqual(thrown(error))
    expect(ch.tryReceive()).toEqual(when === 'at once' ? right(2) : left('empty'))
  })

  it('nested maps run from the inside out', async () => {
    const receive = perform(
      filled(1)
        .receive()
        .map((message) => (message._tag === 'Some' ? message.value + 1 : 0))
        .map((n) => n * 10)
        .map(String),
    )
    await settle()
    expect(receive.now).toEqual(done('20'))
  })

  it('a map over a case runs only where the case is chosen, after the choice', async () => {
    const log: string[] = []
    const [a, b] = [chan<number>(), chan<number>()]
    const choice = perform(
      select({
        a: a.receive().map(() => log.push('a')),
        b: b.receive().map(() => log.push(`b, and a receiver of a is ${a.trySend(0) ? 'still' : 'no longer'} there`)),
      }),
    )
    await settle()
    b.trySend(1)
    await settle()
    expect(choice.now).toMatchObject({ is: 'done', value: { case: 'b' } })
    expect(log).toEqual(['b, and a receiver of a is no longer there'])
  })

  it('f never runs inside the call that settles the operation', async () => {
    const ch = chan<number>()
    const log: string[] = []
    const f = () => log.push('f')
    const ops: Op<unknown>[] = [ch.receive().map(f), ch.receive().map(f).attempt(), select({ value: ch.receive().map(f) })]
    for (const op of ops) {
      log.length = 0
      const waits = perform(op)
      await settle()
      ch.trySend(1)
      log.push('sent')
      await settle()
      expect([waits.now.is, ...log]).toEqual(['done', 'sent', 'f'])
    }
  })

  it('an error thrown by f of the chosen case is thrown by the select', async () => {
    const ch = chan<number>()
    const choices = [
      perform(select({ value: filled(1).receive().map(throws), never: never() })),
      perform(choose(ch.receive().map(throws), never())),
    ]
    await settle()
    ch.trySend(1)
    await settle()
    expect(choices.map(({ now }) => now)).toEqual([thrown(error), thrown(error)])
  })

  it('the return value of f is the result, a function and undefined too', async () => {
    const f = () => 1
    const results = [perform(filled(1).receive().map(() => f)), perform(filled(1).receive().map(() => undefined))] // prettier-ignore
    await settle()
    expect(results.map(({ now }) => now)).toStrictEqual([done(f), done(undefined)])
  })

  it('attempt returns a result as Right and an error as Left', async () => {
    const closed = chan<number>()
    closed.close()
    const results = [
      perform(filled(1).receive().attempt()),
      perform(closed.send(1).attempt()),
      perform(closed.send(1).attempt((cause) => (cause as Error).message)),
      perform(filled(1).receive().map(throws).attempt()),
    ]
    await settle()
    expect(results.map(({ now }) => now)).toEqual([
      done(right(some(1))),
      done(left(expect.objectContaining({ message: 'send on closed channel' }))),
      done(left('send on closed channel')),
      done(left(error)),
    ])
  })

  it('attempt returns an error thrown after a wait as Left', async () => {
    const ch = chan<number>()
    const results = [
      perform(ch.send(1).attempt()),
      perform(ch.send(1).attempt(String)),
      perform(select({ sent: ch.send(1), never: never() }).attempt(String)),
    ]
    await settle()
    expect(results.map(({ now }) => now)).toEqual([waiting, waiting, waiting])
    ch.close()
    await settle()
    expect(results.map(({ now }) => now)).toEqual([
      done(left(expect.objectContaining({ message: 'send on closed channel' }))),
      done(left('Error: send on closed channel')),
      done(left('Error: send on closed channel')),
    ])
  })

  it('an error thrown by onThrow is thrown in the performer', async () => {
    const ch = chan<number>()
    const parked = perform(ch.send(1).attempt(throws))
    await settle()
    ch.close()
    const late = perform(ch.send(1).attempt(throws))
    await settle()
    expect([parked.now, late.now]).toEqual([thrown(error), thrown(error)])
  })
})

it('attempt does not catch an error thrown by a later map', async () => {
  const op = filled(1).receive().attempt().map(throws)
  await expect(op).rejects.toBe(error)
})

it('f may start goroutines and call trySend', async () => {
  const ch = filled(1, 2)
  const out = chan<number>(1)
  const goroutine = go(function* () {
    return yield* ch.receive().map(() => go(() => out.trySend(7)))
  })
  await settle()
  expect(await (await goroutine.join()).join()).toBe(true)
  expect(out.tryReceive()).toEqual(right(7))
})

it('f may call trySelect while it runs for a select', async () => {
  const [a, b] = [filled(1, 2, 3), filled('x')]
  const three = () => ({ a: a.receive(), n: never(), m: never() })
  const choice = await select({ a: three().a.map(() => trySelect(three())), n: never(), m: never() })
  expect(choice.value).toEqual(some({ case: 'a', value: some(2) }))
  expect(await select(three())).toEqual({ case: 'a', value: some(3) })
  expect(b.size).toBe(1)
})

it.each([undefined, null, 1, 'f', {}])('map refuses %o, and attempt whatever is given and no function', (f) => {
  const op = chan<number>().receive()
  expect(() => op.map(f as never)).toThrow(/^map\(f\): expected a function, got /)
  if (f !== undefined) expect(() => op.attempt(f as never)).toThrow(/^attempt\(onThrow\): expected a function, got /)
})

it('map does not run for a withdrawn subscription', async () => {
  let calls = 0
  const ch = chan<number>()
  const receive = subscribed(ch.receive().map(() => calls++))
  ch.trySend(1)
  receive.leave()
  await settle()
  expect(calls).toBe(0)
})

it('a mapped sleep has a value at its end', async () => {
  using clock = virtualTime()
  const late = performed(choose(sleep(5).map(() => 'late'), never())) // prettier-ignore
  await clock.advance(5)
  expect(late.now).toEqual(done('late'))
})
