import type { Observable } from 'rxjs'
import { mistyped, queue, type AsyncScope, type Runnable } from '../../runtime/internal.js'
import { failedAfterEnd, failedGivenUp } from '../demand/errors.js'
import { described, Downstream, publish } from '../demand/scope.js'

/**
 * A source of the items of an iterable, sync or async. It pulls an item only while the stages below have demand, and
 * starts from the run queue, never inline. An endless iterable yields to the host after each time slice.
 *
 * Shape: one item for each item. Holds no item of a sync iterable, 1 item of an async iterable. Completes at its end.
 * Fails with the error of the iterator. A subscriber that leaves calls the iterator's `return`, and `run` and `collect`
 * wait for it, as `for await` does; not where an async iterator is still asked for an item, since that wait may have no
 * end. An error of `return` is a late failure. Throws TypeError for an argument that is no iterable.
 *
 * @example
 * ```ts
 * fromIterable(['a', 'b']).pipe(workerPool(2, fetchOne))
 * ```
 */
export function fromIterable<T>(iterable: Iterable<T> | AsyncIterable<T>): Observable<T> {
  if (isAsyncIterable(iterable))
    return described<T>({ name: 'fromIterable', holds: 1 }, (subscriber) => {
      const pump = new AsyncIterablePump(new Downstream(subscriber), iterable)
      return () => pump.stop()
    })
  if (!isIterable(iterable)) throw mistyped('fromIterable(iterable)', 'an iterable or an async iterable', iterable)
  return described<T>({ name: 'fromIterable', holds: 0 }, (subscriber) => {
    const pump = new IterablePump(new Downstream(subscriber), iterable)
    return () => pump.stop()
  })
}

function isAsyncIterable<T>(value: Iterable<T> | AsyncIterable<T>): value is AsyncIterable<T> {
  return typeof (value as Partial<AsyncIterable<T>> | null | undefined)?.[Symbol.asyncIterator] === 'function' // any value from JavaScript
}

function isIterable<T>(value: Iterable<T>): boolean {
  return typeof (value as Partial<Iterable<T>> | null | undefined)?.[Symbol.iterator] === 'function' // any value from JavaScript
}

/** An iterable of the user may return anything. Throws TypeError for an iterator without `next`. */
function checkedIterator<I extends { next(): unknown }>(iterator: I): I {
  const any: { readonly next?: unknown } | null | undefined = iterator // any value from JavaScript
  if (typeof any?.next !== 'function') throw mistyped('fromIterable(iterable): the iterator', 'an object with next()', iterator)
  return iterator
}

/** An iterator of the user may return anything. Throws TypeError as `for…of` does. */
function checkedResult<T>(result: IteratorResult<T>): IteratorResult<T> {
  const any: unknown = result
  if ((typeof any !== 'object' && typeof any !== 'function') || any === null)
    throw mistyped('fromIterable(iterable): the result of next()', 'an object { done, value }', any)
  return result
}

/** Asks for the iterator at the start, not at the subscription. Code of the user runs with no scope published. */
class IterablePump<T> implements Runnable {
  private _iterator: Iterator<T> | null = null
  private _isOver = false
  /** The iterator is asked: the code of the user runs. */
  private _isAsking = false

  constructor(
    private readonly _downstream: Downstream<T>,
    private readonly _iterable: Iterable<T>,
  ) {
    queue.push(this)
  }

  get scope(): AsyncScope | null {
    return this._downstream.demand.scope
  }

  run(): void {
    const { _downstream: downstream } = this
    if (this._isOver) return
    if (!downstream.isOpen) return downstream.wait(this)
    const before = downstream.enter()
    try {
      this._emitWhileWanted()
    } catch (cause) {
      this._isOver = true
      downstream.error(cause)
    } finally {
      downstream.leave(before)
    }
  }

  private _emitWhileWanted(): void {
    const { _downstream: downstream } = this
    const { demand } = downstream
    while (!this._isOver) {
      const result = this._ask()
      if (this._isOver) return result === null || result.done !== true ? this._return() : undefined
      if (result === null || result.done === true) {
        this._isOver = true
        downstream.complete()
        return
      }
      downstream.emit(result.value) // `done` is not true
      if (this._isOver) return
      if (!downstream.isOpen || demand.othersWait) return downstream.wait(this)
      if (demand.isOthersTurn) return queue.push(this)
      if (--queue.operations.left <= 0 && queue.sliceIsOver) return queue.pushAfterHost(this)
    }
  }

  /** Null where the iterable itself has made the subscriber leave. */
  private _ask(): IteratorResult<T> | null {
    const scope = publish(null)
    this._isAsking = true
    try {
      const iterator = (this._iterator ??= checkedIterator(this._iterable[Symbol.iterator]()))
      return this._isOver ? null : checkedResult(iterator.next())
    } finally {
      this._isAsking = false
      publish(scope)
    }
  }

  /** Where the iterator itself makes the subscriber leave, it returns when its `next` has: a generator that runs cannot. */
  stop(): void {
    if (this._isOver) return
    this._isOver = true
    if (!this._isAsking) this._return()
  }

  private _return(): void {
    const scope = publish(null)
    try {
      this._iterator?.return?.()
    } catch (cause) {
      failedAfterEnd(cause, 'fromIterable: return() of the iterator')
    } finally {
      publish(scope)
    }
  }
}

/** Asks for one item at a time, when there is demand, and holds the result until there is demand again. */
class AsyncIterablePump<T> implements Runnable {
  private _iterator: AsyncIterator<T> | null = null
  private _state: 'ready' | 'asked' | 'received' | 'over' = 'ready'
  private _result: IteratorResult<T> | null = null

  constructor(
    private readonly _downstream: Downstream<T>,
    private readonly _iterable: AsyncIterable<T>,
  ) {
    queue.push(this)
  }

  get scope(): AsyncScope | null {
    return this._downstream.demand.scope
  }

  run(): void {
    if (this._state === 'over') return
    if (!this._downstream.isOpen) return this._downstream.wait(this)
    if (this._state === 'received') this._deliver()
    if (this._state === 'ready') this._ask()
  }

  private _ask(): void {
    if (!this._downstream.isOpen) return this._downstream.wait(this)
    this._state = 'asked'
    let asked: Promise<IteratorResult<T>>
    const scope = publish(null)
    try {
      const iterator = (this._iterator ??= checkedIterator(this._iterable[Symbol.asyncIterator]()))
      if (this._isOver) return void this._return() // the iterable itself has made the subscriber leave
      asked = iterator.next()
    } catch (cause) {
      return this._fail(cause)
    } finally {
      publish(scope)
    }
    Promise.resolve(asked).then(
      (result) => {
        if (this._state !== 'asked') return
        this._state = 'received'
        this._result = result
        queue.push(this)
      },
      (cause: unknown) => {
        if (this._isOver) failedGivenUp(cause, 'fromIterable: next() of the iterator')
        else this._fail(cause)
      },
    )
  }

  private _deliver(): void {
    let value: T
    try {
      const result = checkedResult(this._result as IteratorResult<T>) // received
      this._result = null
      if (result.done === true) {
        this._state = 'over'
        this._downstream.complete()
        return
      }
      value = result.value
    } catch (cause) {
      return this._fail(cause)
    }
    this._state = 'ready'
    this._downstream.next(value)
  }

  private _fail(cause: unknown): void {
    if (this._state === 'over') return
    this._state = 'over'
    this._downstream.error(cause)
  }

  private get _isOver(): boolean {
    return this._state === 'over'
  }

  /**
   * A run waits until the iterator is closed. An iterator that is asked for an item closes after that item only, which may
   * never come: no run waits for that.
   */
  stop(): void {
    if (this._state === 'over') return
    const isResting = this._state !== 'asked'
    this._state = 'over'
    const end = this._return()
    if (isResting && end !== null) this._downstream.scope.cleanup?.closing(end)
  }

  /** Returns a promise of the end, which never rejects; null where nothing has to be waited for. */
  private _return(): Promise<unknown> | null {
    const failed = (cause: unknown): void => failedAfterEnd(cause, 'fromIterable: return() of the iterator')
    const scope = publish(null)
    try {
      const ended: unknown = this._iterator?.return?.()
      return ended === undefined ? null : Promise.resolve(ended).catch(failed)
    } catch (cause) {
      failed(cause)
      return null
    } finally {
      publish(scope)
    }
  }
}
