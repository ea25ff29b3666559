/**
 * Each way to lose a thread, with other jobs under way: every job ends, none begins twice, and neither a thread nor a listener is
 * left; each value of a channel is received exactly once. KILLS=100 runs each a hundred times. The functions are bundled, so that a thread starts without a compiler.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { background, chan, go, onCrash, withCancel, type Chan, type Either, type Goroutine, type Job } from 'millrace'
import { numbers, onThreads, ThreadLostError, threadPool, type ThreadPool } from 'millrace/threads'
import { sampleOf } from '../support/portion.js'
import { hostTurn } from '../support/settle.js'
import { killers } from './killers.js'

const { KILLS } = process.env
const times = KILLS === undefined ? sampleOf(10) : Number(KILLS)
const OTHERS = 15
const VICTIM = OTHERS

let folder = ''
let work: ReturnType<typeof killers>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kill-matrix-'))
  const outfile = join(folder, 'killers.mjs')
  const entryPoints = [fileURLToPath(new URL('killers.ts', import.meta.url))]
  await build({ entryPoints, outfile, bundle: true, format: 'esm', platform: 'node', target: 'es2022' })
  work = killers({ url: pathToFileURL(outfile).href })
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Scene {
  readonly pool: ThreadPool
  /** How often each job has begun. */
  readonly begun: Int32Array
  readonly crashes: unknown[]
}

const listeners = (): number[] => process.eventNames().map((event) => process.listenerCount(event))
const handles = (): string[] => process.getActiveResourcesInfo().filter((kind) => /Worker|MessagePort/.test(kind))

/** Runs a scene on a pool of its own, and looks at what is left. */
async function inScene(options: object, run: (scene: Scene) => Promise<void>): Promise<void> {
  const before = [listeners(), handles()]
  const pool = threadPool({ size: 2, grace: 1, ...options })
  const begun = new Int32Array(new SharedArrayBuffer(4 * (OTHERS + 1)))
  const crashes: unknown[] = []
  const remove = onCrash((error) => crashes.push(error))
  await run({ pool, begun, crashes })
  await pool.close()
  remove()
  expect(pool.stats()).toMatchObject({ threads: 0, underWay: 0, waiting: 0 })
  expect(
    [...begun].every((n) => n <= 1),
    'no job begins twice',
  ).toBe(true)
  expect([listeners(), handles()]).toEqual(before)
}

const endOf = async (handle: Goroutine<unknown>): Promise<Either<unknown, unknown>> => handle.join().attempt()

/** The victim in the midst of the others: each of these has its result, or was lost with the thread after it had begun. */
async function amidOthers({ pool, begun }: Scene, victim: () => Job<unknown>): Promise<Either<unknown, unknown>> {
  const counts = work.counts.on(pool)
  await pool.ready(work.counts)
  const ids = Array.from({ length: OTHERS }, (_, id) => id)
  const counted = (id: number) => endOf(go(counts(begun, id)))
  const before = ids.filter((id) => id % 2 === 0).map(counted)
  const struck = endOf(go(victim()))
  const after = ids.filter((id) => id % 2 === 1).map(counted)
  for (const id of ids) {
    const end = await (id % 2 === 0 ? before[id / 2] : after[(id - 1) / 2])
    if (end._tag === 'Right') expect(end.right).toBe(id)
    else expect(end.left).toBeInstanceOf(ThreadLostError)
    expect(begun[id]).toBe(1)
  }
  return struck
}

const lost = (name: string, cause: object) => ({
  _tag: 'Left',
  left: { name: 'ThreadLostError', functionName: name, message: expect.stringContaining(`while it ran "${name}"`) as string, cause },
})

const rows: Record<string, (round: number) => Promise<void>> = {
  'process.exit': () =>
    inScene({}, async (scene) => {
      const end = await amidOthers(scene, () => work.exits.on(scene.pool)(scene.begun, VICTIM))
      expect(end).toMatchObject(lost('exits', { message: 'the thread ended with exit code 3' }))
    }),
  'an endless loop': () =>
    inScene({}, async (scene) => {
      const ctx = withCancel(background)
      const cause = new Error('enough')
      const end = amidOthers(scene, () => work.loops.on(scene.pool)(scene.begun, VICTIM, ctx))
      while (Atomics.load(scene.begun, VICTIM) === 0) await hostTurn()
      ctx.cancel(cause)
      expect(await end).toEqual({ _tag: 'Left', left: cause })
    }),
  'a result that cannot be cloned': () =>
    inScene({}, async (scene) => {
      const end = await amidOthers(scene, () => work.unclonable.on(scene.pool)(scene.begun, VICTIM))
      expect(end).toMatchObject({ left: { name: 'UnclonableError' } })
      expect(scene.pool.stats().lost).toBe(0)
    }),
  'an argument that cannot be cloned': () =>
    inScene({}, async (scene) => {
      const end = await amidOthers(scene, () => work.counts.on(scene.pool)(scene.begun, (() => 1) as unknown as number))
      expect(end).toMatchObject({ left: { name: 'UnclonableError' } })
      expect([scene.pool.stats().lost, scene.begun[VICTIM]]).toEqual([0, 0])
    }),
  'a throw from a timer': () =>
    inScene({}, async (scene) => {
      const end = await amidOthers(scene, () => work.throwsLater.on(scene.pool)(scene.begun, VICTIM))
      expect(end).toEqual({ _tag: 'Right', right: VICTIM })
      while (scene.pool.stats().lost === 0) await hostTurn()
    }),
  'a module that is missing, and one with a mistake': () =>
    inScene({}, async (scene) => {
      for (const url of [pathToFileURL(join(folder, 'nowhere.mjs')).href, 'data:text/javascript,const =']) {
        const { f } = onThreads({ url }, { f: () => 1 }, { on: scene.pool })
        expect(await amidOthers({ ...scene, begun: new Int32Array(new SharedArrayBuffer(64)) }, () => f())).toMatchObject({
          left: { name: 'ThreadLostError', message: expect.stringContaining('the module of "f" could not be loaded') as string },
        })
      }
    }),
  'a module that never loads': () =>
    inScene({ startTimeout: 30, size: 1 }, async ({ pool }) => {
      const url = 'data:text/javascript,setInterval(()=>{},1e6);await new Promise(()=>{})'
      const { f } = onThreads({ url }, { f: () => 1 }, { on: pool })
      const ends = Array.from({ length: 4 }, () => endOf(go(f())))
      for (const end of await Promise.all(ends))
        expect(end).toMatchObject({ left: { message: expect.stringContaining('was not evaluated within 30 ms') as string } })
    }),
  'an exit with 16 jobs in flight': () =>
    inScene({ size: 1 }, async ({ pool, begun }) => {
      await pool.ready(work.waits)
      const waits = Array.from({ length: OTHERS }, (_, id) => endOf(go(work.waits.on(pool)(begun, id))))
      while (begun.reduce((a, b) => a + b) < OTHERS) await hostTurn()
      const exits = endOf(go(work.exits.on(pool)(begun, VICTIM)))
      const cause = { message: 'the thread ended with exit code 3' }
      for (const end of await Promise.all(waits)) expect(end).toMatchObject(lost('waits', cause))
      expect(await exits).toMatchObject(lost('exits', cause))
    }),
}

const VALUES = 60
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/** A channel of values, the jobs that take some of them before their thread is lost, and what has become of each value. */
interface Taken extends Scene {
  readonly values: Chan<number>
  /** How often each value was received. */
  readonly seen: Int32Array
  /** How many the lost thread takes. */
  readonly n: number
}

const channels = { 'a channel': () => chan<number>(VALUES), 'a channel of numbers': () => numbers(VALUES) }

const killedWithValues: Record<string, (taken: Taken) => Promise<unknown>> = {
  'process.exit': ({ pool, values, seen, n }) => endOf(go(work.takesAndExits.on(pool)(values, seen, n))),
  'a throw from a timer': ({ pool, values, seen, n }) => endOf(go(work.takesAndThrowsLater.on(pool)(values, seen, n))),
  async 'an endless loop'({ pool, values, seen, n }) {
    const ctx = withCancel(background)
    const word = new Int32Array(new SharedArrayBuffer(4))
    const end = endOf(go(work.takesAndLoops.on(pool)(values, seen, n, word, ctx)))
    while (Atomics.load(word, 0) === 0) await hostTurn()
    ctx.cancel()
    return end
  },
}

for (const [kind, make] of Object.entries(channels))
  for (const [way, kill] of Object.entries(killedWithValues))
    rows[`${way}, over the values of ${kind}`] = (round) =>
      inScene({}, async (scene) => {
        const taken = { ...scene, values: make(), seen: new Int32Array(new SharedArrayBuffer(4 * VALUES)), n: (round * 7) % (VALUES + 1) }
        for (const value of upTo(VALUES)) taken.values.trySend(value)
        expect(await kill(taken)).toMatchObject({ _tag: 'Left' })
        expect([...taken.seen]).toEqual(upTo(VALUES).map((value) => (value < taken.n ? 1 : 0)))
        taken.values.close()
        // Another thread, and what it receives.
        expect(await work.takesTheRest.on(scene.pool)(taken.values, taken.seen)).toEqual(upTo(VALUES).slice(taken.n))
        expect([...taken.seen].every((n) => n === 1)).toBe(true)
        expect(scene.pool.stats().lost).toBe(1)
      })

for (const [kind, make] of Object.entries(channels))
  rows[`process.exit, after it has sent to ${kind}`] = (round) =>
    inScene({}, async ({ pool }) => {
      const [values, n] = [make(), (round * 7) % (VALUES + 1)]
      const word = new Int32Array(new SharedArrayBuffer(4))
      const exits = endOf(go(work.sendsAndExits.on(pool)(values, n, word)))
      const received: number[] = []
      while (received.length < n) received.push(await firstOf(values))
      Atomics.store(word, 0, 1)
      expect(await exits).toMatchObject({ left: { name: 'ThreadLostError' } })
      expect([values.size, values.isClosed]).toEqual([0, false])
      expect(received).toEqual(upTo(n))
    })

async function firstOf(values: Chan<number>): Promise<number> {
  const message = await values.receive()
  return message._tag === 'Some' ? message.value : expect.fail('the channel was closed')
}

// Out of memory may end the whole process, which is Node's choice: so it runs where it is asked for. Other hosts are asked for no limit.
const limitsMemory = !('Bun' in globalThis) && !('Deno' in globalThis)
if (!limitsMemory)
  rows['a limit of memory that the host does not keep'] = () =>
    inScene({ memory: 16, size: 1 }, async ({ pool, begun }) => {
      const end = await endOf(go(work.runsOut.on(pool)(begun, VICTIM)))
      expect(end).toMatchObject({ left: { message: expect.stringContaining('threadPool({ memory: 16 })') as string } })
      expect(begun[VICTIM]).toBe(0)
    })
else if (KILLS !== undefined)
  rows['out of memory'] = () =>
    inScene({ memory: 16, size: 1 }, async ({ pool, begun }) => {
      expect(await endOf(go(work.runsOut.on(pool)(begun, VICTIM)))).toMatchObject(lost('runsOut', { code: 'ERR_WORKER_OUT_OF_MEMORY' }))
      expect(await work.counts.on(pool)(begun, 0)).toBe(0)
    })

describe.each(Object.keys(rows))('a thread is killed by %s', (name) => {
  it('every job ends, none begins twice, and nothing is left', async () => {
    for (let i = 0; i < times; i++) await rows[name](i)
  }, 600_000)
})
