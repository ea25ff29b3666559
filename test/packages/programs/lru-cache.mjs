import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'

let fetched = 0
const cache = new LRUCache({
  max: 4,
  ttl: 10_000,
  fetchMethod: async (key) => {
    fetched++
    await pause(1)
    return `${key}!`
  },
})
const later = async (key, index) => {
  await pause(index % 3)
  return cache.fetch(key)
}
assert.deepEqual(await Promise.all(['a', 'b', 'a', 'c', 'd', 'a'].map(later)), ['a!', 'b!', 'a!', 'c!', 'd!', 'a!'])
assert.ok(fetched >= 4)
cache.set('e', 'e!')
assert.equal(cache.size, 4)
assert.equal(await cache.fetch('a', { forceRefresh: true }), 'a!')
cache.clear()
assert.equal(cache.size, 0)
