/** `drain` ends the intake, settles what is under way, and hands over. */
import { background, sleep, withCancel } from 'millrace'
import { byKey, drain, DrainError, settle, type MemoryLink } from 'millrace/broker'
import { bubble } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { filled, uses } from './filled.js'

describe.each(uses)('a %s', (use) => {
  it('is drained, and another worker has the rest, with no message twice', () =>
    bubble(function* () {
      const broker = filled(30)
      const done: number[] = []
      const pipeline = (link: MemoryLink) => link.from<number>({ [use]: 'in' }).pipe(byKey((d) => d.key, 4, function* (n) { yield* sleep(5); done.push(n) }, { waiting: 2 }), settle()) // prettier-ignore
      const ctx = withCancel(background)
      const first = drain(ctx, pipeline(broker.connect()))
      yield* sleep(12)
      ctx.cancel()
      yield* first.join()
      expect(done.length).toBeGreaterThan(0)
      expect(done.length).toBeLessThan(30)
      yield* broker.work(background, 1, pipeline).join()
      expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i))
    }))
  it('is cut off after the time that a drain may take', () =>
    bubble(function* () {
      const broker = filled(3)
      const ctx = withCancel(background)
      const stuck = drain(ctx, broker.connect().from<number>({ [use]: 'in' }).pipe(byKey((d) => d.key, 4, () => sleep(60_000)), settle()), { within: 50 }) // prettier-ignore
      yield* sleep(5)
      ctx.cancel()
      const end = yield* stuck.join().attempt()
      expect(end._tag === 'Left' && end.left).toBeInstanceOf(DrainError)
      expect(broker.isSettled).toBe(false)
    }))
})
