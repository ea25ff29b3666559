// A loop over jobs that have their outcome without a wait yields to the host, and can be canceled.
import { all, background, go, mapConcurrent, onceValue, scope, syncMap, withCancel, withRetry, type Job } from 'millrace'
import { describe, expect, it } from 'vitest'
import { hostTurn } from '../support/settle.js'

const ended = withCancel(background)
ended.cancel()

function* nothing(): Generator<never, void> {}
const [succeeded, failed, stored] = [onceValue(() => 1), onceValue(() => Promise.reject(new Error('fails'))), syncMap<string, number>()]
stored.store('key', 1)

const jobs: Readonly<Record<string, () => Job<unknown>>> = {
  'onceValue that has succeeded': succeeded,
  'onceValue that has failed': failed,
  'loadOrCompute of a stored key': () => stored.loadOrCompute('key', () => 2),
  'a job within a context that has ended': () => all([nothing]).within(ended),
  'all under it': () => all(ended, [nothing]),
  'scope under it': () => scope(ended, nothing),
  'mapConcurrent under it': () => mapConcurrent([1], 1, nothing, { ctx: ended }),
  'withRetry under it': () => withRetry(() => 0, nothing, { ctx: ended }),
}

describe.each(Object.entries(jobs))('a loop over %s', (_, make) => {
  it('is canceled', async () => {
    await make().attempt()
    const looping = go(function* () {
      for (let i = 0; i < 1_000_000; i++) yield* make().attempt()
      return 'never yields'
    })
    await hostTurn()
    looping.cancel()
    await expect(looping.join()).rejects.toThrow('context canceled')
  })
})
