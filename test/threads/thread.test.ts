import { describe, expect, it } from 'vitest'
import { bubble } from 'millrace/testing'
import { inline, thread, ThreadLostError } from 'millrace/threads'
import { InlineHost } from '../../src/adapters/threads/hosts/inline-host.js'
import { Threads } from '../../src/adapters/threads/thread-pool.js'
import { makeHost } from './real-threads.js'
import { beginning, settings } from './suite.js'
import { work } from './work.js'

const hosts = { threads: makeHost(), inline: new InlineHost(1) }
const failureOf = async (handle: { join(): PromiseLike<unknown> }): Promise<unknown> =>
  handle.join().then(
    () => expect.fail('it has returned'),
    (error: unknown) => error,
  )

describe.each(['threads', 'inline'] as const)('thread, on %s', (name) => {
  const pool = new Threads(settings, hosts[name])

  it('runs a function on a thread that its pool does not count', async () => {
    const { word, has } = beginning()
    const waits = thread(work.waits.on(pool), word)
    await has()
    const doubles = thread(work.double.on(pool), 4)
    expect([doubles.name, await doubles.join()]).toEqual(['double', 8])
    expect(pool.stats()).toMatchObject({ threads: 0, started: 0 })
    waits.cancel()
    expect(await failureOf(waits)).toMatchObject({ name: 'CanceledError' })
  })

  it('adds the stack of its call to the stack of the thread', async () => {
    const failed = (function asksHere() {
      const handle = thread(work.fails.on(pool), 'no')
      return handle // no tail call, which leaves no frame in JavaScriptCore
    })()
    const { stack = '' } = (await failureOf(failed)) as Error
    expect(stack.indexOf('work.ts')).toBeGreaterThan(0)
    expect(stack.indexOf('asksHere')).toBeGreaterThan(stack.indexOf('--- fails was asked for: ---'))
  })

  it('throws for a function that is none of onThreads', () => {
    expect(() => thread((() => 1) as unknown as typeof work.counts)).toThrow('expected a function of onThreads')
  })
})

it('a thread that exits is lost', async () => {
  const pool = new Threads(settings, hosts.threads)
  expect(await failureOf(thread(work.exit.on(pool), 4))).toBeInstanceOf(ThreadLostError)
})

it('in a thread it runs there', async () => {
  await using pool = new Threads(settings, makeHost())
  expect(await work.ownThread.on(pool)()).toEqual({ begun: 0, unwound: 0 })
})

it('has the time of a bubble under inline', async () => {
  await bubble(async () => {
    using _here = inline()
    expect(await thread(work.operation, 3_600_000).join()).toBe('slept')
  })
})
