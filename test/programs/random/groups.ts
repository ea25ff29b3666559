/** Groups of goroutines: a wait returns at zero, limits hold, results and failures are complete, and nobody runs after the owner. */
import type { Pool } from 'millrace'
import { perform, performJob } from './ways.js'
import { Bodies, type MakeInstrument, type Steps, type World } from './world.js'

const several = (w: World): number[] => Array.from({ length: 1 + w.choose(3) }, (_, i) => i)

export const waitGroup: MakeInstrument = (w) => ({
  *use() {
    const wg = w.lib.waitGroup()
    const bodies = new Bodies(w)
    const items = several(w)
    for (const i of items) wg.go(() => bodies.body(i, w.boom()))
    let isZero = false
    try {
      yield* perform(w, wg.wait())
      isZero = true
    } catch (error) {
      isZero = (error as Error).name === 'Boom'
      throw error
    } finally {
      if (isZero) w.check(bodies.running === 0 && bodies.started === items.length, 'waitGroup: wait returns before zero')
    }
  },
})

/** Waiters at a gate that is opened by the last of some turns. */
export const sharedWaitGroup: MakeInstrument = (w) => {
  const wg = w.lib.waitGroup()
  let count = 0
  return {
    *use() {
      if (w.choose(2) === 0) {
        wg.add(1)
        count++
        try {
          yield* w.pause()
        } finally {
          count--
          wg.done()
        }
      } else if (count === 0) {
        w.check(
          yield* perform(
            w,
            wg.wait().map(() => true),
          ),
          'waitGroup: waits at zero',
        )
      } else yield* perform(w, wg.wait())
    },
    *atRest() {
      yield* wg.wait()
    },
  }
}

export const errgroup: MakeInstrument = (w) => ({
  *use() {
    const ctx = w.lib.withCancel(w.ctx)
    const group = w.choose(2) === 0 ? w.lib.errgroup() : w.lib.errgroup(ctx)
    const bodies = new Bodies(w)
    const limit = w.choose(3)
    if (limit > 0) group.setLimit(limit)
    for (const i of several(w)) group.go(() => bodies.body(i, w.boom()))
    let isOver = false
    try {
      yield* perform(w, group.wait())
      isOver = true
    } catch (error) {
      isOver = group.failures.includes(error)
      throw error
    } finally {
      ctx.cancel(w.stop)
      if (isOver) w.check(bodies.running === 0, 'errgroup: wait returns before all have ended')
      if (limit > 0) w.check(bodies.most <= limit, `errgroup: ${bodies.most} at once, the limit is ${limit}`)
    }
  },
})

/** In place: a drain that is given up before it starts owns nothing. */
function* drained<R>(tasks: Pool<R>, left: () => void): Steps<R[]> {
  try {
    return yield* tasks.drain()
  } finally {
    left()
  }
}

export const pool: MakeInstrument = (w) => ({
  *use() {
    const size = 1 + w.choose(2)
    const errors = w.choose(2) === 0 ? 'all' : 'first'
    const ctx = w.lib.withCancel(w.ctx)
    const tasks = w.lib.pool<number>({ size, errors, ctx })
    const bodies = new Bodies(w)
    const items = several(w)
    for (const i of items) tasks.go(() => bodies.body(i, w.boom()))
    const left = () => {
      w.check(bodies.running === 0, `pool: ${bodies.running} run after the drain`)
      w.check(bodies.most <= size, `pool: ${bodies.most} at once, the size is ${size}`)
    }
    try {
      const results = w.choose(2) === 0 ? yield* drained(tasks, left) : yield* perform(w, tasks.wait())
      w.check(String(results) === String(items), `pool: results ${String(results)} of ${String(items)}`)
    } finally {
      ctx.cancel(w.stop)
    }
  },
})

export const workers: MakeInstrument = (w) => ({
  *use() {
    const ctx = w.lib.withCancel(w.ctx)
    const items = several(w)
    const jobs = w.lib.chan<number>(items.length)
    for (const i of items) jobs.trySend(i)
    jobs.close()
    const bodies = new Bodies(w)
    const got: number[] = []
    try {
      const results = w.lib.workers(2, jobs, (i) => bodies.body(i), { ctx })
      for (;;) {
        const next = yield* perform(w, results.receive())
        if (next._tag === 'None') break
        got.push(next.value)
      }
      w.check(String(got.sort()) === String(items), `workers: results ${String(got)} of ${String(items)}`)
      w.check(bodies.most <= 2, `workers: ${bodies.most} at once`)
    } finally {
      ctx.cancel(w.stop)
    }
  },
})

export const mapConcurrent: MakeInstrument = (w) => ({
  *use() {
    const bodies = new Bodies(w)
    const items = several(w)
    const n = 1 + w.choose(2)
    let open = 0
    function* source(): Generator<number, void> {
      open++
      try {
        yield* items
      } finally {
        open--
      }
    }
    const job = w.lib.mapConcurrent({ [Symbol.iterator]: source }, n, (i) => bodies.body(i * 2, w.boom()), w.choose(2) === 0 ? {} : { ctx: w.ctx }) // prettier-ignore
    const results = yield* performJob(w, job, () => {
      w.check(bodies.running === 0, `mapConcurrent: ${bodies.running} run after its end`)
      w.check(bodies.most <= n, `mapConcurrent: ${bodies.most} at once, n is ${n}`)
      w.check(open === 0, 'mapConcurrent: the iterator is open still')
    })
    w.check(String(results) === String(items.map((i) => i * 2)), `mapConcurrent: results ${String(results)}`)
  },
})

export const withRetry: MakeInstrument = (w) => ({
  *use() {
    const bodies = new Bodies(w)
    const attempts = 1 + w.choose(3)
    let failed = 0
    const job = w.lib.withRetry(
      ({ cause, attempts: so_far }) => {
        w.check(so_far === ++failed, `withRetry: failure ${failed} counts as ${so_far}`)
        w.see(cause)
        return failed < attempts ? w.choose(2) : null
      },
      (_, attempt) => bodies.body(attempt, w.boom()),
      w.choose(2) === 0 ? {} : { ctx: w.ctx },
    )
    const value = yield* performJob(w, job, () => {
      w.check(bodies.running === 0 && bodies.most <= 1, 'withRetry: an attempt runs after its end, or beside another')
      w.check(bodies.started <= attempts, `withRetry: ${bodies.started} attempts of ${attempts}`)
    })
    w.check(value === failed + 1, `withRetry: the result is of attempt ${value} of ${failed + 1}`)
  },
})
