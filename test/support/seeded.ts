/** Chance from a seed, until it is disposed: what a select draws is then the same in every run. */
import { Random } from '../../src/runtime/base/random.js'
import { queue } from '../../src/runtime/scheduler/run-queue.js'

export function seeded(seed: number): Disposable {
  const before = queue.random
  queue.random = new Random(seed)
  return { [Symbol.dispose]: () => void (queue.random = before) }
}
