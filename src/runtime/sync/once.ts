/**
 * Doing something once: Go's `sync.Once`, `sync.OnceFunc`, `sync.OnceValue`. The function may wait: it runs as a
 * goroutine of its own, so the run goes on when the caller that started it gives up.
 */
import type { Owner } from '../goroutine/owner.js'
import type { Body } from '../interfaces/goroutine.js'
import { checkFunction } from '../base/arguments.js'
import { spawn } from '../goroutine/goroutine.js'
import type { Op } from '../interfaces/op.js'
import { QueuedOperation } from '../operation/queued.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, WaitQueue, type Pending } from '../operation/waiter.js'

/** Runs a function at the first call only. */
export interface Once {
  /**
   * Starts `f` at the first call; each call returns an operation that waits until that `f` has ended. Only the first
   * caller sees an error of `f`; later callers just wait. A failed `f` is not run again.
   */
  do(f: Body<[], unknown>): Op<void>
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
  return new OnceImpl()
}

class OnceImpl implements Once, Owner, Resource {
  hasEnded = false
  readonly waiters = new WaitQueue()
  private _hasStarted = false

  get kind(): string {
    return 'once'
  }

  do(f: Body<[], unknown>): Op<void> {
    checkFunction('once.do(f)', f)
    if (this._hasStarted) return new Ended(this)
    this._hasStarted = true
    return spawn(f, [], this).join() as Op<void> // the result of `f` is not used
  }

  ended(): boolean {
    this.hasEnded = true
    this.waiters.settleAll(undefined)
    return false
  }
}

class Ended extends QueuedOperation<void> {
  constructor(private readonly once: OnceImpl) {
    super()
  }
  protected get waiters(): WaitQueue {
    return this.once.waiters
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): void | Pending {
    return this.once.hasEnded ? undefined : PENDING
  }
  override finish(): void {}
  override resources(): readonly Resource[] {
    return [this.once]
  }
  describe(): string {
    return 'sync.Once.Do'
  }
}

/**
 * Returns a function that runs `f` at its first call. Each call returns an operation that waits until `f` has ended,
 * and throws the error of `f`. Source: Go's `sync.OnceFunc`.
 */
export function onceFunc(f: Body<[], unknown>): () => Op<void> {
  checkFunction('onceFunc(f)', f)
  return startedOnce(f) as () => Op<void> // the result of `f` is not used
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
export function onceValue<T>(f: Body<[], T>): () => Op<T> {
  checkFunction('onceValue(f)', f)
  return startedOnce(f)
}

function startedOnce<T>(f: Body<[], T>): () => Op<T> {
  let result: Op<T> | null = null
  return () => (result ??= spawn(f, [], null).join())
}
