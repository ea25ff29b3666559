import { describe, expect, it } from 'vitest'
import { chan, go } from 'millrace'
import { bubble, explore } from 'millrace/testing'
import { inline, threadPool } from 'millrace/threads'
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

  it('a deadlock across threads is reported by an exploration', async () => {
    await expect(
      explore(function* () {
        using _here = inline()
        const [left, right] = [chan<number>(), chan<number>()]
        const both = [go(work.squares(left, right)), go(work.squares(right, left))]
        for (const one of both) yield* one.join()
      }),
    ).rejects.toThrow(/^deadlock/)
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
