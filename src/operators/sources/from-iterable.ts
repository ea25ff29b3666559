import { Observable } from 'rxjs'
import { mistyped, queue, type Runnable } from '../../runtime/internal.js'
import { described } from '../engine/description.js'
import { Outlet } from '../demand/downstream.js'
import { lay } from '../demand/scope.js'

/**
 * The items of an iterable, sync or async, pulled only as far as the stages below have demand. An endless one lets the host have its turn
 * by time slice. Unsubscribing calls the iterator's `return`. Starts soon, never inline.
 *
 * @example
 * ```ts
 * fromIterable(['a', 'b']).pipe(workerPool(2, fetchOne))
 * ```
 */
export function fromIterable<T>(iterable: Iterable<T> | AsyncIterable<T>): Observable<T> {
  // from JavaScript it may be anything
  const it = iterable as Partial<Iterable<T> & AsyncIterable<T>> | null | undefined
  if (typeof it?.[Symbol.asyncIterator] === 'function') {
    // it has the method
    const async = iterable as AsyncIterable<T>
    return described(
      new Observable((subscriber) => {
        const pump = new AsyncIterablePump(new Outlet(subscriber), async)
        return () => pump.stop()
      }),
      { name: 'fromIterable', holds: 1 },
    )
  }
  if (typeof it?.[Symbol.iterator] !== 'function') throw mistyped('fromIterable(iterable)', 'an iterable or an async iterable', iterable)
  // it has the method
  const sync = iterable as Iterable<T>
  return described(
    new Observable((subscriber) => {
      const pump = new IterablePump(new Outlet(subscriber), sync)
      return () => pump.stop()
    }),
    { name: 'fromIterable', holds: 0 },
  )
}

/** Asks for the iterator at the start, not at the subscription; user code runs with no scope laid. */
class IterablePump<T> implements Runnable {
  private _iterator: Iterator<T> | null = null
  private _isOver = false

  constructor(
    private readonly outlet: Outlet<T>,
    private readonly iterable: Iterable<T>,
  ) {
    queue.push(this)
  }

  run(): void {
    const { outlet } = this
    const { demand } = outlet
    if (!this._isOver && !outlet.isOpen) outlet.wait(this)
    else if (!this._isOver) {
      const before = outlet.enter()
      try {
        this._emitWhileWanted()
      } catch (cause) {
        this._isOver = true
        outlet.error(cause)
      } finally {
        outlet.leave(before)
      }
    }
    demand.passOn()
  }

  private _emitWhileWanted(): void {
    const { outlet } = this
    const { demand } = outlet
    while (!this._isOver) {
      const scope = lay(null)
      const result = (this._iterator ??= this.iterable[Symbol.iterator]()).next()
      lay(scope)
      if (result.done === true) {
        this._isOver = true
        outlet.complete()
        return
      }
      outlet.emit(result.value)
      if (this._isOver) return
      if (!outlet.isOpen || demand.othersWait) return outlet.wait(this)
      if (demand.isOthersTurn) return queue.push(this)
      if (--queue.operations.left <= 0 && queue.sliceIsOver) return queue.pushAfterHost(this)
    }
  }

  stop(): void {
    if (this._isOver) return
    this._isOver = true
    this._iterator?.return?.()
  }
}

/** One `next` is asked for at a time, when there is demand; its answer is held until there is demand again. */
class AsyncIterablePump<T> implements Runnable {
  private _iterator: AsyncIterator<T> | null = null
  private _state: 'ready' | 'asked' | 'answered' | 'over' = 'ready'
  private _answer: IteratorResult<T> | null = null

  constructor(
    private readonly outlet: Outlet<T>,
    private readonly iterable: AsyncIterable<T>,
  ) {
    queue.push(this)
  }

  run(): void {
    const { outlet } = this
    const { demand } = outlet
    if (this._state === 'over') demand.passOn()
    else if (!outlet.isOpen) {
      outlet.wait(this)
      demand.passOn()
    } else {
      if (this._state === 'answered') this._deliver(this._answer as IteratorResult<T>) // answered, so there is one
      if (this._state === 'ready') this._ask()
      demand.passOn()
    }
  }

  private _ask(): void {
    if (!this.outlet.isOpen) return this.outlet.wait(this)
    this._state = 'asked'
    let answer: Promise<IteratorResult<T>>
    try {
      answer = (this._iterator ??= this.iterable[Symbol.asyncIterator]()).next()
    } catch (cause) {
      return this._fail(cause)
    }
    Promise.resolve(answer).then(
      (result) => {
        if (this._state !== 'asked') return
        this._state = 'answered'
        this._answer = result
        queue.push(this)
      },
      (cause: unknown) => this._fail(cause),
    )
  }

  private _deliver(result: IteratorResult<T>): void {
    this._answer = null
    if (result.done === true) {
      this._state = 'over'
      this.outlet.complete()
      return
    }
    this._state = 'ready'
    this.outlet.next(result.value)
  }

  private _fail(cause: unknown): void {
    if (this._state === 'over') return
    this._state = 'over'
    this.outlet.error(cause)
  }

  stop(): void {
    if (this._state === 'over') return
    this._state = 'over'
    // A generator in the middle of a wait answers after it; what it throws then nobody waits for.
    Promise.resolve(this._iterator?.return?.()).catch(() => undefined)
  }
}
