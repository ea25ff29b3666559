/**
 * Running functions a few at a time, and having their results: in the manner of sourcegraph/conc's pools.
 *
 * What runs between two waits is a batch: it has its own context, its own results and failures. So a pool is used again and again.
 */
import { background, withCancel } from '../context/context.js'
import { Crew, type Task } from './task-group.js'
import { checkCount, checkFunction, mistyped } from '../base/arguments.js'
import { checkContext, Operation } from '../operation/operation.js'
import type { CancelContext, Context, Op } from '../interfaces/op.js'
import { PENDING, type Pending, type Waiter } from '../operation/waiter.js'

export interface PoolOptions {
  /** At most so many at once: a whole number from 1 up. */
  readonly size: number
  /** `all`, the default: each runs, whatever the others do. `first`: the first failure stops them. */
  readonly errors?: 'all' | 'first'
  /** `ordered`, the default: in the order of `go`. `asTheyCome`: in the order they ended. */
  readonly results?: 'ordered' | 'asTheyCome'
  /** Its end stops all. */
  readonly ctx?: Context
}

export interface Pool<R> {
  /**
   * Runs `fn` when a place is free, in the order of the calls; it is given a context that ends when the pool stops. Throws on a pool that
   * was drained.
   */
  go(fn: Task<R>): void
  /**
   * Waits until all have really ended, and answers their results; the pool can be used again. Throws the failure; several as one
   * AggregateError, or the first alone with `errors: 'first'`; or the cause of the context, where its end cut work short.
   */
  wait(): Op<R[]>
  /** Changes the size. Those that run go on. */
  resize(size: number): void
  /** Starts no more until `resume`. Those that run go on. */
  pause(): void
  resume(): void
  /** Takes no more from now on; what it answers waits for those it has taken. */
  drain(): Op<R[]>
  /** How many run. */
  readonly active: number
  /** How many wait for a place. */
  readonly queued: number
}

/**
 * Makes an empty pool. Throws RangeError for a size that is no whole number from 1 up.
 *
 * @example
 * ```ts
 * const downloads = pool<string>({ size: 5, errors: 'first' })
 * for (const url of urls) downloads.go(async (ctx) => (await fetch(url, { signal: ctx.signal })).text())
 * const pages = await downloads.wait()
 * ```
 */
export function pool<R = void>(options: PoolOptions): Pool<R> {
  const { size, errors = 'all', results = 'ordered', ctx = background } = options
  checkCount('pool({ size })', 1, size)
  checkOneOf('pool({ errors })', ['all', 'first'], errors)
  checkOneOf('pool({ results })', ['ordered', 'asTheyCome'], results)
  return new Batches<R>(size, errors === 'first', results === 'ordered', checkContext('pool({ ctx })', ctx))
}

function checkOneOf(where: string, allowed: readonly string[], value: unknown): void {
  if (!allowed.includes(value as string)) throw mistyped(where, allowed.map((one) => `'${one}'`).join(' or '), value) // whatever it is
}

class Batches<R> implements Pool<R> {
  private _batch: Batch<R> | null = null
  private _isPaused = false
  private _isDrained = false
  private readonly _wait = new WaitForBatch(this)

  constructor(
    private _size: number,
    private readonly firstFailure: boolean,
    private readonly ordered: boolean,
    private readonly ctx: Context,
  ) {}

  go(fn: Task<R>): void {
    checkFunction('pool.go(fn)', fn)
    if (this._isDrained) throw new Error('pool: go on a drained pool')
    this.batch.start(fn)
  }

  wait(): Op<R[]> {
    return this._wait
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

  drain(): Op<R[]> {
    this._isDrained = true
    return this._wait
  }

  get active(): number {
    return this._batch?.active ?? 0
  }

  get queued(): number {
    return this._batch?.queued ?? 0
  }

  /** The one under way, or a new one. */
  get batch(): Batch<R> {
    if (this._batch === null) {
      this._batch = new Batch<R>(this, withCancel(this.ctx), this.firstFailure, this.ordered)
      this._admit()
    }
    return this._batch
  }

  /** Its results are about to be taken: the next `go` begins another. */
  over(): void {
    this._batch?.end()
    this._batch = null
  }

  private _admit(): void {
    if (this._batch === null) return
    this._batch.limit = this._isPaused ? 0 : this._size
    this._batch.admit()
  }
}

class Batch<R> extends Crew {
  private readonly _results: R[] = []

  constructor(
    private readonly pool: Batches<R>,
    own: CancelContext,
    private readonly firstFailure: boolean,
    private readonly ordered: boolean,
  ) {
    super(own, firstFailure)
  }

  protected result(index: number, value: unknown): void {
    this._results[this.ordered ? index : this._results.length] = value as R // what a task of the pool answers
  }

  protected idle(): void {
    this.pool.over()
    this.waiters.settleAll(this)
  }

  outcome(): R[] {
    const { failures } = this
    if (failures.length > 1 && !this.firstFailure) throw new AggregateError(failures, `${failures.length} functions of the pool failed`)
    this.throwFailure()
    return this._results
  }
}

class WaitForBatch<R> extends Operation<R[]> {
  constructor(private readonly pool: Batches<R>) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): R[] | Pending {
    const { batch } = this.pool
    if (!batch.isIdle) return PENDING
    this.pool.over()
    return batch.outcome()
  }
  park(waiter: Waiter): void {
    this.pool.batch.waiters.push(waiter)
  }
  withdraw(waiter: Waiter): void {
    this.pool.batch.waiters.remove(waiter) // it has not ended, or nobody would wait for it
  }
  override finish(waiter: Waiter): R[] {
    return (waiter.raw as Batch<R>).outcome() // what `idle` granted
  }
  describe(): string {
    return 'pool.Wait'
  }
}
