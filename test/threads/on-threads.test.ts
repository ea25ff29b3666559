/** Over real threads. */
import { describe, expect, it } from 'vitest'
import { background, go, onCrash, withCancel } from 'millrace'
import { onThreads, ThreadLostError, threadPool } from 'millrace/threads'
import { Threads } from '../../src/adapters/threads/thread-pool.js'
import { hostTurn } from '../support/settle.js'
import { inPage, makeHost } from './real-threads.js'
import { beginning, describeThreads, failure, settings } from './suite.js'
import { work } from './work.js'

const makePool = (options = {}) => new Threads({ ...settings, ...options }, makeHost())

describeThreads('threads', makeHost)

const failureOf = async (handle: { join(): PromiseLike<unknown> }): Promise<unknown> =>
  handle.join().then(
    () => expect.fail('it has returned'),
    (error: unknown) => error,
  )

/** A page has no error of a worker, but a text about that error. */
const messageOf = (text: string): unknown => (inPage ? expect.stringContaining(`Uncaught Error: ${text}`) : text)

describe('a real thread', () => {
  it('is lost by an exit: the job that has begun fails, the others run in the next thread', async () => {
    await using pool = makePool()
    await pool.ready(work.exit)
    const exits = go(work.exit.on(pool)(3))
    const doubles = [go(work.double.on(pool)(1)), go(work.double.on(pool)(2))]
    const error = await failureOf(exits)
    expect(error).toBeInstanceOf(ThreadLostError)
    expect(error).toMatchObject({
      functionName: 'exit',
      message: `a thread was lost while it ran "exit": ${inPage ? 'the thread has closed itself' : 'the thread ended with exit code 3'}`,
    })
    expect([await doubles[0].join(), await doubles[1].join()]).toEqual([2, 4])
    expect(pool.stats()).toMatchObject({ started: 2, lost: 1 })
  })

  it('is terminated after the grace where a canceled function does not end; the job throws the cause', async () => {
    await using pool = makePool({ grace: 1 })
    const { word, has } = beginning()
    const ctx = withCancel(background)
    const loops = go(work.loop.on(pool)(word, ctx))
    await has()
    const next = go(work.double.on(pool)(4))
    const cause = new Error('the user left')
    ctx.cancel(cause)
    expect(await failureOf(loops)).toBe(cause)
    expect(await next.join()).toBe(8)
    expect(pool.stats()).toMatchObject({ lost: 1 })
  })

  it('sees its cancel in a loop that never leaves the processor', async () => {
    await using pool = makePool()
    const { word, has } = beginning()
    const ctx = withCancel(background)
    const spins = go(work.spins.on(pool)(word, ctx))
    await has()
    ctx.cancel()
    expect(await spins.join()).toBe(true)
    expect(pool.stats()).toMatchObject({ lost: 0 })
  })

  it('that is lost after its job has returned is a crash, and is replaced', async () => {
    await using pool = makePool()
    const crashes: unknown[] = []
    const remove = onCrash((error) => crashes.push(error))
    const hasReturned = new Int32Array(new SharedArrayBuffer(4))
    expect(await work.crashLater.on(pool)(hasReturned)).toBe('returned')
    Atomics.store(hasReturned, 0, 1)
    while (crashes.length === 0) await hostTurn()
    remove()
    expect(crashes).toMatchObject([{ message: messageOf('from a timer') }])
    expect(await work.double.on(pool)(1)).toBe(2)
  })

  it('has returned where it sent its result before it was lost', async () => {
    await using pool = makePool()
    const crashes: unknown[] = []
    const remove = onCrash((error) => crashes.push(error))
    expect(await work.returnsAndThrows.on(pool)()).toBe('returned')
    while (crashes.length === 0) await hostTurn()
    remove()
    expect(crashes).toMatchObject([{ message: messageOf('after the return') }])
  })

  it('starts no threads of its own, also where its program does', async () => {
    await using pool = makePool()
    expect(await work.readies.on(pool)()).toBe(0)
  })

  it('takes nothing of a closed pool', async () => {
    const pool = makePool({ grace: 1 })
    const { word, has } = beginning()
    const loops = failureOf(go(work.loop.on(pool)(word)))
    const waits = failureOf(go(work.double.on(pool)(1)))
    await has()
    await pool.close()
    const closed = { message: expect.stringContaining('the thread pool was closed') as string }
    expect(await loops).toMatchObject(closed)
    expect(await waits).toMatchObject(closed)
    expect(await failure(work.double.on(pool)(1))).toMatchObject(closed)
    expect(pool.stats()).toMatchObject({ threads: 0, underWay: 0, waiting: 0 })
  })
})

describe('a module that cannot be loaded', () => {
  const unloadable = 'could not be loaded as a module. A thread evaluates the module of its functions' // all that a page says
  const mistake = 'Bun' in globalThis ? 'errors building' : 'Unexpected token'
  const cases: [what: string, url: string, text: string][] = [
    ['is missing', new URL('nowhere.mjs', import.meta.url).href, inPage ? unloadable : 'Cannot find module'],
    ['throws', 'data:text/javascript,throw new Error("at load")', 'at load'],
    ['has a mistake', 'data:text/javascript,const =', inPage ? unloadable : mistake],
    [
      'calls no onThreads',
      'data:text/javascript,0',
      inPage ? 'was not evaluated within 300 ms' : 'the thread ended with exit code 0 before its module called onThreads',
    ],
    ['never ends', 'data:text/javascript,setInterval(()=>{},1e6);await new Promise(()=>{})', 'was not evaluated within 300 ms'],
  ]

  it.each(cases)('%s: the error names the function', async (_what, url, text) => {
    await using pool = threadPool({ size: 1, startTimeout: text.includes('300') ? 300 : 60_000 })
    const { f } = onThreads({ url }, { f: (n: number) => n }, { on: pool })
    const error = (await failure(f(1))) as Error
    expect(error).toBeInstanceOf(ThreadLostError)
    expect(error.message).toContain('the module of "f" could not be loaded in a thread')
    expect(error.message).toContain(text)
    expect(await failure(pool.ready(f))).toMatchObject({ name: 'ThreadLostError' })
  })

  it('fails no job of another module', async () => {
    await using pool = makePool()
    const { f } = onThreads({ url: 'data:text/javascript,throw new Error("at load")' }, { f: (n: number) => n }, { on: pool })
    const broken = go(f(1))
    const good = go(work.double.on(pool)(2))
    expect(await failureOf(broken)).toBeInstanceOf(ThreadLostError)
    expect(await good.join()).toBe(4)
    expect(await failure(f(1))).toMatchObject({ message: expect.stringContaining('at load') as string })
    expect(await work.double.on(pool)(3)).toBe(6)
  })
})
