/** `flatThrough` and `batch` settle messages when all their parts are. */
import { background } from 'millrace'
import { batch, flatThrough, settle, through } from 'millrace/broker'
import { workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { filled, uses } from './filled.js'

describe.each(uses)('a %s', (use) => {
  it('settles a message when all its parts are, and a batch together', () =>
    bubble(function* () {
      const broker = filled(6)
      const stored: unknown[] = []
      yield* broker.work(background, 1, (link) => link.from<number>({ [use]: 'in' }).pipe(workerPool(2, flatThrough((n) => Array<number>(n % 3).fill(n))), batch({ size: 3, within: 10 }), workerPool(1, through((rows) => void stored.push(...rows))), settle())).join() // prettier-ignore
      expect(stored.sort()).toEqual([1, 2, 2, 4, 5, 5])
      expect(broker.isSettled).toBe(true)
    }))
})
