/** `through` makes work on values work on deliveries. */
import { background, chan, sleep } from 'millrace'
import { byKey, settle, through, type DeadDelivery } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { filled, sortedOut, uses } from './filled.js'

const observables: readonly (readonly [string, (n: number) => unknown])[] = [
  ['at once', () => of(1)],
  ['by a promise', async () => Promise.resolve(of(1))],
  ['by an operation', () => sleep(1).map(() => of(1))],
  [
    'by a generator',
    function* () {
      yield* sleep(1)
      return of(1)
    },
  ],
]

describe.each(uses)('a %s', (use) => {
  it('sends what fails to the dead letters after the attempts, and goes on', () =>
    bubble(function* () {
      const broker = filled(6)
      const dead = chan<DeadDelivery>(10)
      const tried: number[] = []
      const work = (n: number): number => {
        if (n === 4) tried.push(n)
        if (n === 4) throw new Error('no 4')
        return n
      }
      yield* broker.work(background, 1, (link) => link.from<number>({ [use]: 'in' }).pipe(byKey((d) => d.key, 2, work), link.to({ topic: 'out' }), settle({ attempts: 3, deadLetters: dead }))).join() // prettier-ignore
      expect(new Set(sortedOut(broker))).toEqual(new Set([0, 1, 2, 3, 5]))
      expect(tried).toEqual([4, 4, 4])
      const letter = dead.tryReceive()
      expect(letter).toMatchObject({ right: { payload: 4, attempts: 3, stage: 'byKey' } })
      expect(broker.isSettled).toBe(true)
    }))
  it.each(observables)('work that returns an observable %s has failed: nobody would subscribe to it', (_how, work) =>
    bubble(function* () {
      const broker = filled(1)
      const worker = workerPool(1, through(work as (n: number) => number)) // as from JavaScript
      const pipeline = broker
        .connect()
        .from<number>({ [use]: 'in' })
        .pipe(worker, settle({ attempts: 1 }))
      const message = expect.stringContaining('through(work): the result: expected a value, a promise') as string
      expect(yield* run(background, pipeline).join().attempt()).toMatchObject({ _tag: 'Left', left: { name: 'TypeError', message } })
      expect(broker.isSettled).toBe(false)
    }),
  )
  it('fails with the error of the work, where there are no dead letters', () =>
    bubble(function* () {
      const broker = filled(3)
      const boom = new Error('boom')
      const end = yield* run(background, broker.connect().from<number>({ [use]: 'in' }).pipe(workerPool(1, through(() => { throw boom })), settle({ attempts: 1 }))).join().attempt() // prettier-ignore
      expect(end).toEqual({ _tag: 'Left', left: boom })
      expect(broker.isSettled).toBe(false)
    }))
})
