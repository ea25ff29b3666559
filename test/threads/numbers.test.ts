/** Channels of numbers over shared memory: the laws of channels on one side and across, real threads, and lost threads. */
import { afterAll, describe, expect, it } from 'vitest'
import { all, background, chan, go, gosched, select, withCancel, type Chan } from '../../src/runtime/index.js'
import { ChannelIterator, PENDING } from '../../src/runtime/internal.js'
import { collect, fromReceiver } from '../../src/operators/index.js'
import { laws, type Trial } from '../../src/testing/index.js'
import { numbers } from '../../src/adapters/threads/index.js'
import { InlineHost } from '../../src/adapters/threads/hosts/inline-host.js'
import { NumberChannel } from '../../src/adapters/threads/numbers/numbers.js'
import { handleOf, type Part } from '../../src/adapters/threads/shared/handle.js'
import { abandon } from '../../src/adapters/threads/shared/abandon.js'
import { Threads } from '../../src/adapters/threads/thread-pool.js'
import { portionOf } from '../support/portion.js'
import { hostTurn } from '../support/settle.js'
import { across } from './across.js'
import { makeHost } from './real-threads.js'
import { beginning, failure, settings } from './suite.js'
import { work } from './work.js'
import { exploreCounted, ofLaw, printsSchedules } from './explored.js'

printsSchedules('numbers')

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

const memoryOf = (ch: Chan<number>): ArrayBufferLike => handleOf(ch)?.memory ?? expect.fail('no handle')
const partOf = (side: number): Part => Int32Array.of(side, 0)

/** The other end of a channel of numbers, as a thread has it. */
const otherEnd = (ch: Chan<number>, part = partOf(1)): NumberChannel => new NumberChannel(memoryOf(ch), part)

const made: Record<string, { readonly make: (capacity: number) => Chan<number>; readonly leavesOut?: string }> = {
  'on one side': { make: numbers },
  'from a thread': {
    make(capacity) {
      const home = numbers(capacity)
      return across(otherEnd(home), home)
    },
    leavesOut: 'closing', // the law wants the cause itself, and the other side has a copy
  },
  'to a thread': {
    make(capacity) {
      const home = numbers(capacity)
      return across(home, otherEnd(home))
    },
    leavesOut: 'closing', // as above
  },
}

for (const [name, { make, leavesOut }] of Object.entries(made))
  describe(`the laws of channels hold for numbers ${name}`, () => {
    const subjects = laws.channel((capacity) => ofLaw(make(capacity)), { capacities: [1, 2, 3], schedules: portionOf(100), many: 300 })
    it.each(subjects.filter((law) => law.name !== leavesOut))('$name', async (law) => law.check())
  })

describe.each(['random', 'pct'] as const)('under %s schedules', (strategy) => {
  it('several senders and receivers on both sides, some of them canceled, lose nothing and double nothing', async () => {
    await exploreCounted(
      function* (trial: Trial) {
        const home = numbers(1 + trial.choose(3))
        const ends = [home, otherEnd(home)]
        const received: number[] = []
        const senders = upTo(3).map((id) =>
          go(function* () {
            for (let i = 0; i < 4; i++) yield* ends[id % 2].send(10 * id + i)
          }),
        )
        const receivers = upTo(3).map((id) =>
          go(function* () {
            for (;;) {
              const message = yield* ends[id % 2].receive()
              if (message._tag === 'None') return
              received.push(message.value)
            }
          }),
        )
        for (let i = trial.choose(10); i > 0; i--) yield* gosched()
        receivers[0].cancel()
        for (const sender of senders) yield* sender.join()
        home.close()
        for (const receiver of receivers) yield* receiver.join().attempt()
        expect(received.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23])
        for (const id of upTo(3)) if (received.length > 0) expect(received.filter((n) => Math.floor(n / 10) === id)).toHaveLength(4)
      },
      { schedules: portionOf(300), strategy },
    )
  })
})

const hosts = { threads: makeHost(), inline: new InlineHost(2) }

describe.each(['threads', 'inline'] as const)('on %s', (name) => {
  const pool = new Threads({ ...settings, size: 2 }, hosts[name])
  afterAll(() => pool[Symbol.asyncDispose]())

  it('brings numbers there and back, in order, and closes both ways', async () => {
    const [jobs, results] = [numbers(16), numbers(16)]
    const squaring = go(work.squares.on(pool)(jobs, results))
    const items = [...upTo(2000), NaN, -0, 0.1, Infinity]
    go(function* () {
      for (const item of items) yield* jobs.send(item)
      jobs.close()
    })
    expect(await collect(background, fromReceiver(results)).join()).toEqual(items.map((n) => n * n))
    await squaring.join()
  })

  it('threads send to each other without this thread', async () => {
    await pool.ready(work.squares)
    const [jobs, between, results] = [numbers(4), numbers(4), numbers(4)]
    const first = go(work.squares.on(pool)(jobs, between))
    const second = go(work.squares.on(pool)(between, results))
    go(function* () {
      for (const n of upTo(500)) yield* jobs.send(n)
      jobs.close()
    })
    const received: number[] = []
    for await (const n of results) received.push(n)
    expect(received).toEqual(upTo(500).map((n) => n ** 4))
    await all([first.join(), second.join()])
  })

  it('each number goes to one of several threads', async () => {
    const jobs = numbers(8)
    const taking = upTo(4).map(() => go(work.takes.on(pool)(jobs, 1000)))
    for (const n of upTo(1000)) await jobs.send(n)
    jobs.close()
    const taken = await all(taking.map((one) => one.join()))
    expect((taken.flat() as number[]).toSorted((a, b) => a - b)).toEqual(upTo(1000))
  })

  it('is closed with a copy of its cause, after what was sent before', async () => {
    const jobs = numbers(3)
    for (const n of [1, 2, 3]) jobs.trySend(n)
    jobs.close(Object.assign(new RangeError('no more'), { code: 'E_NO_MORE' }))
    const { taken, error } = await work.causeOf.on(pool)(jobs)
    expect(taken).toEqual([1, 2, 3])
    expect(error).toMatchObject({ name: 'RangeError', message: 'no more' })
  })

  it('a sender in a thread that waits throws when the channel is closed here', async () => {
    const results = numbers(2)
    const sending = go(work.sendsUntilClosed.on(pool)(results))
    while (results.size < 2) await hostTurn()
    results.close(new Error('enough'))
    expect(await sending.join()).toMatchObject({ message: 'send on closed channel', cause: { message: 'enough' } })
    expect([results.tryReceive(), results.tryReceive()]).toMatchObject([{ right: 0 }, { right: 1 }])
    expect(() => results.tryReceive()).toThrow('enough')
  })

  it('loses nothing in a select that another case wins', async () => {
    const jobs = numbers(10)
    for (const n of upTo(10)) jobs.trySend(n)
    jobs.close()
    expect((await work.selects.on(pool)(jobs)).taken).toEqual(upTo(10))
  })

  it('a canceled job has taken nothing of what comes later', async () => {
    const jobs = numbers(4)
    const ctx = withCancel(background)
    const { word, has } = beginning()
    const taking = failure(work.takesAfter.on(pool)(jobs, word).within(ctx))
    await has()
    ctx.cancel()
    expect(await taking).toMatchObject({ name: 'CanceledError' })
    await jobs.send(7)
    expect(jobs.tryReceive()).toMatchObject({ right: 7 })
  })
})

describe('a lost thread', () => {
  it('leaves exactly what it has not received', async () => {
    await using pool = new Threads(settings, makeHost())
    for (const n of [0, 1, 5, 16]) {
      const jobs = numbers(40)
      for (const one of upTo(40)) jobs.trySend(one)
      const { word, has } = beginning()
      const taking = failure(work.takesAndExits.on(pool)(jobs, n, word))
      await has()
      Atomics.store(word, 0, 2)
      expect(await taking).toMatchObject({ name: 'ThreadLostError' })
      jobs.close()
      expect(await collect(background, fromReceiver(jobs)).join()).toEqual(upTo(40).slice(n))
    }
  })

  const specOf = (ch: Chan<number>, part: Part) => ({ kind: 'numbers', memory: memoryOf(ch), index: 0, part }) as const

  it('in the midst of a step holds up nobody once its loss is known', async () => {
    const home = numbers(2)
    const part = partOf(9)
    const far = otherEnd(home, part)
    const lock = Reflect.get(far.ring, '_lock') as (at: number) => boolean
    for (const at of [48, 64]) expect(lock.call(far.ring, at)).toBe(true)
    expect(home.trySend(1)).toBe(false)
    const sending = go(function* () {
      yield* home.send(1)
    })
    const receiving = go(function* () {
      return yield* home.receive()
    })
    await hostTurn()
    expect([home.size, home.tryReceive()]).toMatchObject([0, { left: 'empty' }])
    abandon(specOf(home, part))
    await sending.join()
    expect(await receiving.join()).toMatchObject({ value: 1 })
  })

  it('in the midst of a close has closed the channel, with the loss as its cause', () => {
    const home = numbers(2)
    const part = partOf(9)
    home.trySend(1)
    const words = new Int32Array(memoryOf(home))
    words[80] = 9
    abandon(specOf(home, part))
    expect(home.tryReceive()).toMatchObject({ right: 1 })
    expect(() => home.tryReceive()).toThrow('numbers: a thread was lost while it closed the channel')
  })

  it('gives the places of its grants back', async () => {
    const home = numbers(1)
    const part = partOf(9)
    const far = otherEnd(home, part)
    for (let i = 0; i < 200; i++) {
      expect(home.trySend(i)).toBe(true)
      expect(far.ring.take(true)).toBe(i)
      abandon(specOf(home, part))
    }
    await home.send(1)
    expect(await select({ message: home.receive() })).toMatchObject({ value: { value: 1 } })
  })
})

/** The words of the waits for numbers: the epoch, which counts the wakings, and whether a thread has said that it sleeps. */
const wordsOf = (ch: Chan<number>): Int32Array => new Int32Array(memoryOf(ch), 0, 5)

it('a thread that is slow to wake is woken once, by the first of many numbers', () => {
  const ch = numbers(100)
  const words = wordsOf(ch)
  words[4] = 1 // a thread says that it sleeps
  for (const n of upTo(100)) ch.trySend(n)
  expect([words[0], words[4]]).toEqual([1, 0])
})

it('the threads that sleep are woken where a thread was lost in the midst of waking them', () => {
  const ch = numbers(1)
  const [words, part] = [wordsOf(ch), partOf(1)]
  words[4] = 0 // the lost thread has taken back the word, and has not counted
  abandon({ kind: 'numbers', memory: memoryOf(ch), index: 0, part })
  expect(words[0]).toBeGreaterThan(0)
})

describe('misuse', () => {
  it.each([0, -1, 1.5, NaN, 2 ** 26 + 1])('a capacity of %d', (capacity) => {
    expect(() => numbers(capacity)).toThrow('numbers(capacity): expected a whole number from 1 to 2^26')
  })

  it('values that are no numbers, a second close, a place inside another value', async () => {
    const ch = numbers(1)
    expect(() => ch.trySend('1' as unknown as number)).toThrow('numbers.trySend(value): expected a number, got "1"')
    expect(() => ch.send(1n as unknown as number)).toThrow('numbers.send(value): expected a number')
    await using pool = new Threads(settings, hosts.inline)
    expect(await failure(work.echo.on(pool)({ ch }))).toMatchObject({
      message: expect.stringContaining('the argument.ch is a channel of numbers, which crosses only as an argument of its own') as string,
    })
    ch.close()
    expect(() => ch.close()).toThrow('close of closed channel')
    expect(() => ch.trySend(1)).toThrow('send on closed channel')
  })

  it.each([
    ['a text', 'gone', 'gone'],
    ['an object that JSON does not have', 3n, '3'],
    ['a long text', 'x'.repeat(2000), 'x'.repeat(100)],
    ['an error with a long message', new TypeError('y'.repeat(2000)), { name: 'TypeError', message: 'y'.repeat(100) }],
    ['an error with many fields', Object.assign(new Error('many'), { all: upTo(1000) }), { message: 'many' }],
  ])('a cause that is %s crosses as far as it can', (_name, cause, copy) => {
    const home = numbers(1)
    const far = otherEnd(home)
    far.close(cause)
    let thrown: unknown
    try {
      home.tryReceive()
    } catch (error) {
      thrown = error
    }
    if (typeof copy === 'string') expect(thrown).toBe(copy)
    else expect(thrown).toMatchObject(copy)
  })
})

it('a number that comes between the look of a loop and its wait is received at once', async () => {
  const ch = numbers(1)
  ch.trySend(5)
  const loop = new ChannelIterator<number>({ take: () => PENDING, receive: () => ch.receive(), drained: (result) => result })
  expect(await loop.next()).toEqual({ done: false, value: 5 })
})

it('a plain channel and numbers meet in one select', async () => {
  const [plain, ring] = [chan<string>(), numbers(1)]
  const choosing = go(function* () {
    return yield* select({ plain: plain.receive(), ring: ring.receive() })
  })
  await hostTurn()
  ring.trySend(4)
  expect(await choosing.join()).toMatchObject({ case: 'ring', value: { value: 4 } })
  expect(plain.trySend('nobody')).toBe(false)
})
