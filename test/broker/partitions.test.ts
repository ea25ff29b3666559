/** `partitions` builds a pipeline for each partition. */
import { background } from 'millrace'
import { memoryBroker, partitions, settle, through } from 'millrace/broker'
import { workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { describe, expect, it } from 'vitest'

describe('a log', () => {
  it('has a pipeline for each partition', () =>
    bubble(function* () {
      const broker = memoryBroker({ partitions: 3 })
      for (let i = 0; i < 12; i++) broker.publish('in', i, { key: `k${i}` })
      const seen = new Map<number, number>()
      yield* broker.work(background, 1, (link) => partitions(link.from<number>({ log: 'in' }), (part, i) => part.pipe(workerPool(1, through(() => void seen.set(i, (seen.get(i) ?? 0) + 1))), settle()))).join() // prettier-ignore
      expect([...seen.values()].reduce((a, b) => a + b, 0)).toBe(12)
      expect(broker.isSettled).toBe(true)
    }))
})
