/** Seeds the random choices of select until its disposal, so that every run draws the same. */
import { Random } from '../../src/runtime/base/random.js'
import { queue } from '../../src/runtime/scheduler/run-queue.js'

export function seeded(seed: number): Disposable {
  const before = queue.random
  queue.random = new Random(seed)
  return { [Symbol.dispose]: () => void (queue.random = before) }
}
