/** A stage has the same output in each placement: here, on threads, in other processes; there also where these are killed. */
import { after, background, go, select, sleep, withCancel, type Context } from 'millrace'
import { memoryBroker, serve, settle, stage, through, type MemoryBroker, type Stage } from 'millrace/broker'
import { collect, fromIterable, InvalidItemError, run, workerPool, type StandardSchema } from 'millrace/operators'
import { bubble, explore, type Trial } from 'millrace/testing'
import { inline, onThreads, threadPool } from 'millrace/threads'
import type { OperatorFunction } from 'rxjs'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'

const input = z.object({ n: z.number(), key: z.string().default('k') })
const output = z.string().max(8)
const N = 12
const items = Array.from({ length: N }, (_, n) => ({ n, key: `k${n % 3}` }))

class OddError extends RangeError {
  override readonly name = 'OddError'
  readonly code = 'ODD'
}
const price = ({ n }: { readonly n: number }): string => `price ${n}`
const { onThread } = onThreads({ url: 'file:///stage.js' }, { onThread: price })
const slow = function* ({ n }: { readonly n: number }) {
  yield* sleep((n * 7) % 5)
  return `price ${n}`
}

type Op = OperatorFunction<{ n: number }, string>
const collected = (op: Op) => collect(background, fromIterable(items).pipe(op)).join()
const attempted = (op: Op, values: readonly { n: number }[] = items) => collect(background, fromIterable(values).pipe(op)).join().attempt()

/** Runs `body` with the stage placed elsewhere: two processes serve it. */
function* served<R>(definition: Stage<never, unknown>, body: (broker: MemoryBroker) => Generator<never, R>): Generator<never, R> {
  const broker = memoryBroker()
  using ctx = withCancel(background)
  const serving = [1, 2].map(() => serve(ctx, broker.connect(), definition, { workers: 2 }))
  const result = yield* body(broker)
  ctx.cancel()
  for (const one of serving) yield* one.join()
  return result
}

describe.each([
  ['without keys', {}],
  ['with keys', { key: (item: { n: number }) => item.n % 3 }],
])('a stage %s', (_, keyed) => {
  const definition = stage('price', { input, output, ...keyed }, slow)
  const inOrder = (out: readonly string[]) =>
    'key' in keyed ? [0, 1, 2].map((key) => out.filter((text) => Number(text.slice(6)) % 3 === key)) : out

  it('has the same output in three placements', () =>
    bubble(function* () {
      const expected = inOrder(items.map(price))
      expect(inOrder(yield* collected(definition.pool(4)))).toEqual(expected)
      {
        using _here = inline()
        const threaded = stage('price', { input, output, ...keyed }, onThread)
        expect(inOrder(yield* collected(threaded.on(threadPool({ size: 2 })).pool(4)))).toEqual(expected)
      }
      const out = yield* served(definition, (broker) => collected(definition.over(broker.connect(), { workers: 4 })) as never)
      expect(inOrder(out as string[])).toEqual(expected)
    }))

  it.each([1, 2, 3])('loses nothing where a process is killed, at the points of a schedule (%s)', async (seed) => {
    const proof = function* (trial: Trial): Generator<never, void> {
      const broker = memoryBroker({ lease: 300 })
      using ctx = withCancel(background)
      const links = [broker.connect(), broker.connect()]
      const serving = links.map((link) => serve(ctx, link, definition, { workers: 2 }))
      const out = collected(definition.over(broker.connect(), { workers: 4 }))
      const calling = go(function* () {
        return yield* out
      })
      yield* sleep(trial.choose(20))
      links[0].cut()
      serving[0].cancel()
      yield* sleep(trial.choose(3) * 100)
      serving.push(serve(ctx, broker.connect(), definition, { workers: 2 }))
      expect(inOrder(yield* calling.join())).toEqual(inOrder(items.map(price)))
      ctx.cancel()
      yield* serving[1].join()
      yield* serving[2].join()
    }
    expect((await explore(proof, { schedules: 40, seed, timers: 'when-idle', unperformed: false })).schedules).toBe(40)
  })
})

describe('an error', () => {
  const odd = ({ n }: { readonly n: number }): string => {
    if (n === 3) throw new OddError('three is odd', { cause: new TypeError('it is no price') })
    return price({ n })
  }
  it('of the work crosses with its name, message, cause and fields', () =>
    bubble(function* () {
      const definition = stage('odd', { input, output }, odd)
      const here = yield* attempted(definition.pool(2))
      const there = yield* served(definition, function* (broker) {
        return yield* attempted(definition.over(broker.connect(), { workers: 2 }))
      })
      for (const end of [here, there])
        expect(end).toMatchObject({ left: { name: 'OddError', message: 'three is odd', code: 'ODD', cause: { name: 'TypeError' } } })
      expect(there._tag === 'Left' && (there.left as Error).cause).toBeInstanceOf(TypeError)
    }))
  it('is skipped, where the policy says so, in each placement', () =>
    bubble(function* () {
      const definition = stage('odd', { input, output }, odd)
      const expected = items.map(price).filter((text) => text !== 'price 3')
      expect(yield* collected(definition.pool(2, { onFailure: 'skip' }))).toEqual(expected)
      const out = yield* served(definition, function* (broker) {
        return yield* collected(definition.over(broker.connect(), { workers: 2, onFailure: 'skip' }))
      })
      expect(out).toEqual(expected)
    }))
  it.each([
    ['an item', { n: 'seven' } as unknown as { n: number }, 'price: input'],
    ['a result', { n: 1_000_000 }, 'price: output'],
  ])('is that of %s that does not match its schema', (_, item, where) =>
    bubble(function* () {
      const definition = stage('price', { input, output }, price)
      const here = yield* attempted(definition.pool(1), [item])
      const there = yield* served(definition, function* (broker) {
        return yield* attempted(definition.over(broker.connect(), { workers: 1 }), [item])
      })
      expect(here._tag === 'Left' && here.left).toBeInstanceOf(InvalidItemError)
      for (const end of [here, there]) expect(String(end._tag === 'Left' && end.left)).toMatch(new RegExp(`^InvalidItemError: .*${where}`))
    }),
  )
  it('is a PoisonError for an item that ends each process that works on it', () =>
    bubble(function* () {
      const broker = memoryBroker({ lease: 300 })
      let begun = 0
      const killer = stage('killer', { input, output }, () => (begun++, sleep(1e9).map(() => '')))
      const end = go(function* () {
        return yield* attempted(killer.over(broker.connect(), { workers: 1 }), [{ n: 1 }])
      })
      for (let life = 1; life <= 3; life++) {
        const link = broker.connect()
        const process = serve(background, link, killer, { attempts: 2 })
        const { case: first } = yield* select({ ended: end.join(), killed: after(1000) })
        if (first === 'ended') process.cancel()
        link.cut()
        process.cancel()
      }
      expect(yield* end.join()).toMatchObject({ left: { name: 'PoisonError' } })
      expect(begun).toBe(2)
    }))
})

describe('the end of the caller', () => {
  it('ends the work elsewhere, and forgets the topics', () =>
    bubble(function* () {
      const ends: string[] = []
      const long = stage('long', { input, output }, function* (_item: unknown, ctx: Context) {
        try {
          yield* ctx.done()
          ends.push('by its context')
          return ''
        } finally {
          ends.push('unwound')
        }
      })
      yield* served(long, function* (broker) {
        using ctx = withCancel(background)
        const calling = run(ctx, fromIterable(items).pipe(long.over(broker.connect(), { workers: 3 })))
        yield* sleep(100)
        expect(ends).toEqual([])
        ctx.cancel()
        yield* calling.join().attempt()
        yield* sleep(1)
        expect(ends.filter((end) => end === 'unwound')).toHaveLength(3)
        expect(broker.isSettled).toBe(true)
      })
    }))
})

describe('an item that fails', () => {
  it('ends the work of the others elsewhere', () =>
    bubble(function* () {
      let unwound = 0
      const failing = stage('failing', { input, output }, function* ({ n }) {
        try {
          yield* sleep(n === 2 ? 100 : 1e9)
          throw new Error('it is two')
        } finally {
          unwound++
        }
      })
      yield* served(failing, function* (broker) {
        const end = yield* attempted(failing.over(broker.connect(), { workers: 4 }))
        expect(end).toMatchObject({ left: { message: 'it is two' } })
        yield* sleep(1)
        expect(unwound).toBe(4)
      })
    }))
})

describe('serve', () => {
  it('answers what is under way when it is drained', () =>
    bubble(function* () {
      const broker = memoryBroker()
      const definition = stage('price', { input, output }, ({ n }) => sleep(100).map(() => price({ n })))
      const stop = withCancel(background)
      const first = serve(stop, broker.connect(), definition, { workers: 3 })
      const calling = go(function* () {
        return yield* collected(definition.over(broker.connect(), { workers: 6 }))
      })
      yield* sleep(20)
      stop.cancel()
      yield* first.join()
      const second = serve(background, broker.connect(), definition, { workers: 3 })
      expect(yield* calling.join()).toEqual(items.map(price))
      second.cancel()
    }))
  it('hands a message that is no item of a caller to the dead letters, and ends without them', () =>
    bubble(function* () {
      const broker = memoryBroker()
      const definition = stage('price', { input, output }, price)
      broker.publish('price', 'nonsense')
      const letters: unknown[] = []
      const serving = serve(background, broker.connect(), definition, { deadLetters: ({ payload }) => letters.push(payload) })
      yield* sleep(1)
      expect(letters).toEqual(['nonsense'])
      expect(broker.isSettled).toBe(true)
      broker.publish('price', 'more')
      yield* sleep(1)
      serving.cancel()
      broker.publish('price', 'still more')
      const end = yield* serve(background, broker.connect(), definition).join().attempt()
      expect(String(end._tag === 'Left' && end.left)).toContain('is no item of a caller of the stage "price"')
    }))
  it('loses the connection of its callers with their error', () =>
    bubble(function* () {
      const broken = { ...memoryBroker().connect(), from: () => fromIterable([1]) as never, to: () => workerPool(1, () => Promise.reject(new Error('no route'))) as never } // prettier-ignore
      const end = yield* attempted(stage('price', { input, output }, price).over(broken, { workers: 1 }))
      expect(String(end._tag === 'Left' && end.left)).toMatch(/no route|Delivery/)
    }))
})

it('the work of a stage is a worker on deliveries', () =>
  bubble(function* () {
    const broker = memoryBroker({ partitions: 1 })
    for (const item of items) broker.publish('in', item)
    const definition = stage('price', { input, output }, price)
    yield* broker.work(background, 1, (link) => link.from<{ n: number }>({ queue: 'in' }).pipe(workerPool(2, through(definition.work)), link.to({ topic: 'out' }), settle())).join() // prettier-ignore
    expect(new Set(broker.messages('out').map(({ value }) => value))).toEqual(new Set(items.map(price)))
  }))

it('on throws for work that is no function of onThreads', () => {
  expect(() => stage('price', { input, output }, price).on(threadPool({ size: 1 }))).toThrow('a function of onThreads')
})

it('a schema may validate in a promise', () =>
  bubble(function* () {
    const later: StandardSchema<string> = { '~standard': { version: 1, vendor: 'test', validate: (value) => Promise.resolve({ value: `${String(value)}!` }) } } // prettier-ignore
    const definition = stage('price', { input, output: later }, price)
    expect(yield* collect(background, fromIterable([{ n: 1 }]).pipe(definition.pool(1))).join()).toEqual(['price 1!'])
  }))
