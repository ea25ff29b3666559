import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import PQueue from 'p-queue'

const queue = new PQueue({ concurrency: 2, interval: 5, intervalCap: 3 })
const done = []
for (let n = 0; n < 8; n++) void queue.add(() => pause(n % 3).then(() => done.push(n)), { priority: n % 2 })
await queue.onIdle()
assert.deepEqual(done.toSorted(), [0, 1, 2, 3, 4, 5, 6, 7])
queue.pause()
const paused = queue.addAll([() => 'a', async () => 'b'])
assert.equal(queue.size, 2)
queue.start()
assert.deepEqual(await paused, ['a', 'b'])
await assert.rejects(
  queue.add(() => pause(1000, undefined, { ref: false }), { timeout: 2, throwOnTimeout: true }),
  { name: 'TimeoutError' },
)
const controller = new AbortController()
const aborted = queue.add(({ signal }) => pause(1000, undefined, { signal, ref: false }), { signal: controller.signal })
controller.abort(new Error('enough'))
await assert.rejects(aborted)
await queue.onIdle()
