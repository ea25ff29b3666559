/**
 * Doing something once: Go's `sync.Once`, `sync.OnceFunc`, `sync.OnceValue`. The function may wait: it runs as a
 * goroutine of its own, so it goes on when the caller that started it leaves.
 *
 *     new ──the first caller──▶ running ──▶ ended, with a result or a failure for every caller
 *
 * Always true: once the function has been started, nothing but its goroutine keeps it; once that has ended, nothing is
 * kept but its outcome.
 *
 * Where we differ from Go: the failure of the function is thrown to every caller, the later ones included.
 */
import { checkFunction } from '../base/arguments.js'
import { spawn } from '../goroutine/goroutine.js'
import { Work } from '../goroutine/job.js'
import type { Failure, Owner } from '../goroutine/owner.js'
import { passedOn } from '../goroutine/passed-on.js'
import { checkSelf } from '../goroutine/self-wait.js'
import type { Task } from '../goroutine/task.js'
import type { Body } from '../interfaces/goroutine.js'
import type { Job } from '../interfaces/job.js'
import { ready } from '../operation/immediate.js'
import { queue } from '../scheduler/run-queue.js'

/** Runs a function at the first call only. */
export interface Once {
  /**
   * A job, shared by all callers. The first performance starts `f`; each waits until that `f` has ended, and throws its
   * error. A caller that leaves does not stop `f`. A failed `f` is not run again.
   */
  do<R>(f: Body<[], R>): Job<void>
}

/**
 * Makes a once that has not run. Source: Go's `sync.Once`.
 *
 * @example
 * ```ts
 * const setUp = once()
 * function* query(sql: string) {
 *   yield* setUp.do(connect)
 *   return yield* ask(sql)
 * }
 * ```
 */
export function once(): Once {
  const run = new OneRun<unknown>('once')
  return {
    do(f) {
      checkFunction('once.do(f)', f)
      return new Work('once', () => run.result(f)) as Job<unknown> as Job<void> // the result of `f` is not used
    },
  }
}

/**
 * Returns a function that runs `f` once. Each call returns a job, shared by all callers: the first performance starts
 * `f`, and each waits until `f` has ended, and throws the error of `f`. A caller that leaves does not stop `f`. `f` is
 * released when it starts. Source: Go's `sync.OnceFunc`.
 */
export function onceFunc<R>(f: Body<[], R>): () => Job<void> {
  checkFunction('onceFunc(f)', f)
  return sharedRun(f) as () => Job<void> // the result of `f` is not used
}

/**
 * As `onceFunc`; the result of `f` is the result of every call. Source: Go's `sync.OnceValue`.
 *
 * @example
 * ```ts
 * const config = onceValue(async () => JSON.parse(await readFile('config.json', 'utf8')))
 * const { port } = await config()
 * ```
 */
export function onceValue<T>(f: Body<[], T>): () => Job<T> {
  checkFunction('onceValue(f)', f)
  return sharedRun(f)
}

function sharedRun<T>(f: Body<[], T>): () => Job<T> {
  const run = new OneRun<T>(f.name || 'once')
  let body: Body<[], T> | null = f
  const result = (): Generator<never, T> => {
    const first = body
    body = null
    return run.result(first)
  }
  return () => new Work(run.name, result)
}

type Outcome<T> = { readonly failure: Failure } | { readonly failure: null; readonly value: T }

class OneRun<T> implements Owner {
  private _running: Task<T> | null = null
  private _outcome: Outcome<T> | null = null

  constructor(readonly name: string) {}

  /** `f` is read by the first performance only. */
  *result(f: Body<[], T> | null): Generator<never, T> {
    if (this._running === null && this._outcome === null) this._running = spawn(f as Body<[], T>, [], this) // the first performance has it
    if (this._running !== null) {
      checkSelf(this.name, this)
      return yield* this._running.join()
    }
    yield* ready
    queue.order?.acquire(this, 'end')
    const outcome = this._outcome as Outcome<T> // the run has ended
    if (outcome.failure !== null) throw passedOn(outcome.failure.error, outcome.failure.isEnd)
    return outcome.value
  }

  ended(_: Task, failure: Failure | null, value: unknown): boolean {
    this._running = null
    queue.order?.release(this, 'end')
    this._outcome = failure === null ? { failure, value: value as T } : { failure } // the result of `f`
    return false
  }
}
