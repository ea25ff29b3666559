import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { Mutex, Semaphore, tryAcquire, withTimeout, E_ALREADY_LOCKED } from 'async-mutex'

const [mutex, semaphore] = [new Mutex(), new Semaphore(2)]
let count = 0
const add = async () => {
  const was = count
  await pause(1)
  count = was + 1
}
await Promise.all([1, 2, 3, 4].map(() => mutex.runExclusive(add)))
assert.equal(count, 4)
let [underWay, most] = [0, 0]
const hold = async (n) => {
  most = Math.max(most, ++underWay)
  await pause(n % 2)
  underWay--
}
await Promise.all([1, 2, 3, 4, 5].map((n) => semaphore.runExclusive(() => hold(n))))
assert.equal(most, 2)
const release = await mutex.acquire()
await assert.rejects(tryAcquire(mutex).acquire(), E_ALREADY_LOCKED)
await assert.rejects(withTimeout(mutex, 2).acquire())
release()
await mutex.waitForUnlock()
