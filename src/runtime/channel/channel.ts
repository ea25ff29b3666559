/**
 * The channel: Go's `runtime/chan.go` on one thread. The truth is in `offer` and `take`, which never block; blocking is
 * "poll, else park".
 *
 * Always true, between any two calls:
 * - Receivers wait only while nothing is buffered and no sender waits; senders wait only while the buffer is full.
 * - At most one of the two queues has waiters, unless all in both are cases of the same select (which never meets
 *   itself).
 * - A closed channel has no waiters.
 *
 * Differences from Go: a channel may be closed with a cause, which receivers throw once the channel is drained; and a
 * buffer may lose values instead of blocking (`sliding`, `dropping`). Values that subscribers were granted and give back
 * return to the head in the order of the grants, over the capacity if need be.
 */
import { ChannelIterator } from './iterator.js'
import { Closed, CLOSED, Receive, Send } from './operations.js'
import { ObservableReceiver } from './subscription.js'
import { checkCount, mistyped, outOfRange } from '../base/arguments.js'
import { left, right, type Either, type Option } from '../base/option.js'
import { Ring } from '../base/ring.js'
import type { Buffer, Chan } from '../interfaces/channel.js'
import type { Op } from '../interfaces/op.js'
import type { Resource } from '../operation/resource.js'
import { PENDING, WaitQueue, type Pending } from '../operation/waiter.js'
import { attempted } from '../scheduler/attempt.js'
import { passes, puts, takes } from '../scheduler/events.js'
import { queue } from '../scheduler/run-queue.js'

const LARGEST = 2 ** 31 - 1

/** A function that is an argument gets no name. */
function unnamed<F>(f: F): F {
  return f
}

export class Channel<T> extends ObservableReceiver<T> implements Chan<T>, Resource {
  readonly capacity: number
  // Properties, as in the interface, so that both may be passed on by themselves. They weigh 168 bytes; accessors that
  // make them at their first use would cost each send 5 % more. They have no names: a compiler that keeps names (esbuild's
  // `keepNames`, and so tsx) would define the name of both anew for each channel, which makes `chan` ten times slower.
  readonly send = unnamed((value: T): Op<void> => new Send(this, value))
  readonly trySend = unnamed((value: T): boolean => this.offer(value))
  private readonly _loses: 'oldest' | 'newest' | null
  private readonly _buffer: Ring<T>
  private readonly _senders = new WaitQueue()
  private readonly _receivers = new WaitQueue()
  /** The same receive serves all calls, as a receive carries no value. Made at the first call. */
  private _receive: Op<Option<T>> | null = null
  private _closed = false
  private _cause: { readonly value: unknown } | null = null
  /** The turns in which the values at the head of the buffer were granted that were given back. */
  private _returned: number[] | null = null
  /** Waiters for the end: `closed()`. Made for the first of them. */
  private _watchers: WaitQueue | null = null

  constructor(capacity: number, loses: 'oldest' | 'newest' | null) {
    super()
    this.capacity = capacity
    this._loses = loses
    // An unbuffered channel holds a value only where a receiver gave it back.
    this._buffer = capacity === 0 ? new Ring(0) : new Ring()
  }

  get kind(): string {
    return 'chan'
  }

  get size(): number {
    return this._buffer.size
  }

  get isClosed(): boolean {
    if (!this._closed) attempted(this)
    else queue.order?.acquire(this, 'closed')
    return this._closed
  }

  get isDrained(): boolean {
    return this._buffer.size === 0 && this.isClosed
  }

  receive(): Op<Option<T>> {
    if (queue.probe !== null) return new Receive(this) // the probe sees each receive that is made
    return (this._receive ??= new Receive(this))
  }

  tryReceive(): Either<'empty' | 'closed', T> {
    const value = this.take()
    if (value === PENDING) {
      attempted(this)
      return left('empty')
    }
    if (value === CLOSED) return this.drained(left('closed'))
    return right(value)
  }

  closed(): Op<void> {
    return new Closed(this)
  }

  close(cause?: unknown): void {
    if (this._closed) {
      queue.probe?.closeTwice?.(this)
      throw new Error('close of closed channel')
    }
    this._closed = true
    if (cause !== undefined) this._cause = { value: cause }
    queue.probe?.close?.(this)
    queue.order?.release(this, 'close')
    this._receivers.settleAll(CLOSED)
    this._senders.settleAll(CLOSED)
    this._settleWatchers()
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return new ChannelIterator(this)
  }

  /** Delivers or buffers the value now; returns false where a sender would wait. */
  offer(value: T): boolean {
    if (queue.isWatched) queue.order?.acquire(this, 'send')
    if (this._closed) throw this.sendOnClosed()
    const receiver = this._receivers.shift()
    if (receiver !== null) {
      if (queue.isWatched) passes(this, receiver, false)
      receiver.settle(value)
      return true
    }
    if (this._buffer.size >= this.capacity) {
      if (this._loses === null) return attempted(this)
      if (this._loses === 'newest') return true
      while (this._buffer.size >= this.capacity) this._lose() // values that were given back may be over the capacity
    }
    this._buffer.push(value)
    if (queue.isWatched) puts(this, null)
    return true
  }

  /** Returns the next value, or CLOSED, or PENDING where a receiver would wait. */
  take(): T | typeof CLOSED | Pending {
    const buffer = this._buffer
    if (buffer.size > 0) {
      const value = this._shift()
      if (queue.isWatched) takes(this)
      // Waiting senders fill the room in their order. After a value was given back there may be no room yet.
      if (buffer.size < this.capacity || this._closed) this._admit()
      return value
    }
    const sender = this._senders.shift()
    if (sender !== null) {
      const value = sender.raw as T // a parked sender keeps its value in `raw`
      if (queue.isWatched) passes(this, sender, true)
      sender.settle(undefined)
      return value
    }
    if (!this._closed) return PENDING
    queue.order?.acquire(this, 'closed')
    return CLOSED
  }

  private _admit(): void {
    const sender = this._senders.shift()
    if (sender === null) {
      if (this._closed) this._settleWatchers()
      return
    }
    this._buffer.push(sender.raw as T) // a parked sender keeps its value in `raw`
    if (queue.isWatched) puts(this, sender)
    sender.settle(undefined)
  }

  private _settleWatchers(): void {
    if (this._watchers !== null && this.isDrained) this._watchers.settleAll(undefined)
  }

  private _lose(): void {
    this._shift()
    queue.order?.lost(this)
  }

  private _shift(): T {
    if (this._returned !== null && this._returned.shift() === undefined) this._returned = null
    return this._buffer.shift() as T // the buffer is not empty
  }

  /** Takes back the value of a receiver that left after the grant: the next receiver gets it. */
  giveBack(value: T, turn: number): void {
    const receiver = this._receivers.shift()
    if (receiver !== null) {
      queue.order?.returned(this, 0, receiver)
      receiver.settle(value)
      return
    }
    const turns = (this._returned ??= [])
    turns.push(turn)
    turns.sort((a, b) => a - b)
    const index = turns.indexOf(turn)
    queue.order?.returned(this, index, null)
    const earlier = Array.from({ length: index }, () => this._buffer.shift() as T) // returned before, so it is there
    this._buffer.unshift(value)
    while (earlier.length > 0) this._buffer.unshift(earlier.pop() as T) // not empty
  }

  /** Returns the result of a receive from the drained channel; throws the cause of the close, if any. */
  drained<A>(result: A): A {
    if (this._cause !== null) throw this._cause.value
    return result
  }

  sendOnClosed(): Error {
    return new Error('send on closed channel', this._cause === null ? undefined : { cause: this._cause.value })
  }

  get watchers(): WaitQueue {
    return (this._watchers ??= new WaitQueue())
  }

  get senders(): WaitQueue {
    return this._senders
  }

  get receivers(): WaitQueue {
    return this._receivers
  }
}

/**
 * Makes a channel that buffers up to `capacity` values. With 0, the default, each sender waits for a receiver. With a
 * buffer made by `sliding(n)` or `dropping(n)` no sender ever waits.
 *
 * Throws RangeError "makechan: size out of range" for a capacity that is not a whole number from 0 to 2^31-1. Source:
 * Go's `make(chan T, n)`.
 *
 * @example
 * ```ts
 * const jobs = chan<number>(100)
 * await jobs.send(1)
 * const job = await jobs.receive() // → { _tag: 'Some', value: 1 }
 * ```
 */
export function chan<T>(capacity: number | Buffer<T> = 0): Chan<T> {
  if (typeof capacity === 'object' && capacity !== null) return lossy<T>(capacity)
  return new Channel<T>(checkCapacity(capacity, 0), null)
}

/** Makes a buffer of `n` values that, when full, loses its oldest value: the sender never waits. */
export function sliding<T>(n: number): Buffer<T> {
  checkCount('sliding(n)', 1, n)
  return { capacity: checkCapacity(n, 1), loses: 'oldest' }
}

/** Makes a buffer of `n` values that, when full, loses the value just sent: the sender never waits. */
export function dropping<T>(n: number): Buffer<T> {
  checkCount('dropping(n)', 1, n)
  return { capacity: checkCapacity(n, 1), loses: 'newest' }
}

function lossy<T>(buffer: Buffer<unknown>): Channel<T> {
  const { capacity, loses } = buffer as Partial<Buffer<unknown>> // from JavaScript it may be any object
  if (capacity === undefined && loses === undefined) checkCapacity(buffer, 0)
  if (loses !== 'oldest' && loses !== 'newest') throw mistyped('chan(buffer)', 'a Buffer made by sliding or dropping', buffer)
  return new Channel<T>(checkCapacity(capacity, 1), loses)
}

function checkCapacity(n: unknown, least: number): number {
  if (typeof n !== 'number') throw mistyped('makechan: size out of range', `a whole number from ${least} to 2^31-1, or a Buffer`, n)
  if (!Number.isInteger(n) || n < least || n > LARGEST)
    throw outOfRange('makechan: size out of range', `a whole number from ${least} to 2^31-1`, n)
  return n
}
