import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import Bottleneck from 'bottleneck'

const limiter = new Bottleneck({ maxConcurrent: 2, minTime: 1, reservoir: 20 })
const work = async (n) => {
  await pause(n % 2)
  return n
}
assert.deepEqual(await Promise.all([1, 2, 3, 4, 5].map((n) => limiter.schedule({ priority: n }, work, n))), [1, 2, 3, 4, 5])
let failures = 0
limiter.on('failed', (_, { retryCount }) => (retryCount < 2 ? 1 : undefined))
const flaky = async () => {
  await pause(1)
  if (++failures < 3) throw new Error('not yet')
  return failures
}
assert.equal(await limiter.schedule(flaky), 3)
const group = new Bottleneck.Group({ maxConcurrent: 1 })
await Promise.all(['a', 'b', 'a'].map((key) => group.key(key).schedule(work, 1)))
await limiter.stop()
await group.disconnect()
