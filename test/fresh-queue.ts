/**
 * Before each suite that shares its process with others: a drain that follows a turn of the host has begun a slice, and no async function counts
 * as resumed, as in a new process. Otherwise it depends on the suite before which callbacks run at once.
 */
import { beforeAll, expect } from 'vitest'
import { isAlone } from './alone.js'

const { testPath = '' } = expect.getState()
if (!isAlone(testPath)) {
  const { queue } = await import('../src/runtime/scheduler/run-queue.js')
  beforeAll(() => new Promise<void>((resolve) => queue.pushAfterHost({ run: resolve })))
}
