/** `flatThrough` and `batch` settle messages when all their parts are. */
import { background, sleep } from 'millrace'
import { batch, flatThrough, settle, through, type Delivery } from 'millrace/broker'
import { workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { tap } from 'rxjs'
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

  it.each([[[]], [[1, 2]]])('a message that its work has given up has no parts, and is settled after its dead letter: %j', (result) =>
    bubble(function* () {
      const broker = filled(1)
      const work = flatThrough((_n: number, _ctx, delivery) => {
        delivery.reject(new Error('no'))
        return result
      })
      const seen: unknown[] = []
      const deadLetters = () => sleep(10).map(() => void seen.push(broker.isSettled))
      yield* broker
        .work(background, 1, (link) =>
          link.from<number>({ [use]: 'in' }).pipe(
            workerPool(1, work),
            tap(({ value }) => seen.push(value)),
            settle({ deadLetters }),
          ),
        )
        .join()
      expect(seen).toEqual([false])
    }),
  )

  it('a part that is given up while its message was settled otherwise settles nothing twice', () =>
    bubble(function* () {
      const broker = filled(1)
      const letters: unknown[] = []
      let first: { reject(cause: unknown): void } | null = null
      const work = flatThrough((n: number, _ctx, delivery) => {
        first = delivery
        return [n, n]
      })
      const rejects = tap<Delivery<number>>(() => {
        first?.reject(new Error('no'))
        first = null
      })
      yield* broker
        .work(background, 1, (link) =>
          link
            .from<number>({ [use]: 'in' })
            .pipe(workerPool(1, work), rejects, settle({ deadLetters: (letter) => void letters.push(letter) })),
        )
        .join()
      expect(letters).toHaveLength(1)
    }))
})
