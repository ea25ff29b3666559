// The values that can be a case, and the rejected ones; a rejection changes nothing.
import { none, some } from 'fp-ts/lib/Option.js'
import {
  background,
  chan,
  choose,
  go,
  newTimer,
  select,
  sleep,
  ticker,
  trySelect,
  withCancel,
  withTimeout,
  type Cases,
  type Op,
} from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, waiting, ways } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { nobody, waitersOf } from '../support/waiters.js'

const noOperation: readonly (readonly [unknown, string])[] = [
  [42, '42'],
  ['job', '"job"'],
  [true, 'true'],
  [{}, 'an object'],
  [[], 'an array of 0'],
  [() => 1, 'function (anonymous)'],
  [Symbol('x'), 'Symbol(x)'],
  [1n, '1n'],
  [new Map(), 'an instance of Map'],
  [chan(), 'an instance of Channel'],
  [{ then: 1 }, 'an object'],
]

describe('a case that is not an operation', () => {
  it.each(noOperation)('$1 is a TypeError that names its key and shows the value', (value, shown) => {
    const ch = chan<number>(1)
    ch.trySend(1)
    const make = (key: string) => () => select({ ready: ch.receive(), [key]: value } as Cases)
    expect(make('job')).toThrow(TypeError)
    expect(make('job')).toThrow(`select: case "job": expected an operation, a promise, or a falsy value for a nil channel, got ${shown}`)
    expect(make('a "key"')).toThrow('select: case "a \\"key\\"": ')
    expect(() => select([ch.receive(), value as Op<never>])).toThrow(
      `select: case 1: expected an operation, a promise, or a falsy value for a nil channel, got ${shown}`,
    )
    expect(() => trySelect({ ready: ch.receive(), job: value } as Cases)).toThrow(`select: case "job"`)
    expect(ch.size).toBe(1)
  })

  it('is rejected when the select is made, whatever is ready, and changes nothing', async () => {
    const ch = chan<number>(1)
    const parked = performed(select({ value: ch.receive(), other: chan().receive() }))
    await settle()
    expect(() => select({ value: ch.receive(), sent: ch.send(1), wrong: 42 } as unknown as Cases)).toThrow(TypeError)
    expect(waitersOf(ch)).toEqual({ senders: 0, receivers: 1 })
    const inGoroutine = go(function* () {
      try {
        yield* select({ value: ch.receive(), wrong: 42 } as unknown as Cases)
      } catch {
        return yield* select({ sent: ch.send(7) })
      }
    })
    expect(await inGoroutine.join()).toEqual({ case: 'sent', value: undefined })
    expect(parked.now).toEqual(done({ case: 'value', value: some(7) }))
    expect(waitersOf(ch)).toEqual(nobody)
  })
})

it.each([
  [null, 'null'],
  [undefined, 'undefined'],
  [42, '42'],
  ['cases', '"cases"'],
  [chan<number>().receive(), 'an instance of Receive'],
])('a select of $1 instead of cases is refused', (cases, shown) => {
  expect(() => select(cases as unknown as Cases)).toThrow(TypeError)
  expect(() => select(cases as unknown as Cases)).toThrow(`select(cases): expected a record or an array of cases, got ${shown}`)
  expect(() => trySelect(cases as unknown as Cases)).toThrow(TypeError)
})

describe('a falsy case is a nil channel', () => {
  it.each([[undefined], [null], [false], [0], [''], [NaN], [0n]])('%o is never ready, in a record and in an array', async (falsy) => {
    const ch = chan<number>(2)
    ch.trySend(1)
    ch.trySend(2)
    const nil = falsy as false
    expect(await select({ nil, value: ch.receive() })).toEqual({ case: 'value', value: some(1) })
    expect(await select([nil, ch.receive()])).toEqual({ case: 1, value: some(2) })
    expect(trySelect({ nil })).toEqual(none)
    const waits = performed(select({ nil }))
    await settle()
    expect(waits.now).toEqual(waiting)
  })

  it('a hole in an array is a nil channel too', async () => {
    const ch = chan<number>(1)
    ch.trySend(1)
    // eslint-disable-next-line no-sparse-arrays -- the hole is what is tested
    expect(await select([, ch.receive()])).toEqual({ case: 1, value: some(1) })
  })
})

describe('biased', () => {
  const ready = () => {
    const ch = chan<number>(1)
    ch.trySend(1)
    return ch.receive()
  }

  it('takes the first ready case in the order written', async () => {
    for (let i = 0; i < 50; i++) {
      expect((await select({ z: chan().receive(), b: ready(), a: ready() }, { biased: true })).case).toBe('b')
      expect((await select([false, ready(), ready()], { biased: true })).case).toBe(1)
      expect(trySelect({ z: null, b: ready(), a: ready() }, { biased: true })).toMatchObject(some({ case: 'b' }))
    }
  })

  it.each(['0', '1', '42', '4294967294'])('rejects the key %o, which JavaScript moves to the front, and names it', (key) => {
    const make = () => select({ b: ready(), [key]: ready() }, { biased: true })
    expect(make).toThrow(TypeError)
    expect(make).toThrow(new RegExp(`^select: biased goes by the order written, and JavaScript .*"${key}"`))
    expect(() => trySelect({ b: ready(), [key]: null }, { biased: true })).toThrow(TypeError)
  })

  it.each(['01', '-1', '1.5', '1e3', 'a1', '', ' 1'])('takes the key %o, which stays where it is written', async (key) => {
    expect((await select({ b: chan().receive(), [key]: ready(), a: ready() }, { biased: true })).case).toBe(key)
  })

  it.each([1, 'yes', null])('refuses %o, which is no boolean, and an options record that is none', (value) => {
    const biased = value as unknown as boolean
    expect(() => select({ a: ready() }, { biased })).toThrow('select(cases, { biased }): expected')
    expect(() => select({ a: ready() }, value as never)).toThrow('select(cases): options: expected')
  })

  it('integer-like keys are fine without biased', async () => {
    expect((await select({ b: chan().receive(), 7: ready() })).case).toBe('7')
    expect((await select({ 7: ready() }, { biased: false })).case).toBe('7')
  })
})

it('keys of every kind name their case', async () => {
  for (const key of ['then', '__proto__', 'constructor', 'case', 'a b', '']) {
    const ch = chan<number>(1)
    ch.trySend(1)
    expect(await select({ ['other']: chan().receive(), [key]: ch.receive() })).toEqual({ case: key, value: some(1) })
  }
})

describe.each(ways)('time as a case, by %s', (_, perform) => {
  it('a timer that loses keeps its expiry for one later receive', async () => {
    using clock = virtualTime()
    const timer = newTimer(10)
    const ch = chan<number>(1)
    ch.trySend(1)
    const first = perform(select({ value: ch.receive(), time: timer.fired() }))
    await settle()
    expect(first.now).toEqual(done({ case: 'value', value: some(1) }))
    await clock.advance(10)
    const [second, third] = [perform(select({ value: ch.receive(), time: timer.fired() })), perform(select({ time: timer.fired() }))]
    await settle()
    expect([second.now, third.now]).toEqual([done({ case: 'time', value: undefined }), waiting])
    timer.reset(5)
    await clock.advance(5)
    expect(third.now).toEqual(done({ case: 'time', value: undefined }))
  })

  it('a ticker is a receiver: its tick is a case', async () => {
    using clock = virtualTime()
    const beat = ticker(10)
    const stop = chan<void>()
    const start = clock.now()
    for (const round of [1, 2]) {
      const choice = perform(select({ beat: beat.receive(), stop: stop.receive() }))
      await clock.advance(10)
      expect(choice.now).toEqual(done({ case: 'beat', value: some(start + 10 * round) }))
    }
    const last = perform(select({ beat: beat.receive(), stop: stop.receive() }))
    await settle()
    stop.trySend()
    await settle()
    expect(last.now).toEqual(done({ case: 'stop', value: some(undefined) }))
    beat.stop()
    expect(clock.waiting).toBe(0)
  })

  it('the shortest of several sleeps wins, and the others leave no timer', async () => {
    using clock = virtualTime()
    const choice = perform(select([sleep(30), sleep(10), sleep(20)]))
    await clock.advance(0)
    expect(clock.waiting).toBe(3)
    await clock.advance(10)
    expect(choice.now).toEqual(done({ case: 1, value: undefined }))
    expect(clock.waiting).toBe(0)
  })

  it('a sleep of zero is ready at once', async () => {
    const choice = perform(select({ nap: sleep(0), other: chan().receive() }))
    await settle()
    expect(choice.now).toEqual(done({ case: 'nap', value: undefined }))
    expect(trySelect({ nap: sleep(0) })).toEqual(some({ case: 'nap', value: undefined }))
    expect(trySelect({ nap: sleep(1) })).toEqual(none)
  })

  it('a context’s end is a case', async () => {
    using clock = virtualTime()
    const ctx = withTimeout(background, 10)
    const choice = perform(select({ end: ctx.done(), value: chan().receive() }))
    await clock.advance(10)
    expect(choice.now).toEqual(done({ case: 'end', value: undefined }))
    const never = perform(select({ end: background.done() }))
    await settle()
    expect(never.now).toEqual(waiting)
  })

  it('the end of a goroutine is a case', async () => {
    const ch = chan<number>()
    const worker = go(function* () {
      return yield* ch.receive()
    })
    const choice = perform(select({ ended: worker.join(), other: chan().receive() }))
    await settle()
    expect(choice.now).toEqual(waiting)
    ch.trySend(7)
    await settle()
    expect(choice.now).toEqual(done({ case: 'ended', value: some(7) }))
  })
})

it('a loser leaves nothing behind: no place in a queue, no timer, no child of a context', async () => {
  using clock = virtualTime()
  const [full, empty, won] = [chan<number>(), chan<number>(), chan<number>(1)]
  const ctx = withCancel(background)
  const timer = newTimer(100)
  for (const when of ['at once', 'after a wait']) {
    if (when === 'at once') won.trySend(1)
    const choice = performed(
      select(
        {
          sent: full.send(1),
          received: empty.receive(),
          slept: sleep(50),
          fired: timer.fired(),
          ended: ctx.done(),
          inner: choose(empty.receive(), full.send(2)).within(ctx),
          won: won.receive(),
        },
        { biased: true },
      ),
    )
    await settle()
    won.trySend(1)
    await settle()
    expect(choice.now).toEqual(done({ case: 'won', value: some(1) }))
    expect([waitersOf(full), waitersOf(empty)]).toEqual([nobody, nobody])
    expect(clock.waiting).toBe(1)
    won.tryReceive()
  }
  await clock.advance(100)
  expect(trySelect({ fired: timer.fired() })._tag).toBe('Some')
  expect(full.trySend(3)).toBe(false)
  expect(empty.tryReceive()._tag).toBe('Left')
})

it('a select does not keep the channels of its cases alive', async () => {
  const refs = await (async () => {
    const made: WeakRef<object>[] = []
    for (let i = 0; i < 10; i++) {
      const [lost, won] = [chan<number>(), chan<number>()]
      const choice = performed(select({ lost: lost.receive(), won: won.receive() }))
      await settle()
      won.trySend(1)
      await settle()
      expect(choice.now.is).toBe('done')
      made.push(new WeakRef(lost), new WeakRef(won))
    }
    return made
  })()
  for (let i = 0; i < 50 && refs.some((ref) => ref.deref() !== undefined); i++) {
    await settle()
    globalThis.gc?.()
  }
  expect(refs.filter((ref) => ref.deref() !== undefined)).toEqual([])
})

class OwnCases {
  job = chan<number>(1).receive()
}

describe('in place of a record or an array of cases', () => {
  it.each([
    ['a promise', Promise.resolve(1), 'an instance of Promise'],
    ['a Map', new Map([['a', 1]]), 'an instance of Map'],
    ['an operation', chan<number>().receive(), 'an instance of Receive'],
    ['null', null, 'null'],
    ['a function', () => ({}), 'function'],
  ])('%s is refused', (_, cases, shown) => {
    expect(() => select(cases as never)).toThrow(/select\(cases\): expected a record or an array of cases, got /)
    expect(() => trySelect(cases as never)).toThrow(shown)
  })

  it('an instance with cases of its own, a record without a prototype, and one without cases are records', async () => {
    expect(trySelect(new OwnCases() as never)).toEqual({ _tag: 'None' })
    const bare = Object.assign(Object.create(null) as object, { ready: Promise.resolve(7) })
    expect(await select(bare as never)).toEqual({ case: 'ready', value: 7 })
    expect(trySelect({})).toEqual({ _tag: 'None' })
    expect(trySelect(Object.create(null) as never)).toEqual({ _tag: 'None' })
  })
})
