import { afterAll, describe, expect, it } from 'vitest'
import { go, gosched } from 'millrace'
import { inline, moved, onThreads } from 'millrace/threads'
import { InlineHost } from '../../src/adapters/threads/hosts/inline-host.js'
import { Threads } from '../../src/adapters/threads/thread-pool.js'
import { makeHost } from './real-threads.js'
import { failure, settings } from './suite.js'
import { work } from './work.js'

const hosts = { threads: makeHost(), inline: new InlineHost(1) }

describe.each(['threads', 'inline'] as const)('moved, on %s', (name) => {
  const pool = new Threads(settings, hosts[name])
  const length = work.length.on(pool)
  afterAll(() => pool[Symbol.asyncDispose]())

  it('takes a buffer to the thread, at any depth, and leaves none here', async () => {
    const buffer = new ArrayBuffer(8)
    expect(await length({ at: [moved(buffer)] })).toBe(8)
    expect(buffer.byteLength).toBe(0)
    const floats = new Float64Array(4)
    expect(await length({ at: [moved(floats)] })).toBe(32)
    expect(floats.length).toBe(0)
  })

  it('takes the buffer of a result here', async () => {
    expect((await work.moves.on(pool)(16)).buffer.byteLength).toBe(16)
  })

  it('copies a part of a buffer, and shares shared memory', async () => {
    const part = new Uint8Array(new ArrayBuffer(8), 0, 4)
    expect(await length({ at: [moved(part)] })).toBe(4)
    expect(part.byteLength).toBe(4)
    const shared = new SharedArrayBuffer(8)
    expect(await length({ at: [moved(shared)] })).toBe(8)
    expect(shared.byteLength).toBe(8)
  })

  it('moves a value once: a second job with it throws', async () => {
    const buffer = moved(new ArrayBuffer(8))
    const job = length({ at: [buffer] })
    expect(await job).toBe(8)
    expect(await failure(job)).toMatchObject({
      name: 'UnclonableError',
      message: expect.stringContaining('the argument.at[0] is a buffer that was moved before') as string,
    })
  })

  it('two jobs of one batch, one of which cannot be cloned: the other moves its buffer', async () => {
    const buffer = moved(new ArrayBuffer(8))
    const bad = go(work.echo.on(pool)(() => 1))
    const good = go(length({ at: [buffer] }))
    expect((await bad.join().attempt())._tag).toBe('Left')
    expect(await good.join()).toBe(8)
    expect(buffer.byteLength).toBe(0)
  })
})

it('a job that has moved a value to a thread that is lost before it began fails', async () => {
  const host = new InlineHost(1)
  const pool = new Threads(settings, host)
  await pool.ready(work.length)
  const handle = go(function* () {
    const job = go(work.length.on(pool)({ at: [moved(new ArrayBuffer(8))] }))
    yield* gosched()
    host.end(new Error('gone'))
    return yield* job.join().attempt()
  })
  expect(await handle.join()).toMatchObject({
    left: { name: 'ThreadLostError', message: expect.stringContaining('a value that had moved there') as string },
  })
  await pool.close()
})

it('moved throws for a value that is no object', () => {
  expect(() => moved('text' as unknown as object)).toThrow('moved(value): expected an ArrayBuffer')
  using _here = inline()
  expect(onThreads({ url: 'file:///none.js' }, {})).toEqual({})
})
