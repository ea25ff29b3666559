/**
 * A channel of numbers over a ring in shared memory: both sides have the same channel, and no message crosses. The meaning of a step is in
 * the ring; blocking is "poll, else park", as with every channel.
 *
 * Where we differ from `chan`: the waiters of one thread are served first in, first out; among threads there is no order. A capacity is
 * at least 1.
 */
import type { Chan, Either, Op, Option } from '../../../runtime/index.js'
import {
  ChannelIterator,
  CLOSED,
  left,
  mistyped,
  ObservableReceiver,
  outOfRange,
  PENDING,
  queue,
  right,
} from '../../../runtime/internal.js'
import type { Pending } from '../../../runtime/internal.js'
import { setHandle, type Part } from '../shared/handle.js'
import { NumbersEnd, ReceiveNumber, SendNumber } from './operations.js'
import { EMPTY, NumberRing, OVER, ringMemory } from './ring.js'

export class NumberChannel extends ObservableReceiver<number> implements Chan<number> {
  readonly ring: NumberRing
  /** The same receive serves all calls, as a receive carries no value. Made at the first call. */
  private _receive: Op<Option<number>> | null = null
  private _cause: { readonly value: unknown } | null = null

  constructor(memory: ArrayBufferLike, part: Part | null) {
    super()
    this.ring = new NumberRing(memory, part)
    setHandle(this, { kind: 'numbers', memory })
  }

  get capacity(): number {
    return this.ring.capacity
  }

  get size(): number {
    return this.ring.size
  }

  get isClosed(): boolean {
    return this.ring.isClosed
  }

  readonly send = (value: number): Op<void> => new SendNumber(this, checked('numbers.send(value)', value))

  readonly trySend = (value: number): boolean => this.offer(checked('numbers.trySend(value)', value))

  /** Sends now; returns false where a sender would wait. */
  offer(value: number): boolean {
    const { ring } = this
    const { writers } = ring
    if (writers.waiters.first !== null) writers.run()
    if (writers.waiters.first === null && ring.put(value)) return true
    if (ring.isClosed) throw this.sendOnClosed()
    return false
  }

  receive(): Op<Option<number>> {
    if (queue.probe !== null) return new ReceiveNumber(this) // the probe sees each receive that is made
    return (this._receive ??= new ReceiveNumber(this))
  }

  tryReceive(): Either<'empty' | 'closed', number> {
    const value = this.take()
    if (value === EMPTY) return left('empty')
    return value === OVER ? this.drained(left('closed')) : right(value)
  }

  /** Takes now; EMPTY where a receiver would wait. */
  take(): number | typeof EMPTY | typeof OVER {
    const { ring } = this
    const { readers } = ring
    if (readers.waiters.first !== null) readers.run()
    const value = readers.waiters.first === null ? ring.take(false) : EMPTY
    if (value !== EMPTY) readers.acquired()
    return value
  }

  closed(): Op<void> {
    return new NumbersEnd(this)
  }

  close(cause?: unknown): void {
    if (this.isClosed) this._closedTwice()
    this._cause = cause === undefined ? null : { value: cause }
    if (!this.ring.close(cause)) this._closedTwice()
  }

  private _closedTwice(): never {
    queue.probe?.closeTwice?.(this)
    throw new Error('close of closed channel')
  }

  [Symbol.asyncIterator](): AsyncIterator<number> {
    return new ChannelIterator<number>({
      take: () => forLoop(this.take()),
      receive: () => this.receive(),
      drained: (result) => this.drained(result),
    })
  }

  /** The result of a receive at the end; throws the cause of the close, if there is one. */
  drained<R>(result: R): R {
    const cause = (this._cause ??= this.ring.cause)
    if (cause !== null) throw cause.value
    return result
  }

  sendOnClosed(): Error {
    const cause = (this._cause ??= this.ring.cause)
    return new Error('send on closed channel', cause === null ? undefined : { cause: cause.value })
  }
}

function forLoop(value: number | typeof EMPTY | typeof OVER): number | typeof CLOSED | Pending {
  if (value === EMPTY) return PENDING
  return value === OVER ? CLOSED : value
}

function checked(where: string, value: number): number {
  if (typeof value !== 'number') throw mistyped(where, 'a number', value)
  return value
}

const LARGEST = 2 ** 26

/**
 * Makes a channel of numbers that buffers up to `capacity` numbers in shared memory. As an argument of a function on a
 * thread (an argument of its own) it is the same channel on both sides: no message crosses, threads send to each other
 * without this thread, and the capacity is exact. It blocks, closes and is a case of `select` as a channel of `chan` does.
 *
 * The waiters of one thread are served first in, first out; among threads there is no order. A cause of `close` crosses as an error does,
 * with at most 1,024 bytes. `trySend` and `tryReceive` may say that they would wait while another thread is in the midst of such a step.
 * Numbers that a lost thread has received are lost with it; numbers that it has sent stay in the channel.
 *
 * Throws RangeError unless `capacity` is a whole number from 1 to 2^26, TypeError for a value that is no
 * number, and Error on a host without shared memory, such as a page that is not cross-origin isolated.
 *
 * @example
 * ```ts
 * const { mean } = onThreads(import.meta, {
 *   *mean(samples: Receiver<number>) {
 *     let [n, sum] = [0, 0]
 *     for (const it = range(samples); yield* it.next(); n++) sum += it.value
 *     return sum / n
 *   },
 * })
 * using here = inline() // on a thread without this line
 * const samples = numbers(1024)
 * const result = go(mean(samples))
 * for (const n of [1, 2, 6]) await samples.send(n)
 * samples.close()
 * await result.join() // → 3
 * ```
 */
export function numbers(capacity: number): Chan<number> {
  const where = 'numbers(capacity)'
  if (typeof capacity !== 'number') throw mistyped(where, 'a whole number from 1 to 2^26', capacity)
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > LARGEST) throw outOfRange(where, 'a whole number from 1 to 2^26', capacity)
  return new NumberChannel(ringMemory(capacity), null)
}
