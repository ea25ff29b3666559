import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import pMap, { pMapIterable, pMapSkip } from 'p-map'

const double = async (n) => {
  await pause(n % 3)
  return n === 4 ? pMapSkip : n * 2
}
assert.deepEqual(await pMap([1, 2, 3, 4, 5], double, { concurrency: 2 }), [2, 4, 6, 10])
const seen = []
for await (const n of pMapIterable([1, 2, 3, 4, 5], double, { concurrency: 3, backpressure: 3 })) seen.push(n)
assert.deepEqual(seen, [2, 4, 6, 10])
const failing = async (n) => {
  await pause(n)
  if (n % 2 === 0) throw new Error(`even: ${n}`)
  return n
}
await assert.rejects(pMap([1, 2, 3, 4], failing, { concurrency: 2, stopOnError: false }), AggregateError)
