import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import AsyncLock from 'async-lock'

const lock = new AsyncLock()
const counts = { a: 0, b: 0 }
const add = async (key) => {
  const was = counts[key]
  await pause(1)
  counts[key] = was + 1
}
await Promise.all(['a', 'b', 'a', 'b', 'a'].map((key) => lock.acquire(key, () => add(key))))
assert.deepEqual(counts, { a: 3, b: 2 })
await Promise.all([lock.acquire(['a', 'b'], () => add('a')), lock.acquire('b', () => add('b'))])
assert.deepEqual(counts, { a: 4, b: 3 })
const long = lock.acquire('a', () => pause(5))
await assert.rejects(
  lock.acquire('a', () => 1, { timeout: 1 }),
  /timed out/,
)
await long
assert.equal(lock.isBusy(), false)
