/** A stage has the same output in each placement: here, on threads, in other processes; there also where these are killed. */
import { background, go, sleep, withCancel } from 'millrace'
import { memoryBroker, serve, settle, stage, through, type MemoryBroker, type MemoryLink, type Stage } from 'millrace/broker'
import { collect, fromIterable, workerPool, type StandardSchema } from 'millrace/operators'
import { bubble, explore, type Trial } from 'millrace/testing'
import { inline, onThreads, threadPool } from 'millrace/threads'
import type { OperatorFunction } from 'rxjs'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { stageElsewhere } from './stage-elsewhere.js'

const input = z.object({ n: z.number(), key: z.string().default('k') })
const output = z.string().max(8)
const N = 12
const items = Array.from({ length: N }, (_, n) => ({ n, key: `k${n % 3}` }))

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

stageElsewhere((body) =>
  bubble(function* () {
    const broker = memoryBroker({ lease: 300 })
    yield* body({
      connect: function* () {
        yield* sleep(1)
        return broker.connect()
      },
      cut: (link) => {
        ;(link as MemoryLink).cut()
      },
      noticed: () => sleep(100) as never, // twice the time after which the caller is told
      *publish(topic, value) {
        yield* sleep(1)
        broker.publish(topic, value)
      },
      *settled() {
        yield* sleep(1)
        expect(broker.isSettled).toBe(true)
      },
    })
  }),
)

describe('serve', () => {
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
