import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import DataLoader from 'dataloader'

const batches = []
const loader = new DataLoader(
  async (keys) => {
    batches.push(keys)
    await pause(1)
    return keys.map((key) => (key < 0 ? new Error(`no user ${key}`) : key * 2))
  },
  { maxBatchSize: 3 },
)
const later = async (key) => {
  await pause(key % 2)
  return loader.load(key)
}
assert.deepEqual(await Promise.all([1, 2, 1, 3, 4, 5].map(later)), [2, 4, 2, 6, 8, 10])
assert.deepEqual(batches.flat().toSorted(), [1, 2, 3, 4, 5])
await assert.rejects(loader.load(-1), /no user/)
loader.clear(1).prime(7, 70)
assert.deepEqual(await loader.loadMany([7, 1]), [70, 2])
