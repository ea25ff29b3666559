import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import fastq from 'fastq'

const queue = fastq.promise(async (n) => {
  await pause(n % 2)
  if (n === 5) throw new Error('five')
  return n * 2
}, 2)
assert.deepEqual(await Promise.all([1, 2, 3, 4].map((n) => queue.push(n))), [2, 4, 6, 8])
queue.pause()
const [first, second] = [queue.push(1), queue.unshift(5)]
queue.resume()
await assert.rejects(second, /five/)
assert.equal(await first, 2)
await queue.drained()
assert.equal(queue.idle(), true)
