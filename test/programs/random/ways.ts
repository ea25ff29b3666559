/** The ways in which a use performs its operation or job: plain, under a timeout or a context, as a case of a select. */
import type { Either, Job, Op } from 'millrace'
import type { Steps, World } from './world.js'

/** Another case of the select was chosen. */
class Lost extends Error {
  override readonly name = 'Lost'
}

/** Performs an operation in a random way. */
export function* perform<T>(w: World, op: Op<T>): Steps<T> {
  const { lib } = w
  switch (w.choose(6)) {
    case 1:
      return yield* op.timeout(w.choose(3))
    case 2:
      return yield* op.within(w.ctx)
    case 3:
      return yield* underDeadline(w, (ctx) => op.within(ctx))
    case 4: {
      const chosen = yield* lib.select({ op: op.map((value) => ({ value })), late: lib.sleep(1) })
      if (chosen.case === 'late') throw new Lost()
      return chosen.value.value
    }
    case 5:
      return yield* lib.uncancelable(op.timeout(2))
    default:
      return yield* op
  }
}

/** As `perform`, for an operation that waits for a partner who may never come. */
export function* performBounded<T>(w: World, op: Op<T>): Steps<T> {
  return yield* perform(w, op.timeout(3))
}

/** Performs a job in a way that owns it; `left` is called when the performer leaves. */
export function* performOwned<T>(w: World, job: Job<T>, left: () => void): Steps<T> {
  try {
    switch (w.choose(5)) {
      case 1:
        return yield* job.timeout(w.choose(3))
      case 2:
        return yield* job.within(w.ctx)
      case 3:
        return yield* underDeadline(w, (ctx) => job.within(ctx))
      case 4:
        return yield* job.map((value) => value)
      default:
        return yield* job
    }
  } finally {
    left()
  }
}

/** As `performOwned`; the performer may be a goroutine whose join is a case of a select. */
export function* performJob<T>(w: World, job: Job<T>, left: () => void): Steps<T> {
  if (w.choose(3) < 2) return yield* performOwned(w, job, left)
  const performer = w.go('performer', () => performOwned(w, job, left))
  try {
    return yield* perform(w, performer.join())
  } finally {
    performer.cancel()
  }
}

/** A job whose end is noted where it is performed. A failure is thrown on: one that is caught and kept would count as seen. */
export function noting<T>(job: Job<T>, note: (end: Either<unknown, T>) => T): Job<T> {
  return job.attempt((cause) => note({ _tag: 'Left', left: cause })).map((end) => (end._tag === 'Left' ? end.left : note(end)))
}

export function passed<T>(end: Either<unknown, T>): T {
  if (end._tag === 'Left') throw end.left
  return end.right
}

function* underDeadline<T>(w: World, within: (ctx: World['ctx']) => Op<T> | Job<T>): Steps<T> {
  const ctx = w.lib.withTimeout(w.ctx, 1)
  try {
    return yield* within(ctx)
  } finally {
    ctx.cancel()
  }
}
