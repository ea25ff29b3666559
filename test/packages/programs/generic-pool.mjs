import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import genericPool from 'generic-pool'

let [made, underWay, most] = [0, 0, 0]
const factory = {
  async create() {
    await pause(1)
    return { id: ++made }
  },
  async destroy() {},
  validate: async ({ id }) => id !== 1,
}
const pool = genericPool.createPool(factory, { max: 2, min: 0, testOnBorrow: true, acquireTimeoutMillis: 2000 })
const use = async (resource) => {
  most = Math.max(most, ++underWay)
  await pause(1)
  underWay--
  return resource.id
}
await Promise.all([1, 2, 3, 4, 5].map(() => pool.use(use)))
const resource = await pool.acquire()
await pool.release(resource)
assert.equal(most, 2)
await pool.drain()
await pool.clear()
assert.deepEqual([pool.size, pool.borrowed], [0, 0])
