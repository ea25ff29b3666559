import type { Observable, OperatorFunction, Subscriber, Subscription } from 'rxjs'
import type { Context, Goroutine } from '../runtime/index.js'
import { checkCount, checkFunction, PENDING, queue, Ring, spawn, Waiter, type Operation, type Runnable } from '../runtime/kernel.js'
import { stageNotes, type StageNotes, type StageOptions } from './arrivals.js'
import { lay, under, type Scope } from './scope.js'
import { operate, Stage } from './stage.js'
import { isGeneratorFunction, kindOf, type Work } from './work.js'

export interface WorkerPoolOptions extends StageOptions {
  /** Results in the order of their items, in place of as they come. */
  readonly ordered?: boolean
}

type Worker<T, R> = (value: T, ctx: Context) => Work<R>

/**
 * `n` workers over the items: at most `n` are under way or have a result that waits to leave, and the source is paused meanwhile. `work` gets
 * the item and a context that ends when the subscriber leaves; it answers a value, a promise, an operation, a generator (run as a
 * goroutine) or an observable. Results come as they are ready, or with `ordered` in the order of their items.
 *
 * The first throw is the pipeline's error: the context ends, goroutines are canceled, what else is under way is forgotten. Throws RangeError
 * at once for an `n` that is no whole number from 1 up. Takes the place of `mergeMap(f, n)`, whose backlog has no bound.
 *
 * @example
 * ```ts
 * fromReceiver(jobs).pipe(workerPool(5, async (url, ctx) => (await fetch(url, { signal: ctx.signal })).status))
 * ```
 */
export function workerPool<T, R>(
  n: number,
  work: (value: T, ctx: Context) => Work<R>,
  options?: WorkerPoolOptions,
): OperatorFunction<T, R> {
  checkCount('workerPool(n)', 1, n)
  checkFunction('workerPool(n, work)', work)
  const notes = stageNotes('workerPool', options)
  return operate((subscriber) => new WorkerPool(subscriber, notes, n, work, options?.ordered === true))
}

class WorkerPool<T, R> extends Stage<T, R> {
  readonly runsGoroutines: boolean
  /** Places that are free to be used again: a promise's two callbacks are made once for each place, not for each item. */
  private readonly _free: Place<T, R>[] = []
  private readonly _all: Place<T, R>[] = []
  /** With `ordered`: the places in the order of their items. */
  private readonly _order: Ring<Place<T, R>> | null

  constructor(
    subscriber: Subscriber<R>,
    notes: StageNotes,
    n: number,
    readonly work: Worker<T, R>,
    ordered: boolean,
  ) {
    super(subscriber, notes, n)
    this.runsGoroutines = isGeneratorFunction(work)
    this._order = ordered ? new Ring() : null
  }

  get context(): Context {
    return this.ctx
  }

  /** What an observable of a worker is subscribed under: it runs at the pace of the stage below. */
  get scopeBelow(): Scope {
    return { demand: this.outlet.demand, ctx: this.ctx }
  }

  get isOrdered(): boolean {
    return this._order !== null
  }

  protected take(value: T): void {
    const place = this._free.pop() ?? this._newPlace()
    this._order?.push(place)
    place.begin(value)
    if (this._order !== null) this._advance(this._order)
  }

  private _newPlace(): Place<T, R> {
    const place = new Place(this)
    this._all.push(place)
    return place
  }

  /** A result of this place; with `ordered` only the first in order may let it go. */
  result(place: Place<T, R>, value: R, isLast: boolean): void {
    if (this.isOver) return
    if (this._order !== null && isLast) {
      place.keep(value)
      this._advance(this._order)
    } else if (isLast) {
      this._release(place)
      this.deliverLast(value)
    } else this.deliver(value)
  }

  /** This place has no (more) results. */
  done(place: Place<T, R>): void {
    if (this.isOver) return
    if (this._order === null) {
      this._release(place)
      this.free()
    } else {
      place.isDone = true
      this._advance(this._order)
    }
  }

  failed(cause: unknown): void {
    this.fail(cause)
  }

  /** Lets go what the first in order have, and the next to be first begin. */
  private _advance(order: Ring<Place<T, R>>): void {
    for (let first = order.first; first !== undefined && first.isDone && !this.isOver; first = order.first) {
      order.shift()
      this._release(first)
      if (first.hasKept) this.deliverLast(first.takeKept())
      else this.free()
    }
    order.first?.becomeFirst()
  }

  private _release(place: Place<T, R>): void {
    this._free.push(place)
  }

  protected stopWork(): void {
    for (const place of this._all) place.stop()
  }
}

/** One of the `n`: the item under way, whatever kind its work is. It waits for operations itself. */
class Place<T, R> extends Waiter implements Runnable {
  isDone = false
  hasKept = false
  private _kept: R | undefined = undefined
  private _operation: Operation<R> | null = null
  private _isGranted = false
  private _goroutine: Goroutine<R> | null = null
  private _subscription: Subscription | null = null
  private _deferred: Observable<R> | null = null
  private readonly _onValue = (value: R): void => this.pool.result(this, value, true)
  private readonly _onThrow = (cause: unknown): void => this.pool.failed(cause)

  constructor(private readonly pool: WorkerPool<T, R>) {
    super()
  }

  begin(value: T): void {
    const { pool } = this
    this.isDone = false
    if (pool.runsGoroutines)
      return this._join(spawn(pool.work as (value: T, ctx: Context) => Generator<never, R>, [value, pool.context], null))
    let work: Work<R>
    const scope = lay(null)
    try {
      work = pool.work(value, pool.context)
    } catch (cause) {
      return pool.failed(cause)
    } finally {
      lay(scope)
    }
    switch (kindOf(work)) {
      case 'value':
        return pool.result(this, work as R, true)
      case 'promise':
        // Only a promise of the language's own is sure to call back once, and later.
        return void (work instanceof Promise ? work : Promise.resolve(work as PromiseLike<R>)).then(this._onValue, this._onThrow)
      case 'operation':
        return this._perform(work as unknown as Operation<R>)
      case 'generator':
        return this._join(spawn(handOver<R>, [work as Generator<never, R>], null))
      case 'observable':
        if (!pool.isOrdered) return this._subscribe(work as Observable<R>)
        this._deferred = work as Observable<R>
    }
  }

  private _join(goroutine: Goroutine<R>): void {
    this._goroutine = goroutine
    this._perform(goroutine.join() as Operation<R>)
  }

  private _perform(operation: Operation<R>): void {
    let value
    try {
      value = operation.poll()
    } catch (cause) {
      return this.pool.failed(cause)
    }
    if (value !== PENDING) return this.pool.result(this, value, true)
    this._operation = operation
    this._isGranted = false
    operation.park(this)
  }

  settle(raw: unknown): void {
    this.raw = raw
    this._isGranted = true
    queue.push(this)
  }

  run(): void {
    const operation = this._operation
    if (operation === null) return // stopped meanwhile
    this._operation = this._goroutine = null
    let value
    try {
      value = operation.finish(this)
    } catch (cause) {
      return this.pool.failed(cause)
    }
    this.raw = undefined
    this.pool.result(this, value, true)
  }

  private _subscribe(work: Observable<R>): void {
    const { pool } = this
    let isOver = false
    const subscription = under(pool.scopeBelow, () =>
      work.subscribe({
        next: (value) => pool.result(this, value, false),
        error: (cause) => pool.failed(cause),
        complete: () => {
          isOver = true
          this._subscription = null
          pool.done(this)
        },
      }),
    )
    if (!isOver) this._subscription = subscription
  }

  /** In order, an observable is subscribed to when those before it are through: its results would have to wait without bound. */
  becomeFirst(): void {
    const work = this._deferred
    this._deferred = null
    if (work !== null) this._subscribe(work)
  }

  keep(value: R): void {
    this.isDone = true
    this.hasKept = true
    this._kept = value
  }

  takeKept(): R {
    const value = this._kept as R // kept
    this.hasKept = false
    this._kept = undefined
    return value
  }

  stop(): void {
    if (this._operation !== null) {
      if (this._isGranted) this._operation.undo(this)
      else this._operation.withdraw(this)
    }
    this._operation = null
    this._goroutine?.cancel()
    this._subscription?.unsubscribe()
    this._deferred = null
  }
}

function handOver<R>(generator: Generator<never, R>): Generator<never, R> {
  return generator
}
