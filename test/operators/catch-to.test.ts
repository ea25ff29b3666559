/** catchTo: dead letters. */
import { background, chan, type Chan, sleep } from 'millrace'
import { catchTo, collect, type DeadLetter, fromIterable, run, workerPool } from 'millrace/operators'
import { type Observable, of, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

/** Fails on odd items, in each of the ways. */
const odd: Record<string, (i: number) => unknown> = {
  throws(i) {
    if (i % 2 === 1) throw boom
    return i
  },
  rejects: (i) => (i % 2 === 1 ? Promise.reject(boom) : Promise.resolve(i)),
  'throws in a generator': function* (i) {
    yield* sleep(0)
    if (i % 2 === 1) throw boom
    return i
  },
  'fails as an observable': (i) => (i % 2 === 1 ? throwError(() => boom) : of(i)),
}

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())

const boom = new Error('boom')

describe('catchTo', () => {
  const letters = (ch: Chan<DeadLetter>): unknown[] => {
    const got: unknown[] = []
    for (let letter = ch.tryReceive(); letter._tag === 'Right'; letter = ch.tryReceive()) got.push(letter.right)
    return got
  }
  it.each(Object.keys(odd))('sends on each item whose work fails, with the cause; work that %s', async (how) => {
    const dead = chan<DeadLetter>(10)
    const pipeline = fromIterable([0, 1, 2, 3]).pipe(workerPool(2, odd[how] as (i: number) => number, { name: 'parse' }), catchTo(dead))
    expect((await all(pipeline)).sort()).toEqual([0, 2])
    expect(letters(dead)).toEqual([
      { value: 1, cause: boom, stage: 'parse', position: 1 },
      { value: 3, cause: boom, stage: 'parse', position: 3 },
    ])
  })
  it('a full channel of letters paces the stage: the item keeps its place until the letter is sent', async () => {
    const dead = chan<DeadLetter>()
    const begun: number[] = []
    const pool = workerPool(1, (i: number) => {
      begun.push(i)
      throw boom
    })
    const g = run(background, fromIterable([0, 1]).pipe(pool, catchTo(dead)))
    await settle()
    expect(begun).toEqual([0])
    await dead.receive()
    await settle()
    expect(begun).toEqual([0, 1])
    await dead.receive()
    await g.join()
  })
  it('whoever leaves while a letter waits takes it back', async () => {
    const dead = chan<DeadLetter>()
    const subscription = of(1).pipe(workerPool(1, odd.throws), catchTo(dead)).subscribe()
    await settle()
    subscription.unsubscribe()
    expect(dead.tryReceive()).toEqual({ _tag: 'Left', left: 'empty' })
  })
  it('takes what a restart gives up, not what is to stop, and no error that is about no item', async () => {
    const dead = chan<DeadLetter>(10)
    const restarts = workerPool(1, odd.throws, { onFailure: 'restart', schedule: ({ attempts }) => (attempts < 3 ? 0 : null) })
    expect(await all(fromIterable([1, 2]).pipe(restarts, catchTo(dead)))).toEqual([2])
    expect(letters(dead)).toHaveLength(1)
    await expect(all(of(1).pipe(workerPool(1, odd.throws, { onFailure: 'stop' }), catchTo(dead)))).rejects.toBe(boom)
    await expect(all(throwError(() => boom).pipe(catchTo(dead)))).rejects.toBe(boom)
    dead.close()
    await expect(all(of(1).pipe(workerPool(1, odd.throws), catchTo(dead)))).rejects.toThrow('send on closed channel')
    expect(() => catchTo(null as never)).toThrow(/expected a Sender, got null/)
  })
})
