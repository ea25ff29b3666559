import { describe, expect, it } from 'vitest'
import { sleep } from 'millrace'
import { inline, onThreads, ThreadLostError, threadPool, threadsOf, type ThreadPool } from 'millrace/threads'
import { Threads } from '../../src/adapters/threads/thread-pool.js'
import { inPage, makeHost } from './real-threads.js'
import { failure, settings } from './suite.js'

interface Module {
  double(n: number): number
  later(n: number): Promise<number>
  readonly version: string
}

const source = `
export const double = (n) => 2 * n
export async function later(n) { await null; return n }
export const version = 'one'
`
const url = `data:text/javascript,${encodeURIComponent(source)}`

const onRealThreads = (): ThreadPool => new Threads(settings, makeHost())

async function holds(pool: ThreadPool): Promise<void> {
  const { double, later } = threadsOf<Module>(url, { on: pool })
  expect([await double(4), await later(3)]).toEqual([8, 3])
  const { missing } = threadsOf<{ missing(): void }>(url, { on: pool })
  const error = await failure(missing())
  expect(error).toBeInstanceOf(ThreadLostError)
  expect(error).toMatchObject({
    message: expect.stringContaining('the module exports no function "missing"; it exports double, later') as string,
  })
}

describe('threadsOf', () => {
  it.skipIf(inPage)('runs the functions that a module exports on threads', async () => {
    await using pool = onRealThreads()
    await holds(pool)
  })

  it.runIf(inPage)('names the cure in a page', async () => {
    await using pool = onRealThreads()
    expect(await failure(threadsOf<Module>(url, { on: pool }).double(4))).toMatchObject({
      name: 'ThreadLostError',
      message: expect.stringContaining('threadsOf serves Node, Deno and Bun; in a page, call onThreads in the module itself') as string,
    })
  })

  it('runs them here under inline', async () => {
    using _here = inline()
    await holds(threadPool())
  })

  it('is one function for a name, and no promise', async () => {
    const module = threadsOf<Module>(url)
    expect(module.double).toBe(module.double)
    expect(module.double.name).toBe('double')
    expect(await Promise.resolve(module)).toBe(module)
    await sleep(0)
  })

  it('names the cure for a path', () => {
    expect(() => threadsOf('./work.js')).toThrow("new URL('./work.js', import.meta.url)")
    expect(() => threadsOf(url, { on: {} as ThreadPool })).toThrow('expected a pool made by threadPool')
    expect(() => onThreads(import.meta, {}, { on: {} as ThreadPool })).toThrow(TypeError)
  })
})
