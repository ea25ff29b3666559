import { right } from 'fp-ts/lib/Either.js'
import { none, some } from 'fp-ts/lib/Option.js'
import { after, chan, go, never, select, trySelect, type Chan, type Op, type Receiver, type Sender } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, thrownError, waiting, ways } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { nobody, waitersOf } from '../support/waiters.js'

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)
const nil = undefined as Chan<number> | undefined

function filled<T>(...values: readonly T[]): Chan<T> {
  const ch = chan<T>(values.length)
  for (const value of values) ch.trySend(value)
  return ch
}

function closed<T>(): Chan<T> {
  const ch = chan<T>()
  ch.close()
  return ch
}

describe.each(ways)('by %s', (_, perform) => {
  it('SE-002 a select without cases waits for ever', async () => {
    using clock = virtualTime()
    const waits = [perform(select({})), perform(select([]))]
    await clock.advance(10)
    expect(waits.map(({ now }) => now)).toEqual([waiting, waiting])
  })

  it('SE-003 a select over nil channels waits for ever, or takes the default', async () => {
    using clock = virtualTime()
    const cases = [
      { value: nil?.receive() },
      { sent: nil?.send(1) },
      { value: nil?.receive(), sent: nil?.send(1), off: false, nothing: null } as const,
    ]
    const waits = cases.map((each) => perform(select(each)))
    await clock.advance(10)
    expect(waits.map(({ now }) => now)).toEqual([waiting, waiting, waiting])
    expect(cases.map((each) => trySelect(each))).toEqual([none, none, none])
  })

  it('SE-006 a receive from a closed channel is ready', async () => {
    const receive = perform(select({ value: closed<number>().receive(), other: chan().receive() }))
    await settle()
    expect(receive.now).toEqual(done({ case: 'value', value: none }))
  })

  it('SE-007 a send on a closed channel throws, as the only case of a select', async () => {
    const ch = closed<number>()
    const send = perform(select({ sent: ch.send(1) }))
    await settle()
    expect(send.now).toEqual(thrownError('send on closed channel'))
    expect(() => trySelect({ sent: ch.send(1) })).toThrow('send on closed channel')
  })

  it('SE-007 a close makes the select throw that waits to send', async () => {
    const ch = chan<number>()
    const send = perform(select({ sent: ch.send(1), other: chan().receive() }))
    await settle()
    expect(send.now).toEqual(waiting)
    ch.close()
    await settle()
    expect(send.now).toEqual(thrownError('send on closed channel'))
  })

  it('SE-035 a timeout ends the wait at its time', async () => {
    using clock = virtualTime()
    const ch = chan<number>()
    const wait = perform(select({ value: ch.receive(), timeout: after(50) }))
    await clock.advance(49)
    expect(wait.now).toEqual(waiting)
    await clock.advance(1)
    expect(wait.now).toEqual(done({ case: 'timeout', value: undefined }))
    expect(waitersOf(ch)).toEqual(nobody)
  })

  it('SE-035 a value that comes before the timeout is received at its time', async () => {
    using clock = virtualTime()
    const ch = chan<number>()
    const wait = perform(select({ value: ch.receive(), timeout: after(50) }))
    performed(after(10).map(() => ch.trySend(7)))
    await clock.advance(9)
    expect(wait.now).toEqual(waiting)
    await clock.advance(1)
    expect(wait.now).toEqual(done({ case: 'value', value: some(7) }))
    expect(clock.waiting).toBe(0)
  })

  it('SE-041 a select of one case waits, completes and throws as the operation itself does', async () => {
    const ch = chan<number>()
    const receive = perform(select({ value: ch.receive() }))
    await settle()
    expect(receive.now).toEqual(waiting)
    const send = perform(select({ sent: ch.send(7) }))
    await settle()
    expect([receive.now, send.now]).toEqual([done({ case: 'value', value: some(7) }), done({ case: 'sent', value: undefined })])

    const parked = perform(select({ sent: ch.send(8) }))
    await settle()
    expect(parked.now).toEqual(waiting)
    ch.close()
    const late = [perform(select({ value: ch.receive() })), perform(select({ sent: ch.send(9) }))]
    await settle()
    expect(parked.now).toEqual(thrownError('send on closed channel'))
    expect(late.map(({ now }) => now)).toEqual([done({ case: 'value', value: none }), thrownError('send on closed channel')])
  })
})

it('SE-022 every operand is evaluated once, in the order written, also of cases not chosen and of nil channels', async () => {
  let counter = 0
  let shift = 0
  const getValue = () => (counter++, 1 << shift)
  const nobodys: Pick<Sender<number>, 'send'> = { send: never }

  /** Sends on each of the two once, and returns the number of sends. */
  function sendOnBoth(a: Sender<number> | null, b: Sender<number> | null): number {
    for (let sent = 0; ; shift++) {
      const answer = trySelect({ a: (a ?? nobodys).send(getValue()), b: (b ?? nobodys).send(getValue()) })
      if (answer._tag === 'None') return sent
      if (answer.value.case === 'a') a = null
      else b = null
      sent++
    }
  }
  const [a, b] = [chan<number>(1), chan<number>(1)]
  expect(sendOnBoth(a, b)).toBe(2)
  const values = [a.tryReceive(), b.tryReceive()].map((value) => (value._tag === 'Right' ? value.right : NaN))
  expect(values[0] | values[1]).toBe(3)
  expect(sendOnBoth(a, null)).toBe(1)
  expect(counter).toBe(10)

  const order: string[] = []
  const evaluated = (name: string, op: Op<unknown>) => (order.push(name), op)
  await select({ first: evaluated('first', never()), second: evaluated('second', filled(1).receive()), third: evaluated('third', never()) })
  expect(order).toEqual(['first', 'second', 'third'])
})

it('SE-022 a select kept in a variable sends the value it was made with, each time it is performed', async () => {
  const ch = chan<number>(3)
  let n = 7
  const choice = select({ sent: ch.send(n) })
  n = 8
  await choice
  await choice
  expect([ch.tryReceive(), ch.tryReceive()]).toEqual([right(7), right(7)])
})

it('SE-026 only what belongs to the chosen case runs', async () => {
  const ran: string[] = []
  const noted = (name: string) => () => ran.push(name)
  for (const ready of [true, false]) {
    const ch = ready ? filled(42) : chan<number>()
    const choice = performed(
      select({
        c1: chan().receive().map(noted('c1')),
        c: ch.receive().map(noted('c')),
        full: chan<number>().send(1).map(noted('full')),
        time: after(Infinity).map(noted('time')),
      }),
    )
    await settle()
    if (!ready) ch.trySend(42)
    await settle()
    expect(choice.now).toMatchObject({ is: 'done', value: { case: 'c' } })
  }
  expect(ran).toEqual(['c', 'c'])
})

it('SE-028 a case that lost is no longer in the queue of its channel', async () => {
  const [c1, c2] = [chan<boolean>(), chan<boolean>()]
  const log: string[] = []
  go(function* () {
    yield* c1.receive()
    log.push('G1 received c1')
  })
  go(function* () {
    const chosen = yield* select({ c1: c1.receive(), c2: c2.receive() })
    log.push(`G2 selected ${chosen.case}`)
    yield* c1.receive()
    log.push('G2 received c1')
  })
  const main = go(function* () {
    yield* c2.send(true)
    yield* c1.send(true)
    yield* c1.send(true)
  })
  await main.join()
  await settle()
  expect(log.sort()).toEqual(['G1 received c1', 'G2 received c1', 'G2 selected c2'])
  expect([waitersOf(c1), waitersOf(c2)]).toEqual([nobody, nobody])
})

describe('SE-029 whatever receives pairs with whatever sends', () => {
  const dummy = () => chan<number>().receive()
  const receivers: Record<string, (ch: Receiver<number>) => Op<unknown>> = {
    'a receive': (ch) => ch.receive(),
    'a select of one': (ch) => select({ value: ch.receive() }),
    'a select of two': (ch) => select({ other: dummy(), value: ch.receive() }),
  }
  const senders: Record<string, (ch: Sender<number>) => Op<unknown>> = {
    'a send': (ch) => ch.send(1),
    'a select of one': (ch) => select({ sent: ch.send(1) }),
    'a select of two': (ch) => select({ other: dummy(), sent: ch.send(1) }),
  }
  const pairs = Object.keys(receivers).flatMap((receiver) => Object.keys(senders).map((sender) => [receiver, sender]))

  it.each(pairs)('%s and %s', async (receiver, sender) => {
    for (const first of ['receiver', 'sender']) {
      const ch = chan<number>()
      const make = { receiver: () => performed(receivers[receiver](ch)), sender: () => performed(senders[sender](ch)) }
      const parked = first === 'receiver' ? make.receiver() : make.sender()
      await settle()
      expect(parked.now).toEqual(waiting)
      const second = first === 'receiver' ? make.sender() : make.receiver()
      await settle()
      expect([parked.now.is, second.now.is]).toEqual(['done', 'done'])
      expect(waitersOf(ch)).toEqual(nobody)
    }
  })
})

it('a select with a send and a receive on one channel does not meet itself, and meets another like it', async () => {
  const ch = chan<string>()
  const both = (name: string) => select({ sent: ch.send(name), value: ch.receive() })
  const a = performed(both('a'))
  await settle()
  expect(a.now).toEqual(waiting)
  expect(waitersOf(ch)).toEqual({ senders: 1, receivers: 1 })
  const b = performed(both('b'))
  await settle()
  const received = [a.now, b.now].map((each) => each.is === 'done' && each.value.case === 'value')
  expect(received.filter(Boolean)).toHaveLength(1)
  const [value, other] = received[0] ? [a.now, 'b'] : [b.now, 'a']
  expect(value).toEqual(done({ case: 'value', value: some(other) }))
  expect(waitersOf(ch)).toEqual(nobody)
})

it('SE-030 a case that is left early goes on after the select', async () => {
  for (const cases of [1, 2, 3]) {
    const log: string[] = []
    await go(function* () {
      const others = Object.fromEntries(upTo(cases - 1).map((i) => [`other${i}`, chan().receive()]))
      const chosen = yield* select({ ...others, value: filled(1).receive() })
      switch (chosen.case) {
        case 'value':
          log.push('case')
          if (cases > 0) break
          log.push('the rest of the case')
      }
      log.push('after')
      const answer = trySelect(others)
      block: if (answer._tag === 'None') {
        log.push('default')
        if (cases > 0) break block
        log.push('the rest of the default')
      }
      log.push('after')
    }).join()
    expect(log).toEqual(['case', 'after', 'default', 'after'])
  }
})

it('SE-033 a case whose channel is set to nil is out of the rounds that follow', async () => {
  let a: Chan<number> | null = chan<number>(1)
  let b: Chan<number> | null = chan<number>(1)
  let sent = 0
  for (;;) {
    const answer = trySelect({ a: a?.send(1), b: b?.send(1) })
    if (answer._tag === 'None') break
    if (answer.value.case === 'a') a = null
    else b = null
    sent++
  }
  expect([sent, a, b]).toEqual([2, null, null])
})

it('SE-039 the channel of a case may come from a receive', async () => {
  const ch = chan<number>(1)
  const channels = filled(ch)
  const wait = go(function* () {
    const found = yield* channels.receive()
    return yield* select({ sent: found._tag === 'Some' && found.value.send(2) })
  })
  expect(await wait.join()).toEqual({ case: 'sent', value: undefined })
  expect(ch.tryReceive()).toEqual(right(2))
})

it('SE-042 a closure keeps the value received in its round', async () => {
  const ch = filled(0, 1, 2)
  const seen: (() => number)[] = []
  await go(function* () {
    for (const _ of upTo(3)) {
      const chosen = yield* select({ value: ch.receive(), other: never() })
      if (chosen.case === 'value' && chosen.value._tag === 'Some') {
        const { value } = chosen.value
        seen.push(() => value)
      }
    }
  }).join()
  expect(seen.map((f) => f())).toEqual([0, 1, 2])
})

it('SE-042 each performance of one select has its own result', async () => {
  const ch = filled(0, 1)
  const choice = select({ value: ch.receive(), other: never() })
  const [first, second] = [await choice, await choice]
  expect([first, second]).toEqual([0, 1].map((i) => ({ case: 'value', value: some(i) })))
})

it('SE-044 a select of 5000 cases finds the only one that is ready, at once or after a wait', async () => {
  for (const isReady of [true, false]) {
    const channels = upTo(5000).map(() => chan<number>(1))
    if (isReady) channels[4999].trySend(7)
    const choice = performed(select(channels.map((ch) => ch.receive())))
    await settle()
    if (!isReady) {
      expect(choice.now).toEqual(waiting)
      channels[4999].trySend(7)
      await settle()
    }
    expect(choice.now).toEqual(done({ case: 4999, value: some(7) }))
    expect(channels.every((ch) => waitersOf(ch).receivers === 0)).toBe(true)
  }
})

it('wide selects of different widths find what is ready, one after the other', async () => {
  for (const width of [300, 400, 255, 256, 257, 300, 3]) {
    const ready = filled(7)
    const choice = await select(upTo(width).map((i) => (i === width - 1 ? ready : chan<number>()).receive()))
    expect(choice).toEqual({ case: width - 1, value: some(7) })
  }
})

it('a select of an array returns the index as written, nil channels included', async () => {
  const ch = filled(1)
  expect(await select([null, chan<number>().receive(), undefined, ch.receive(), false])).toEqual({ case: 3, value: some(1) })
})
