import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import pLimit, { limitFunction } from 'p-limit'

const limit = pLimit(2)
let [underWay, most] = [0, 0]
const work = async (n) => {
  most = Math.max(most, ++underWay)
  await pause(n % 3)
  underWay--
  return n * n
}
const squares = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => limit(work, n)))
assert.deepEqual(squares, [1, 4, 9, 16, 25, 36])
assert.equal(most, 2)
limit.concurrency = 1
assert.deepEqual(await limit.map([3, 2, 1], work), [9, 4, 1])
const one = limitFunction(work, { concurrency: 1 })
assert.deepEqual(await Promise.all([one(1), one(2)]), [1, 4])
assert.deepEqual([limit.activeCount, limit.pendingCount], [0, 0])
