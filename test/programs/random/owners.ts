/** Work with an owner, or with a limit in time: goroutines of a scope, operations and jobs with a timeout. */
import type { Context, Either, Job, Op, Scope } from 'millrace'
import { noting, passed, perform, performJob } from './ways.js'
import { Bodies, type Boom, type MakeInstrument, type Steps, type World } from './world.js'

/** What happened in a scope, in order of time; the first entry decides. */
class Story {
  private readonly ends: ({ readonly value: number } | { readonly error: unknown })[] = []
  isOver = false

  constructor(
    private readonly w: World,
    readonly bodies: Bodies,
  ) {}

  /** A goroutine of the scope: its failure is the failure of the scope. */
  *goroutine(i: number, boom: Boom | null): Steps<number> {
    this.w.check(!this.isOver, 'scope: a goroutine starts after the end')
    try {
      return yield* this.bodies.body(i, boom)
    } catch (error) {
      this.fails(error)
      throw error
    }
  }
  *body(inner: () => Steps<number>): Steps<number> {
    try {
      const value = yield* inner()
      this.ends.push({ value })
      return value
    } catch (error) {
      this.fails(error)
      throw error
    }
  }
  /** An error that only tells the end of the scope's context, as of `s.go` on a scope that has ended, is no failure. */
  private fails(error: unknown): void {
    if ((error as Error).name !== 'CanceledError') this.ends.push({ error })
  }
  over(result: Either<unknown, number>): void {
    const first = this.ends.at(0)
    if (result._tag === 'Right') this.w.check(first !== undefined && 'value' in first && first.value === result.right, 'scope: the result is not that of its body') // prettier-ignore
    else if ((result.left as Error).name === 'Boom') this.w.check(first !== undefined && 'error' in first && first.error === result.left, `scope: throws ${String(result.left)}, and something else came first`) // prettier-ignore
  }
}

export const scope: MakeInstrument = (w) => ({
  *use() {
    const story = new Story(w, new Bodies(w))
    let kept: Scope | null = null
    const job = w.lib.scope(w.choose(2) === 0 ? w.lib.background : w.ctx, (s) => {
      kept = s
      return story.body(() => inScope(w, s, story))
    })
    const checked = noting(job, (end) => (story.over(end), passed(end)))
    yield* performJob(w, checked, () => {
      story.isOver = true
      w.check(story.bodies.running === 0, `scope: ${story.bodies.running} run after the end`)
      if (kept !== null) w.check(isClosed(kept), 'scope: a goroutine is started after the end')
    })
  },
})

/** The body of a scope: starts goroutines, goroutines that start others, and joins some. */
function* inScope(w: World, s: Scope, story: Story): Steps<number> {
  const started = Array.from({ length: w.choose(3) }, (_, i) => {
    const boom = w.boom()
    if (w.choose(3) < 2) return s.go(() => story.goroutine(i, boom))
    return s.go(function* () {
      s.go(() => story.goroutine(i, boom))
      return yield* story.goroutine(i, null)
    })
  })
  if (w.choose(3) === 2) s.go(() => w.lib.never()) // ends by the cancel alone
  if (w.choose(3) === 2) yield* w.pause()
  for (const goroutine of started) if (w.choose(2) === 0) yield* goroutine.join()
  const boom = w.boom()
  return yield* story.bodies.body(9, boom)
}

function isClosed(s: Scope): boolean {
  try {
    s.go(() => {})
    return false
  } catch (error) {
    return (error as Error).name === 'CanceledError'
  }
}

/** Ms that nothing takes: such a timer that is left is found at the end. */
const LONG = 1000

/** A timeout throws no sooner than its time and no later, passes on what comes before, and leaves no timer and no work. */
export const timeouts: MakeInstrument = (w) => ({
  *use() {
    const ms = [0, 2, LONG][w.choose(3)]
    const start = w.now()
    const isDue = (end: { readonly _tag: string; readonly left?: unknown }, what: string): void => {
      const isLimit = end._tag === 'Left' && (end.left as Error).name === 'DeadlineExceededError'
      if (isLimit) w.check(w.now() >= start + ms, `${what}: the limit of ${ms} ms has come after ${w.now() - start}`)
    }
    if (w.choose(2) === 0) return yield* ofOperation(w, ms, isDue)
    const bodies = new Bodies(w)
    const contexts: Context[] = []
    const limited = jobWithin(w, ms, bodies, contexts)
    const checked = noting(limited, (end) => (isDue(end, 'job.timeout'), passed(end)))
    const value = yield* performJob(w, checked, () => {
      w.check(bodies.running === 0, `timeout: ${bodies.running} run after the end`)
      w.check(contexts.every((ctx) => ctx.err()._tag === 'Some'), 'timeout: the context of the function has not ended') // prettier-ignore
    })
    w.check(value === 5, `timeout: the result is ${value}`)
  },
})

function* ofOperation(w: World, ms: number, isDue: (end: { readonly _tag: string }, what: string) => void): Steps {
  const takes = ms < LONG && w.choose(3) === 2 ? Infinity : [0, 1, 3][w.choose(3)]
  const operation: Op<void> = takes === Infinity ? w.lib.never() : w.lib.sleep(takes)
  const end = yield* perform(w, operation.timeout(ms).attempt())
  isDue(end, 'op.timeout')
  w.check(takes === ms || (end._tag === 'Right') === takes < ms, `op.timeout: ${end._tag} of ${takes} ms within ${ms}`)
  if (end._tag === 'Left') throw end.left
}

/** A job with a limit, of its method or of the function `timeout`. */
function jobWithin(w: World, ms: number, bodies: Bodies, contexts: Context[]): Job<number> {
  const boom = w.boom()
  const body = (ctx: Context) => {
    contexts.push(ctx)
    return bodies.body(5, boom)
  }
  switch (w.choose(4)) {
    case 1:
      return w.lib.timeout(ms, body)
    case 2:
      return w.lib.timeout(ms, w.lib.all([body]).map(([value]) => value)) // prettier-ignore
    case 3:
      return w.lib.race([body, () => w.lib.never()]).timeout(ms)
    default:
      return w.lib.all([body, () => w.lib.sleep(2)]).timeout(ms).map(([value]) => value) // prettier-ignore
  }
}
