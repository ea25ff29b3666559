/**
 * `for await` over a channel. Calls of `next` may overlap; each receives a value, in order. `return` ends the
 * iteration: calls that wait are released, and nothing more is received. A loop over a channel that never runs dry lets
 * the host have its turn when its slice is over.
 */
import { CLOSED } from './operations.js'
import type { Option } from '../base/option.js'
import type { Op } from '../interfaces/op.js'
import type { Operation } from '../operation/operation.js'
import { subscribe, type Unsubscribable } from '../operation/perform.js'
import { PENDING, type Pending } from '../operation/waiter.js'
import { queue } from '../scheduler/run-queue.js'

/** The part of a channel, or of another receiver of the package, that the loop uses. */
export interface Iterated<T> {
  take(): T | typeof CLOSED | Pending
  receive(): Op<Option<T>>
  /** The result of a receive at the end; throws the cause of the close, if there is one. */
  drained<R>(result: R): R
}

export class ChannelIterator<T> implements AsyncIterator<T> {
  private _isOver = false
  /** Releases the calls of `next` that wait. */
  private readonly _waiting = new Set<() => void>()
  private _hostTurn: Promise<void> | null = null

  constructor(private readonly channel: Iterated<T>) {}

  async next(): Promise<IteratorResult<T>> {
    queue.async.performs()
    if (queue.isOverdue || (--queue.operations.left <= 0 && queue.sliceIsOver)) this._hostTurn ??= hostTurn()
    if (this._hostTurn !== null) {
      await this._hostTurn
      this._hostTurn = null
    }
    if (this._isOver) return { done: true, value: undefined }
    const value = this.channel.take()
    if (value === PENDING) return this._wait()
    if (value === CLOSED) return this.channel.drained({ done: true, value: undefined })
    return { done: false, value }
  }

  private _wait(): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => {
      const receive = this.channel.receive() as Operation<Option<T>> // a channel of the package makes operations of the package
      let subscription: Unsubscribable | null = null
      const release = () => {
        subscription?.unsubscribe()
        resolve({ done: true, value: undefined })
      }
      this._waiting.add(release)
      // A value of another thread may be there by now: then `next` is called at once.
      subscription = subscribe(receive, {
        next: (message) => {
          this._waiting.delete(release)
          queue.async.resume(resolve, message._tag === 'Some' ? { done: false, value: message.value } : { done: true, value: undefined })
        },
        error: reject,
      })
    })
  }

  return(): Promise<IteratorResult<T>> {
    this._isOver = true
    for (const release of this._waiting) release()
    this._waiting.clear()
    return Promise.resolve({ done: true, value: undefined })
  }
}

function hostTurn(): Promise<void> {
  return new Promise((resolve) => queue.pushAfterHost({ run: () => queue.async.resume(resolve, undefined) }))
}
