/** The facts of a stage that is placed elsewhere, for each link: over the broker in memory, and over real servers. */
import { chan, go, select, withCancel, background, type Chan, type Context } from 'millrace'
import { serve, stage, type Stage, type StageLink } from 'millrace/broker'
import { collect, fromIterable, InvalidItemError, run } from 'millrace/operators'
import type { OperatorFunction } from 'rxjs'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'

export interface Elsewhere {
  connect(): Generator<never, StageLink>
  /** As kill -9 of the process with this link. */
  cut(link: StageLink): void
  /** Waits until the caller has been told of so many works that take long. */
  noticed(works: number): Generator<never, void>
  /** Publishes something that no caller has sent. */
  publish(topic: string, value: unknown): Generator<never, void>
  /** Waits until every message is settled, and no topic of a process is left. */
  settled(): Generator<never, void>
}

type Body = (there: Elsewhere) => Generator<never, void>

const input = z.object({ n: z.number(), key: z.string().default('k') })
const output = z.string().max(8)
const N = 12
const items = Array.from({ length: N }, (_, n) => ({ n, key: `k${n % 3}` }))

class OddError extends RangeError {
  override readonly name = 'OddError'
  readonly code = 'ODD'
}
interface Item {
  readonly n: number
}
type Op = OperatorFunction<{ n: number }, string>

const price = ({ n }: Item): string => `price ${n}`
const collected = (op: Op) => collect(background, fromIterable(items).pipe(op)).join()
const attempted = (op: Op, values: readonly { n: number }[] = items) => collect(background, fromIterable(values).pipe(op)).join().attempt()

/** Work that says when it has begun, and when it is unwound. */
class Watched {
  readonly begun: Chan<number> = chan(100)
  readonly unwound: Chan<number> = chan(100)

  count = 0;

  *work(n: number, body: () => Generator<never, unknown>): Generator<never, string> {
    this.count++
    this.begun.trySend(n)
    try {
      yield* body()
      return price({ n })
    } finally {
      this.unwound.trySend(n)
    }
  }
}

function* received(from: Chan<number>, count: number): Generator<never, void> {
  for (let i = 0; i < count; i++) yield* from.receive()
}

function* forever(): Generator<never, void> {
  yield* chan<void>().receive()
}

/** Runs `body` while two processes serve the stage. */
function* served<R>(there: Elsewhere, definition: Stage<never, unknown>, body: () => Generator<never, R>): Generator<never, R> {
  using ctx = withCancel(background)
  const serving = []
  for (const _ of [1, 2]) serving.push(serve(ctx, yield* there.connect(), definition, { workers: 2 }))
  const result = yield* body()
  ctx.cancel()
  for (const one of serving) yield* one.join()
  return result
}

/** The tests, where `runs` opens a broker and runs a program there. */
export function stageElsewhere(runs: (body: Body) => Promise<void>): void {
  const over = function* (there: Elsewhere, definition: Stage<{ n: number }, string>, workers = 4) {
    return definition.over(yield* there.connect(), { workers })
  }

  describe.each([
    ['without keys', {}],
    ['with keys', { key: (item: { n: number }) => item.n % 3 }],
  ])('a stage elsewhere, %s', (_, keyed) => {
    const inOrder = (out: readonly string[]) =>
      'key' in keyed ? [0, 1, 2].map((key) => out.filter((text) => Number(text.slice(6)) % 3 === key)) : out
    const definition = stage('price', { input, output, ...keyed }, price)

    it('has the output of the same stage here', () =>
      runs(function* (there) {
        const here = yield* collected(definition.pool(4))
        const out = yield* served(there, definition, function* () {
          return yield* collected(yield* over(there, definition))
        })
        expect(inOrder(out)).toEqual(inOrder(here))
        yield* there.settled()
      }))

    it('loses nothing where a process is killed that works on items', () =>
      runs(function* (there) {
        const watched = new Watched()
        const killed = stage('price', { input, output, ...keyed }, ({ n }) => watched.work(n, forever))
        using ctx = withCancel(background)
        const link = yield* there.connect()
        const first = serve(ctx, link, killed, { workers: 2 })
        const op = yield* over(there, definition)
        const calling = go(function* () {
          return yield* collected(op)
        })
        yield* received(watched.begun, 2)
        there.cut(link)
        first.cancel()
        const second = serve(ctx, yield* there.connect(), definition, { workers: 2 })
        expect(inOrder(yield* calling.join())).toEqual(inOrder(items.map(price)))
        ctx.cancel()
        yield* second.join()
      }))
  })

  describe('an error elsewhere', () => {
    const odd = stage('odd', { input, output }, ({ n }) => {
      if (n === 3) throw new OddError('three is odd', { cause: new TypeError('it is no price') })
      return price({ n })
    })
    it('crosses with its name, message, cause and fields', () =>
      runs(function* (there) {
        const here = yield* attempted(odd.pool(2))
        const end = yield* served(there, odd, function* () {
          return yield* attempted(yield* over(there, odd, 2))
        })
        for (const each of [here, end])
          expect(each).toMatchObject({ left: { name: 'OddError', message: 'three is odd', code: 'ODD', cause: { name: 'TypeError' } } })
        expect(end._tag === 'Left' && (end.left as Error).cause).toBeInstanceOf(TypeError)
      }))
    it('is skipped where the policy says so', () =>
      runs(function* (there) {
        const expected = items.map(price).filter((text) => text !== 'price 3')
        expect(yield* collected(odd.pool(2, { onFailure: 'skip' }))).toEqual(expected)
        const out = yield* served(there, odd, function* () {
          return yield* collected(odd.over(yield* there.connect(), { workers: 2, onFailure: 'skip' }))
        })
        expect(out).toEqual(expected)
      }))
    it.each([
      ['an item', { n: 'seven' } as unknown as { n: number }, 'price: input'],
      ['a result', { n: 1_000_000 }, 'price: output'],
    ])('is that of %s that does not match its schema', (_, item, where) =>
      runs(function* (there) {
        const definition = stage('price', { input, output }, price)
        const here = yield* attempted(definition.pool(1), [item])
        const end = yield* served(there, definition, function* () {
          return yield* attempted(yield* over(there, definition, 1), [item])
        })
        expect(here._tag === 'Left' && here.left).toBeInstanceOf(InvalidItemError)
        for (const each of [here, end])
          expect(String(each._tag === 'Left' && each.left)).toMatch(new RegExp(`^InvalidItemError: .*${where}`))
      }),
    )
    it('is a PoisonError for an item that ends each process that works on it', () =>
      runs(function* (there) {
        const watched = new Watched()
        const killer = stage('killer', { input, output }, ({ n }) => watched.work(n, forever))
        const op = yield* over(there, killer, 1)
        const end = go(function* () {
          return yield* attempted(op, [{ n: 1 }])
        })
        let begun = 0
        for (let isOver = false; !isOver;) {
          const link = yield* there.connect()
          const process = serve(background, link, killer, { attempts: 2 })
          isOver = (yield* select({ ended: end.join(), killed: watched.begun.receive() })).case === 'ended'
          if (!isOver) begun++
          there.cut(link)
          process.cancel()
        }
        expect(yield* end.join()).toMatchObject({ left: { name: 'PoisonError' } })
        expect(begun).toBe(2)
      }))
  })

  describe('work elsewhere', () => {
    it('ends with its caller, and the topics are forgotten', () =>
      runs(function* (there) {
        const watched = new Watched()
        const ends: string[] = []
        const long = stage('long', { input, output }, ({ n }, ctx: Context) =>
          watched.work(n, function* () {
            yield* ctx.done()
            ends.push('by its context')
          }),
        )
        yield* served(there, long, function* () {
          const op = yield* over(there, long, 3)
          using ctx = withCancel(background)
          const calling = run(ctx, fromIterable(items).pipe(op))
          yield* received(watched.begun, 3)
          yield* there.noticed(3)
          expect(ends).toEqual([])
          ctx.cancel()
          yield* calling.join().attempt()
          yield* received(watched.unwound, 3)
        })
        yield* there.settled()
      }))

    it('ends where another item fails', () =>
      runs(function* (there) {
        const watched = new Watched()
        const fails = chan<void>()
        const failing = stage('failing', { input, output }, ({ n }) =>
          watched.work(n, function* () {
            yield* fails.receive()
            if (n !== 2) yield* forever()
            throw new Error('it is two')
          }),
        )
        yield* served(there, failing, function* () {
          const op = yield* over(there, failing, 4)
          const end = go(function* () {
            return yield* attempted(op)
          })
          yield* received(watched.begun, 4)
          yield* there.noticed(4)
          fails.close()
          expect(yield* end.join()).toMatchObject({ left: { message: 'it is two' } })
          yield* received(watched.unwound, 4)
        })
      }))
  })

  describe('serve', () => {
    it('replies to what is under way when it is drained', () =>
      runs(function* (there) {
        const watched = new Watched()
        const opens = chan<void>()
        const definition = stage('price', { input, output }, ({ n }) => watched.work(n, function* () { yield* opens.receive() })) // prettier-ignore
        const stop = withCancel(background)
        const first = serve(stop, yield* there.connect(), definition, { workers: 3 })
        const op = yield* over(there, definition, 6)
        const calling = go(function* () {
          return yield* collected(op)
        })
        yield* received(watched.begun, 3)
        stop.cancel()
        opens.close()
        yield* first.join()
        using last = withCancel(background)
        const second = serve(last, yield* there.connect(), definition, { workers: 3 })
        expect(yield* calling.join()).toEqual(items.map(price))
        last.cancel()
        yield* second.join()
        expect(watched.count).toBe(N) // none came twice
      }))

    it('hands a message that is no item of a caller to the dead letters, and ends without them', () =>
      runs(function* (there) {
        const definition = stage('price', { input, output }, price)
        const letters = chan<unknown>(1)
        yield* there.publish('price', 'nonsense')
        using ctx = withCancel(background)
        const serving = serve(ctx, yield* there.connect(), definition, { deadLetters: ({ payload }) => void letters.trySend(payload) })
        expect(yield* letters.receive()).toMatchObject({ value: 'nonsense' })
        ctx.cancel()
        yield* serving.join()
        yield* there.publish('price', 'still more')
        const end = yield* serve(background, yield* there.connect(), definition)
          .join()
          .attempt()
        expect(String(end._tag === 'Left' && end.left)).toContain('is no item of a caller of the stage "price"')
      }))
  })
}
