/**
 * The rules of the pool over threads that run here, whose deliveries are steps of the schedule: a crash, a cancel, a close and a
 * taking back come at every point. Always true: a job begins at most once, ends once, and nothing of it runs after its end.
 */
import { describe, expect, it } from 'vitest'
import { background, CanceledError, go, gosched, uncancelable, withCancel, type Goroutine, type Op } from 'millrace'
import type { Trial } from 'millrace/testing'
import { onThreads, ThreadLostError } from 'millrace/threads'
import { InlineHost, type InlineThread } from '../../src/adapters/threads/hosts/inline-host.js'
import type { Thread } from '../../src/adapters/threads/pool/thread.js'
import { Threads } from '../../src/adapters/threads/thread-pool.js'
import { portionOf } from '../support/portion.js'
import { settings } from './suite.js'
import { exploreCounted, printsSchedules } from './explored.js'

printsSchedules('schedules')

/** The jobs that have begun, as often as they did, and those whose function runs. */
const begun = new Map<number, number>()
const runs = new Set<number>()

const begin = (id: number): void => {
  begun.set(id, (begun.get(id) ?? 0) + 1)
  runs.add(id)
}

const { plain, steps } = onThreads(
  { url: 'file:///explored.js' },
  {
    plain(id: number) {
      begin(id)
      runs.delete(id)
      return id
    },
    *steps(id: number, _ctx?: unknown) {
      begin(id)
      try {
        yield* gosched()
        yield* gosched()
        return id
      } finally {
        yield* uncancelable(gosched())
        runs.delete(id)
      }
    },
  },
)

const JOBS = [0, 1, 2, 3, 4]

interface World {
  readonly host: InlineHost
  readonly pool: Threads
  readonly trial: Trial
  /** A thread was ended here: unlike that of a real thread, its function is still unwinding when its job has failed. */
  hasCrashed: boolean
}

function makeWorld(trial: Trial, size = 2): World {
  begun.clear()
  runs.clear()
  const host = new InlineHost(size)
  return { host, pool: new Threads({ ...settings, size }, host), trial, hasCrashed: false }
}

type End = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: unknown }

/** Every third job is a plain function. */
function* ended(id: number, world: World, ctx = background): Generator<never, End> {
  const job = id % 3 === 0 ? plain.on(world.pool)(id, ctx) : steps.on(world.pool)(id, ctx)
  const end = yield* job.attempt()
  if (!world.hasCrashed) expect(runs.has(id)).toBe(false)
  expect(begun.get(id) ?? 0).toBeLessThanOrEqual(1)
  return end._tag === 'Right' ? { id, value: end.right } : { id, error: end.left }
}

function* allEnded(handles: readonly Goroutine<End>[], check: (end: End) => void): Generator<never, void> {
  for (const handle of handles) check(yield* handle.join())
}

function returned(end: End): void {
  expect(end).toEqual({ id: end.id, value: end.id })
  expect(begun.get(end.id)).toBe(1)
}

function* closed({ pool, hasCrashed }: World): Generator<never, void> {
  const closing: Op<void> = pool.close()
  yield* closing
  expect(pool.stats()).toMatchObject({ threads: 0, underWay: 0, waiting: 0 })
  if (!hasCrashed) expect(runs.size).toBe(0)
}

/** Ends a thread that runs a job, as an exit in that job does: messages on their way are lost. */
function crash(world: World): void {
  const { host, trial } = world
  const threads = [...host.alive].filter((thread) => inPool(thread).hasBegun)
  world.hasCrashed = threads.length > 0
  if (world.hasCrashed) threads[trial.choose(threads.length)].end(new Error('crash'))
}

const inPool = (thread: InlineThread): Thread => Reflect.get(thread, '_events') as Thread

const schedules = portionOf(300)

describe.each(['random', 'pct'] as const)('under %s schedules', (strategy) => {
  const explored = (program: (trial: Trial) => Generator<never, void>) =>
    exploreCounted(program, { schedules, strategy, timers: 'when-idle' })

  it('every job returns its result, and begins once', async () => {
    await explored(function* (trial) {
      const here = makeWorld(trial)
      yield* allEnded(
        JOBS.map((id) => go(ended, id, here)),
        returned,
      )
      yield* closed(here)
    })
  })

  it('a crash fails only jobs that have begun; the others run elsewhere, and none begins twice', async () => {
    await explored(function* (trial) {
      const here = makeWorld(trial)
      const handles = JOBS.map((id) => go(ended, id, here))
      const crashing = go(function* () {
        for (let i = trial.choose(8); i > 0; i--) yield* gosched()
        crash(here)
      })
      yield* allEnded(handles, (end) => {
        if ('value' in end) return returned(end)
        expect(end.error).toBeInstanceOf(ThreadLostError)
        expect((end.error as Error).message).toContain(end.id % 3 === 0 ? '"plain"' : '"steps"')
        if (end.id % 3 === 0) expect(begun.get(end.id)).toBe(1) // a generator may have begun in its thread and not run yet
      })
      yield* crashing.join()
      yield* closed(here)
    })
  })

  it('the end of a context cancels: a job has its result or the cause, and nothing of it runs on', async () => {
    await explored(function* (trial) {
      const here = makeWorld(trial)
      const ctx = withCancel(background)
      const cause = new Error('stop')
      const handles = JOBS.map((id) => go(ended, id, here, ctx))
      const canceling = go(function* () {
        for (let i = trial.choose(8); i > 0; i--) yield* gosched()
        ctx.cancel(cause)
      })
      yield* allEnded(handles, (end) => {
        if ('value' in end) returned(end)
        else expect(end.error).toBe(cause)
      })
      yield* canceling.join()
      yield* closed(here)
    })
  })

  it('a canceled performer waits until its job is unwound', async () => {
    await explored(function* (trial) {
      const here = makeWorld(trial)
      const handles = JOBS.map((id) => go(ended, id, here))
      yield* gosched()
      const victim = trial.choose(JOBS.length)
      handles[victim].cancel()
      for (const [id, handle] of handles.entries()) {
        const end = yield* handle.join().attempt()
        if (end._tag === 'Right') returned(end.right)
        else expect([id, end.left]).toEqual([victim, expect.any(CanceledError)])
        expect(runs.has(id)).toBe(false)
      }
      yield* closed(here)
    })
  })

  it('a close ends every job and every thread', async () => {
    await explored(function* (trial) {
      const here = makeWorld(trial)
      const handles = JOBS.map((id) => go(ended, id, here))
      for (let i = trial.choose(8); i > 0; i--) yield* gosched()
      yield* closed(here)
      yield* allEnded(handles, (end) => {
        if ('value' in end) returned(end)
        else expect(end.error).toMatchObject({ message: expect.stringContaining('the thread pool was closed') as string })
      })
    })
  })
})

describe('an idle thread', () => {
  it('has jobs of a busy thread taken back for it, in some schedules', async () => {
    let takenBack = 0
    await exploreCounted(
      function* (trial) {
        const here = makeWorld(trial)
        yield* allEnded(
          JOBS.map((id) => go(ended, id, here)),
          returned,
        )
        takenBack += here.pool.stats().takenBack
        yield* closed(here)
      },
      { schedules },
    )
    expect(takenBack).toBeGreaterThan(0)
  })
})
