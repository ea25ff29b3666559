import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import { bubble } from 'millrace/testing'
import { inline, onThreads, threadPool } from 'millrace/threads'
import { InlineHost } from '../../src/adapters/threads/hosts/inline-host.js'
import { beginning, describeThreads, failure } from './suite.js'
import { work } from './work.js'

describeThreads('inline', () => new InlineHost(2))

describe('inline', () => {
  it('takes over all pools until it is disposed', async () => {
    const pool = threadPool({ size: 1 })
    {
      using _here = inline()
      expect(await work.double(2)).toBe(4)
      expect(await work.nested(4)).toBe(8)
      expect(await work.double.on(pool)(2)).toBe(4)
      expect(pool.stats()).toMatchObject({ threads: 1, jobs: 1 })
    }
    expect(pool.stats()).toMatchObject({ threads: 0, started: 0 })
  })

  it('runs in the time of a bubble', async () => {
    await bubble(async () => {
      using _here = inline()
      expect(await work.operation(3_600_000)).toBe('slept')
    })
  })

  it('runs the functions in the neutral async context', async () => {
    const request = new AsyncLocalStorage<string>()
    const { store } = onThreads({ url: 'file:///store.js' }, { store: () => request.getStore() ?? 'none' })
    using _here = inline()
    expect(await request.run('A', () => Promise.resolve(store()))).toBe('none')
  })

  it('fails the jobs that still run at its end', async () => {
    const here = inline()
    const { word, has } = beginning()
    const running = failure(work.waits(word))
    await has()
    here[Symbol.dispose]()
    here[Symbol.dispose]()
    expect(await running).toMatchObject({
      message: expect.stringContaining('the thread pool was closed before "waits" ended') as string,
    })
  })
})
