import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { none, some } from 'fp-ts/lib/Option.js'
import { chan, go, range, select, sleep, type Receiver } from 'millrace'
import { receiver } from 'millrace/fp-ts'
import { from, lastValueFrom, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { nobody, waitersOf } from '../support/waiters.js'

function filled<A>(...values: A[]) {
  const ch = chan<A>(values.length)
  for (const value of values) ch.trySend(value)
  ch.close()
  return ch
}

async function all<A>(values: Receiver<A>): Promise<A[]> {
  const found: A[] = []
  for await (const value of values) found.push(value)
  return found
}

const isEven = (n: number) => n % 2 === 0

describe('map', () => {
  it('is a view: receives, tries, iterates and is observed as the channel is', async () => {
    const doubled = pipe(
      filled(1, 2, 3, 4, 5),
      receiver.map((n) => n * 2),
    )
    expect([doubled.size, doubled.capacity]).toEqual([5, 5])
    expect(doubled.tryReceive()).toEqual(E.right(2))
    expect(await doubled.receive()).toEqual(some(4))
    const seen = go(function* () {
      const it = range(doubled)
      yield* it.next()
      return it.value
    })
    expect(await seen.join()).toBe(6)
    expect(await lastValueFrom(from(doubled).pipe(toArray()))).toEqual([8, 10])
    expect(doubled.tryReceive()).toEqual(E.left('closed'))
    expect(await doubled.receive()).toEqual(none)
  })

  it('takes nothing while its receive is not chosen', async () => {
    const ch = chan<number>()
    const doubled = pipe(
      ch,
      receiver.map((n) => n * 2),
    )
    expect((await select({ doubled: doubled.receive(), time: sleep(0) }, { biased: true })).case).toBe('time')
    expect(waitersOf(ch)).toEqual(nobody)
    const [received] = await Promise.all([doubled.receive(), ch.send(1)])
    expect(received).toEqual(some(2))
  })

  it('leaving a for await consumes nothing more and closes nothing', async () => {
    const ch = chan<number>(3)
    for (const n of [1, 2, 3]) ch.trySend(n)
    for await (const n of pipe(
      ch,
      receiver.map((n) => n * 2),
    ))
      if (n === 4) break
    expect([ch.size, ch.isClosed]).toEqual([1, false])
  })
})

describe('a filtering receiver', () => {
  it('is used by data-last functions', async () => {
    const numbers = () => filled(1, 2, 3, 4)
    expect(await all(pipe(numbers(), receiver.filter(isEven)))).toEqual([2, 4])
    expect(
      await all(
        pipe(
          numbers(),
          receiver.filterMap((n) => (isEven(n) ? some(n / 2) : none)),
        ),
      ),
    ).toEqual([1, 2])
    expect(await all(pipe(filled(some(1), none, some(3)), receiver.compact))).toEqual([1, 3])
    const { left, right } = pipe(numbers(), receiver.partition(isEven))
    expect(await Promise.all([all(left), all(right)])).toEqual([
      [1, 3],
      [2, 4],
    ])
    const separated = pipe(filled(E.left('a'), E.right(1)), receiver.separate)
    expect(await Promise.all([all(separated.left), all(separated.right)])).toEqual([['a'], [1]])
  })

  it('holds one value, and takes the next only when that is received', async () => {
    const ch = chan<number>(9)
    for (let n = 0; n < 9; n++) ch.trySend(n)
    const even = pipe(ch, receiver.filter(isEven))
    await settle()
    expect(ch.size).toBe(8)
    expect(await even.receive()).toEqual(some(0))
    await settle()
    expect(ch.size).toBe(6)
  })

  it("the two halves of a partition wait for each other's values", async () => {
    const ch = chan<number>(2)
    ch.trySend(1)
    ch.trySend(2)
    const { left: odd, right: even } = pipe(ch, receiver.partition(isEven))
    await settle()
    expect(even.tryReceive()).toEqual(E.left('empty'))
    expect(await odd.receive()).toEqual(some(1))
    expect(await even.receive()).toEqual(some(2))
  })

  it('passes on the cause of the close, and closes with the error that its function throws', async () => {
    const failed = chan<number>(1)
    failed.trySend(2)
    failed.close(new Error('failed'))
    const even = pipe(failed, receiver.filter(isEven))
    expect(await even.receive()).toEqual(some(2))
    await expect(even.receive()).rejects.toThrow('failed')

    const broken = (thrown: unknown) =>
      pipe(
        filled(1),
        receiver.filterMap(() => {
          throw thrown
        }),
      )
    await expect(broken(new Error('broken')).receive()).rejects.toThrow('broken')
    await expect(broken(undefined).receive()).rejects.toThrow('undefined was thrown')
  })
})

it.each([
  ['map', () => receiver.map(1 as never)],
  ['filter', () => receiver.filter(1 as never)],
  ['filterMap', () => receiver.filterMap(1 as never)],
  ['partition', () => receiver.partition(1 as never)],
  ['partitionMap', () => receiver.partitionMap(1 as never)],
])('%s throws at once when its argument is not a function', (name, call) => {
  expect(call).toThrow(new RegExp(`^${name}\\(.*\\): expected a function, got 1$`))
})
