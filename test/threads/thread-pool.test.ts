import { expect, it } from 'vitest'
import { go } from 'millrace'
import { threadPool, ThreadLostError } from 'millrace/threads'
import { InlineHost } from '../../src/adapters/threads/hosts/inline-host.js'
import { Threads } from '../../src/adapters/threads/thread-pool.js'
import { inPage, makeHost } from './real-threads.js'
import { beginning, failure, settings } from './suite.js'
import { work } from './work.js'

it('replaces a thread after the jobs of recycle; every job has its result', async () => {
  await using pool = new Threads({ ...settings, recycle: { jobs: 10, memory: Infinity } }, new InlineHost(1))
  const handles = Array.from({ length: 35 }, (_, i) => go(work.double.on(pool)(i)))
  for (const [i, handle] of handles.entries()) expect(await handle.join()).toBe(2 * i)
  expect(pool.stats().recycled).toBeGreaterThanOrEqual(1)
  expect(pool.stats()).toMatchObject({ jobs: 35, lost: 0 })
})

const limits = [{ memory: 64 }, { recycle: { jobs: Infinity, memory: 200 } }]

/** Neither Bun nor a page measures the memory of a thread. */
const measures = !inPage && !('Bun' in globalThis)

it.skipIf(measures).each(limits)('refuses a limit of memory that the host would ignore', async (limit) => {
  await using pool = new Threads({ ...settings, ...limit }, makeHost())
  const error = await failure(work.double.on(pool)(1))
  expect(error).toBeInstanceOf(ThreadLostError)
  expect((error as Error).message).toMatch(/(Bun|a browser) (limits|measures) no memory of a thread/)
})

it.runIf(measures)('replaces a thread whose memory is over the limit of recycle', async () => {
  await using pool = new Threads({ ...settings, recycle: { jobs: Infinity, memory: 200 } }, makeHost())
  const kept = [await work.keeps.on(pool)(2 ** 20), await work.keeps.on(pool)(250 * 2 ** 20), await work.keeps.on(pool)(1)]
  expect(kept).toEqual([1, 2, 1])
  expect(pool.stats()).toMatchObject({ started: 2, recycled: 1, lost: 0 })
})

it('calls that wait in their thread leave room for others, however long the calls before them took', async () => {
  await using pool = new Threads(settings, new InlineHost(1))
  pool.pool.ahead.worked(1000, 1)
  const begun = Array.from({ length: 20 }, beginning)
  const handles = begun.map(({ word }) => go(work.waits.on(pool)(word)))
  for (const { has } of begun) await has()
  for (const handle of handles) handle.cancel()
  for (const handle of handles) expect((await handle.join().attempt())._tag).toBe('Left')
})

it('closes at the end of its block', async () => {
  const made = threadPool({ size: 1 })
  {
    await using pool = made
    expect(pool.stats()).toMatchObject({ threads: 0, recycled: 0 })
  }
  expect(await failure(work.double.on(made)(1))).toMatchObject({ message: expect.stringContaining('was closed') as string })
  expect(ThreadLostError.prototype).toBeInstanceOf(Error)
})

it('checks its options', () => {
  expect(() => threadPool({ memory: 0 })).toThrow(RangeError)
  expect(() => threadPool({ recycle: { jobs: 0 } })).toThrow(RangeError)
  expect(() => threadPool({ recycle: { memory: NaN } })).toThrow(RangeError)
  expect(() => threadPool({ recycle: { job: 1 } as object })).toThrow('job')
})
