import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import Keyv from 'keyv'

const keyv = new Keyv()
const visit = async (n) => {
  await keyv.set(`key ${n % 2}`, n, 10_000)
  await pause(1)
  return keyv.get('key 1')
}
assert.deepEqual(await Promise.all([1, 2, 3].map(visit)), [3, 3, 3])
await keyv.set('short', 1, 1)
await pause(5)
assert.equal(await keyv.get('short'), undefined)
assert.equal(await keyv.delete('key 0'), true)
await keyv.clear()
assert.equal(await keyv.has('key 1'), false)
