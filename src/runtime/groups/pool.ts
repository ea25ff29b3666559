/**
 * A pool: runs functions, a limited number at a time, and collects their results, in the manner of sourcegraph/conc.
 *
 * The functions between two waits are a batch, with its own context, results and failures. So a pool can be used again
 * and again.
 */
import { checkContext, type Context } from '../interfaces/context.js'
import { checkCount, checkFunction, checkOneOf, checkRecord } from '../base/arguments.js'
import { background } from '../context/context.js'
import { CancelableContext } from '../context/tree.js'
import { Unstarted, Work } from '../goroutine/job.js'
import { checkSelf, EndWait } from '../goroutine/self-wait.js'
import { uncancelable } from '../goroutine/uncancelable.js'
import type { Job } from '../interfaces/job.js'
import type { Op } from '../interfaces/op.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, type Pending, type WaitQueue } from '../operation/waiter.js'
import { queue } from '../scheduler/run-queue.js'
import { TaskGroup, type GroupBody } from './task-group.js'

/** Options of `pool`. */
export interface PoolOptions {
  /** The number of functions that run at once: a whole number from 1 up. */
  readonly size: number
  /** `all`, the default: every function runs, whatever the others do. `first`: the first failure stops the others. */
  readonly errors?: 'all' | 'first'
  /** `ordered`, the default: results in the order of `go`. `asTheyCome`: in the order in which the functions end. */
  readonly results?: 'ordered' | 'asTheyCome'
  /** Its end stops every function. */
  readonly ctx?: Context
}

/** Runs functions, at most `size` at a time. */
export interface Pool<R> extends AsyncDisposable {
  /**
   * Runs `fn` when the pool has room, in the order of the calls; never waits. `fn` receives a context that ends when
   * the pool stops. Throws "pool: go on a drained pool".
   */
  go(fn: GroupBody<R>): void
  /**
   * Waits until every body has ended, and results in their results; the pool can then be used again. Throws the
   * failure: several failures as an AggregateError, or the first failure with `errors: 'first'`; or the cause of the
   * context if its end cut work short. In a generator function of the pool it throws Error, as it would wait for itself.
   */
  wait(): Op<R[]>
  /** Changes the size. Running functions go on. */
  resize(size: number): void
  /** Starts no function until `resume`. Running functions go on. */
  pause(): void
  /** Ends a pause. */
  resume(): void
  /**
   * A job that waits as `wait` does. From its start on `go` throws. Its performer owns the rest of the work: when the
   * performer is canceled, or `within` or `timeout` ends, the functions of the pool are canceled as well, also where the
   * drain has not started by then. In a generator function of the pool, or a job that it performs, the drain throws Error
   * and has no effect: a pool cannot drain while the function that drains it runs.
   */
  drain(): Job<R[]>
  /**
   * For `await using`: a drain that is given up at once. It cancels the functions that run, and waits until their
   * generators are unwound; queued functions never start. A failure that no wait has thrown is a late failure.
   */
  [Symbol.asyncDispose](): Promise<void>
  /** The number of running functions. */
  readonly active: number
  /** The number of functions that have not started. */
  readonly queued: number
}

/**
 * Makes an empty pool. Throws RangeError unless `size` is a whole number from 1 up.
 *
 * @example
 * ```ts
 * const downloads = pool<string>({ size: 5, errors: 'first' })
 * for (const url of urls) downloads.go(async (ctx) => (await fetch(url, { signal: ctx.signal })).text())
 * const pages = await downloads.wait()
 * ```
 */
export function pool<R = void>(options: PoolOptions): Pool<R> {
  checkRecord('pool(options)', '{ size, errors?, results?, ctx? }', options, ['size', 'errors', 'results', 'ctx'])
  const { size, errors = 'all', results = 'ordered', ctx = background } = options
  checkCount('pool({ size })', 1, size)
  checkOneOf('pool({ errors })', ['all', 'first'], errors)
  checkOneOf('pool({ results })', ['ordered', 'asTheyCome'], results)
  return new PoolImpl<R>(size, errors === 'first', results === 'ordered', checkContext('pool({ ctx })', ctx))
}

class PoolImpl<R> implements Pool<R>, Resource {
  private _batch: Batch<R> | null = null
  private _isPaused = false
  private _isDrained = false
  private _wait: Wait<R> | null = null

  constructor(
    private _size: number,
    private readonly firstFailure: boolean,
    private readonly ordered: boolean,
    private readonly ctx: Context,
  ) {}

  get kind(): string {
    return 'pool'
  }

  go(fn: GroupBody<R>): void {
    checkFunction('pool.go(fn)', fn)
    if (this._isDrained) throw new Error('pool: go on a drained pool')
    this.batch.start(fn)
  }

  wait(): Op<R[]> {
    this._batch?.waitMade()
    return queue.probe === null ? (this._wait ??= new Wait(this)) : new Wait(this)
  }

  resize(size: number): void {
    checkCount('pool.resize(size)', 1, size)
    this._size = size
    this._admit()
  }

  pause(): void {
    this._isPaused = true
    this._admit()
  }

  resume(): void {
    this._isPaused = false
    this._admit()
  }

  drain(): Job<R[]> {
    return new Work('pool.drain', () => this._drain(), new Unstarted(() => this._giveUp()))
  }

  /** For a drain that is canceled before it has started. */
  private *_giveUp(): Generator<never, void> {
    this._checkDrain()
    this._isDrained = true
    if (this._batch !== null) yield* uncancelable(this._batch.stopped())
  }

  private *_drain(): Generator<never, R[]> {
    this._checkDrain()
    this._isDrained = true
    let cause: unknown
    try {
      return yield* this.wait()
    } catch (error) {
      cause = error
      throw error
    } finally {
      if (this._batch !== null) yield* uncancelable(this._batch.stopped(cause))
    }
  }

  /** A drain in a function of the pool has no effect: a pool cannot drain while the function that drains it runs. */
  private _checkDrain(): void {
    if (this._batch !== null) checkSelf('pool.drain', this._batch)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this._isDrained = true
    await this._batch?.disposed()
  }

  get active(): number {
    return this._batch?.active ?? 0
  }

  get queued(): number {
    return this._batch?.queued ?? 0
  }

  /** The batch under way, or a new batch. */
  get batch(): Batch<R> {
    if (this._batch === null) {
      this._batch = new Batch<R>(this, new CancelableContext(this.ctx).follow(), this.firstFailure, this.ordered)
      this._admit()
    }
    return this._batch
  }

  /** The results of the batch are about to be taken: the next `go` begins another batch. */
  endBatch(): void {
    this._batch?.end()
    this._batch = null
  }

  private _admit(): void {
    if (this._batch === null) return
    this._batch.limit = this._isPaused ? 0 : this._size
    this._batch.admit()
  }
}

class Batch<R> extends TaskGroup {
  private readonly _results: R[] = []

  constructor(
    private readonly pool: PoolImpl<R>,
    own: CancelableContext,
    private readonly firstFailure: boolean,
    private readonly ordered: boolean,
  ) {
    super(own, firstFailure)
  }

  protected returned(index: number, value: unknown): void {
    this._results[this.ordered ? index : this._results.length] = value as R // the pool takes functions that return R
  }

  protected becameIdle(): void {
    this.pool.endBatch()
    this.waiters.settleAll(this)
  }

  outcome(wait: Wait<R>): R[] {
    queue.order?.acquire(this, 'end')
    const { failures } = this
    if (failures.length > 1 && !this.firstFailure)
      throw this.thrown(new AggregateError(failures, `${failures.length} functions of the pool failed`))
    this.throwFailure(wait)
    return this._results
  }
}

class Wait<R> extends EndWait<R[]> {
  constructor(private readonly pool: PoolImpl<R>) {
    super()
  }
  protected get target(): Batch<R> {
    return this.pool.batch // a batch ends no earlier than its last waiter leaves
  }
  protected get waiters(): WaitQueue {
    return this.target.waiters
  }
  poll(): R[] | Pending {
    const { batch } = this.pool
    if (!batch.isIdle) return PENDING
    this.pool.endBatch()
    return batch.outcome(this)
  }
  protected begins(): void {
    this.target.waitBegins()
  }
  protected left(granted: unknown): void {
    const batch = (granted as Batch<R> | undefined) ?? this.target // as below
    batch.waitLeaves()
  }
  protected result(granted: unknown): R[] {
    return (granted as Batch<R>).outcome(this) // `becameIdle` grants the batch
  }
  override resources(): readonly Resource[] {
    return [this.pool]
  }
  describe(): string {
    return 'pool.Wait'
  }
}
