// An operation is a description: making it has no effect, and its performances are independent, in each of the three ways.
import { right } from 'fp-ts/lib/Either.js'
import { some } from 'fp-ts/lib/Option.js'
import { background, chan, choose, go, never, newTimer, select, sleep, withCancel, type Op } from 'millrace'
import { concat, defer, from, lastValueFrom, repeat, retry, take, toArray, type Observer, type Subscribable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { awaited, done, performed, subscribed, waiting, ways } from '../support/outcome.js'
import { hostTurn, settle } from '../support/settle.js'
import { uncaughtIn } from '../support/uncaught.js'
import { virtualTime } from '../support/virtual-time.js'
import { nobody, waitersOf } from '../support/waiters.js'

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

it('making an operation does nothing', async () => {
  using clock = virtualTime()
  const [ch, full] = [chan<number>(2), chan<number>()]
  ch.trySend(1)
  const made: Op<unknown>[] = [ch.send(2), ch.receive(), full.send(3), sleep(10), never()]
  const more = made.flatMap((op) => [op.map(String), op.attempt(), op.within(withCancel(background)), choose(op), select({ op })])
  await settle()
  expect(more).toHaveLength(25)
  expect([ch.size, waitersOf(ch), waitersOf(full), clock.waiting]).toEqual([1, nobody, nobody, 0])
  expect(ch.tryReceive()).toEqual(right(1))
})

describe.each(ways)('by %s', (_, perform) => {
  it('each performance is independent: each receives its own value, each sends the value once more', async () => {
    const ch = chan<number>()
    const receive = ch.receive()
    const receives = [perform(receive), perform(receive)]
    await settle()
    const send = ch.send(7)
    const sends = [perform(send), perform(send), perform(send)]
    await settle()
    expect(receives.map(({ now }) => now)).toEqual([done(some(7)), done(some(7))])
    expect(sends.map(({ now }) => now)).toEqual([done(undefined), done(undefined), waiting])
    expect(ch.tryReceive()).toEqual(right(7))
  })

  it('a select kept in a variable waits in many performances at once', async () => {
    const [a, b] = [chan<number>(), chan<number>()]
    const choice = select({ a: a.receive(), b: b.receive(), inner: choose(never(), sleep(Infinity)) })
    const choices = upTo(3).map(() => perform(choice))
    await settle()
    expect([waitersOf(a).receivers, waitersOf(b).receivers]).toEqual([3, 3])
    b.trySend(1)
    a.trySend(2)
    await settle()
    expect(choices.map(({ now }) => now)).toEqual([done({ case: 'b', value: some(1) }), done({ case: 'a', value: some(2) }), waiting])
    expect([waitersOf(a).receivers, waitersOf(b).receivers]).toEqual([1, 1])
  })

  it('a sleep starts anew each time', async () => {
    using clock = virtualTime()
    const nap = sleep(10)
    const first = perform(nap)
    await clock.advance(5)
    const second = perform(nap)
    await clock.advance(5)
    expect([first.now, second.now]).toEqual([done(undefined), waiting])
    await clock.advance(5)
    expect(second.now).toEqual(done(undefined))
  })

  it('goroutines, awaits and subscriptions exchange values with each other', async () => {
    for (const other of [performed, awaited, subscribed]) {
      const ch = chan<number>()
      const receive = perform(ch.receive())
      await settle()
      const send = other(ch.send(1))
      await settle()
      expect([receive.now, send.now]).toEqual([done(some(1)), done(undefined)])
    }
  })
})

it('one operation is performed by many goroutines at once, each with its own result', async () => {
  const ch = chan<number>()
  const receive = ch.receive()
  function* receiver() {
    return [yield* receive, yield* receive]
  }
  const goroutines = upTo(3).map(() => go(receiver))
  await settle()
  await go(function* () {
    for (const i of upTo(6)) yield* ch.send(i)
  }).join()
  const seen = []
  for (const each of goroutines) seen.push(...(await each.join()))
  expect(seen.map((message) => (message._tag === 'Some' ? message.value : -1)).sort()).toEqual(upTo(6))
})

describe('from(op)', () => {
  it('emits the result and completes', async () => {
    const ch = chan<number>(1)
    ch.trySend(1)
    expect(await lastValueFrom(from(ch.receive()).pipe(toArray()))).toEqual([some(1)])
  })

  it('performs at each subscription', async () => {
    const ch = chan<number>(4)
    for (const i of upTo(4)) ch.trySend(i)
    const receive$ = from(ch.receive())
    expect(await lastValueFrom(concat(receive$, receive$, receive$.pipe(repeat(2))).pipe(toArray()))).toEqual(upTo(4).map((i) => some(i)))
  })

  it('unsubscribing withdraws it, and nothing is lost', async () => {
    const ch = chan<number>()
    const seen: unknown[] = []
    const subscription = from(ch.receive()).subscribe((value) => seen.push(value))
    expect(waitersOf(ch).receivers).toBe(1)
    subscription.unsubscribe()
    expect(waitersOf(ch)).toEqual(nobody)
    expect(ch.trySend(1)).toBe(false)
    await settle()
    expect(seen).toEqual([])
  })

  it('fails with the thrown error, and retry performs again', async () => {
    const error = new Error('not yet')
    const ch = chan<number>(3)
    for (const i of upTo(3)) ch.trySend(i)
    const third = ch.receive().map((message) => {
      if (message._tag === 'Some' && message.value === 2) return 'third'
      throw error
    })
    expect(await lastValueFrom(from(third).pipe(retry(5)))).toBe('third')
    ch.trySend(0)
    await expect(lastValueFrom(from(third))).rejects.toBe(error)
  })

  it('a take(1) over an operation that waits leaves nothing behind', async () => {
    using clock = virtualTime()
    const seen: unknown[] = []
    from(select({ nap: sleep(10), other: chan().receive() }))
      .pipe(take(1))
      .subscribe((value) => seen.push(value))
    await clock.advance(10)
    expect([seen, clock.waiting]).toEqual([[{ case: 'nap', value: undefined }], 0])
  })

  it('takes a function for an observer, and an observer may lack any of its methods', async () => {
    const error = await uncaughtIn(async () => {
      const closed = chan<number>()
      closed.close()
      const seen: unknown[] = []
      const subscribe = (op: Op<unknown>, observer: Partial<Observer<unknown>> | ((value: unknown) => void)) =>
        void (op as unknown as Subscribable<unknown>).subscribe(observer as Observer<unknown>) // as RxJS sees it
      for (const when of ['at once', 'after a wait']) {
        const ch = chan<number>(3)
        const sendAll = () => upTo(3).forEach((i) => ch.trySend(i))
        if (when === 'at once') sendAll()
        subscribe(ch.receive(), (message) => seen.push(message))
        subscribe(ch.receive(), {})
        subscribe(ch.receive().map(() => closed.trySend(1)), {}) // prettier-ignore
        if (when === 'after a wait') sendAll()
        await settle()
        expect([ch.size, waitersOf(ch)]).toEqual([0, nobody])
      }
      expect(seen).toEqual([some(0), some(0)])
    })
    expect(error).toBeUndefined()
  })

  it('works as a notifier and as an inner source', async () => {
    const ch = chan<string>(1)
    ch.trySend('x')
    expect(await lastValueFrom(defer(() => ch.receive()))).toEqual(some('x'))
  })
})

describe('a timer', () => {
  it.each(ways)('is performed by %s', async (_, perform) => {
    using clock = virtualTime()
    const fired = perform(newTimer(10).fired())
    await clock.advance(10)
    expect(fired.now).toEqual(done(undefined))
  })
})

it('two async functions that exchange values yield to the host', async () => {
  const ch = chan<number>()
  let isOver = false
  const deadline = performance.now() + 5000
  const turn = hostTurn().then(() => (isOver = true))
  const sending = (async () => {
    while (!isOver && performance.now() < deadline) await ch.send(1)
    ch.close()
  })()
  while ((await ch.receive())._tag === 'Some');
  await Promise.all([sending, turn])
  expect(performance.now()).toBeLessThan(deadline)
})

it('a goroutine whose operations are all ready yields at the end of its slice, and keeps its result', async () => {
  const ch = chan<number>(1)
  let isOver = false
  void hostTurn().then(() => (isOver = true))
  const deadline = performance.now() + 5000
  const busy = go(function* () {
    for (let i = 0; ; i++) {
      yield* ch.send(i)
      const message = yield* ch.receive()
      if (message._tag === 'None' || message.value !== i) return 'a result was lost'
      if (isOver) return 'the host had its turn'
      if (performance.now() > deadline) return 'the host never had its turn'
    }
  })
  expect(await busy.join()).toBe('the host had its turn')
})
