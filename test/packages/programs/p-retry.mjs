import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import pRetry, { AbortError } from 'p-retry'

const options = { retries: 5, minTimeout: 1, maxTimeout: 2 }
const flaky = (failures) => async (attempt) => {
  await pause(1)
  if (attempt <= failures) throw new Error('not yet')
  return attempt
}
assert.deepEqual(await Promise.all([0, 1, 3].map((failures) => pRetry(flaky(failures), options))), [1, 2, 4])
await assert.rejects(pRetry(flaky(9), options), /not yet/)
await assert.rejects(
  pRetry(() => Promise.reject(new AbortError('never')), options),
  /never/,
)
