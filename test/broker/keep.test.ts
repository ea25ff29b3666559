/** `keep` settles what it leaves out. */
import { background } from 'millrace'
import { keep, settle } from 'millrace/broker'
import { workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { filled, sortedOut, uses } from './filled.js'

describe.each(uses)('a %s', (use) => {
  it('keeps what a predicate accepts, and settles the rest', () =>
    bubble(function* () {
      const broker = filled(10)
      yield* broker.work(background, 1, (link) => link.from<number>({ [use]: 'in' }).pipe(workerPool(2, keep(async (n) => n % 2 === 0)), link.to({ topic: 'out' }), settle())).join() // prettier-ignore
      expect(new Set(sortedOut(broker))).toEqual(new Set([0, 2, 4, 6, 8]))
      expect(broker.isSettled).toBe(true)
    }))
})
