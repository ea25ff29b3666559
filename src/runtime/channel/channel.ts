/**
 * The channel: Go's `runtime/chan.go` on one thread. The truth is in `offer` and `take`, which never block; blocking is "poll, else park".
 *
 * Always true, between any two calls:
 * - Receivers wait only while nothing is buffered and no sender waits; senders wait only while the buffer is full.
 * - At most one of the two queues has waiters, unless all in both are cases of one select (which never meets itself).
 * - Once closed, no one waits.
 *
 * Where we differ from Go: a channel may be closed with a cause, which receivers throw once it is drained; and a buffer may lose values
 * rather than block (`sliding`, `dropping`). What a subscriber was granted and gives back returns to the head, over the capacity if need be.
 */
import { checkCount, outOfRange, mistyped } from '../base/arguments.js'
import { Operation } from '../operation/operation.js'
import type { Resource } from '../operation/resource.js'
import { left, none, right, some, type Either, type Option } from '../base/option.js'
import type { Probe } from '../scheduler/probe.js'
import { queue } from '../scheduler/run-queue.js'
import { Ring } from '../base/ring.js'
import type { Op } from '../interfaces/op.js'
import { PENDING, WaitQueue, type Pending, type Waiter } from '../operation/waiter.js'
import { ObservableReceiver } from './subscription.js'
import { subscribe } from '../operation/perform.js'

/**
 * The sending half. Its value type varies as a consumer's does: a `Sender<Animal>` serves as a `Sender<Dog>`.
 */
export interface Sender<in T> {
  /**
   * Sends `value`: waits until a receiver takes it or the buffer has room. Throws "send on closed channel" if it is closed, before or while
   * it waits.
   */
  readonly send: (value: T) => Op<void>
  /** Sends if that needs no waiting; answers whether it did. Throws "send on closed channel". */
  readonly trySend: (value: T) => boolean
  /**
   * No more values: receivers drain what is buffered and then get none, or throw `cause` where one is given. Senders that wait throw.
   * Throws "close of closed channel".
   */
  close(cause?: unknown): void
  /** Values buffered now. */
  readonly size: number
  /** Values it buffers before senders wait; 0 means that sender and receiver meet. */
  readonly capacity: number
  readonly closed: boolean
}

/** The receiving half. It is an async iterable, and an observable to RxJS: `from(receiver)`. */
export interface Receiver<out T> {
  /** Receives the next value: waits until there is one. None once it is closed and drained; after `close(cause)` it throws the cause then. */
  receive(): Op<Option<T>>
  /** Receives if that needs no waiting; else says whether it is empty for now, or closed. After `close(cause)` it throws the cause once drained. */
  tryReceive(): Either<'empty' | 'closed', T>
  readonly size: number
  readonly capacity: number
  /** Leaving the loop consumes nothing more and closes nothing. */
  [Symbol.asyncIterator](): AsyncIterator<T>
}

/**
 * A channel; pass it on as a `Sender` or a `Receiver`, and the compiler keeps to the direction.
 */
export interface Chan<T> extends Sender<T>, Receiver<T> {}

/** A buffer that never blocks the sender; made by `sliding` or `dropping`. */
export interface Buffer<T> {
  readonly capacity: number
  /** Which value is lost when it is full. */
  readonly loses: 'oldest' | 'newest'
  readonly __t?: T
}

/** A receiver finds this in place of a value: closed, and nothing left. */
export const CLOSED = Symbol.for('millrace.closed')

const LARGEST = 2 ** 31 - 1

export class Channel<T> extends ObservableReceiver<T> implements Chan<T>, Resource {
  readonly capacity: number
  private readonly _loses: 'oldest' | 'newest' | null
  private readonly _buffer = new Ring<T>()
  private readonly _senders = new WaitQueue()
  private readonly _receivers = new WaitQueue()
  /** One for all calls: it carries no value. Made at the first call. */
  private _receive: Op<Option<T>> | null = null
  private _closed = false
  private _cause: { readonly value: unknown } | null = null

  constructor(capacity: number, loses: 'oldest' | 'newest' | null) {
    super()
    this.capacity = capacity
    this._loses = loses
  }

  get kind(): string {
    return 'chan'
  }

  get size(): number {
    return this._buffer.size
  }

  get closed(): boolean {
    return this._closed
  }

  // Properties in the types, for the variance; methods here, so that a channel does not carry two closures.
  send(value: T): Op<void> {
    return new Send(this, value)
  }

  trySend(value: T): boolean {
    return this.offer(value)
  }

  receive(): Op<Option<T>> {
    if (queue.probe !== null) return new Receive(this) // so that the probe sees each that is made
    return (this._receive ??= new Receive(this))
  }

  tryReceive(): Either<'empty' | 'closed', T> {
    const value = this.take()
    if (value === PENDING) return left('empty')
    if (value === CLOSED) return this.drained(left('closed'))
    return right(value)
  }

  close(cause?: unknown): void {
    if (this._closed) {
      if (queue.probe !== null) queue.probe.closeTwice?.(this)
      throw new Error('close of closed channel')
    }
    this._closed = true
    if (cause !== undefined) this._cause = { value: cause }
    if (queue.probe !== null) queue.probe.close?.(this)
    this._receivers.settleAll(CLOSED)
    this._senders.settleAll(CLOSED)
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return new ChannelIterator(this)
  }

  /** Delivers or buffers the value now; false means that a sender would wait. */
  offer(value: T): boolean {
    if (this._closed) throw this.sendOnClosed()
    const receiver = this._receivers.shift()
    if (receiver !== null) {
      if (queue.probe !== null) this._passed(queue.probe)
      receiver.settle(value)
      return true
    }
    if (this._buffer.size >= this.capacity) {
      if (this._loses === null) return false
      if (this._loses === 'newest') return true
      while (this._buffer.size >= this.capacity) this._buffer.shift() // what was given back may be over the capacity
    }
    this._buffer.push(value)
    if (queue.probe !== null) queue.probe.send?.(this)
    return true
  }

  /** The next value, or CLOSED, or PENDING where a receiver would wait. */
  take(): T | typeof CLOSED | Pending {
    const buffer = this._buffer
    if (buffer.size > 0) {
      const value = buffer.shift() as T // its size says that there is one
      if (queue.probe !== null) queue.probe.receive?.(this)
      // Waiting senders fill the room in their order. After a value was given back there may be none yet.
      if (buffer.size < this.capacity) this._admit()
      return value
    }
    const sender = this._senders.shift()
    if (sender !== null) {
      const value = sender.raw as T // what it parked with
      if (queue.probe !== null) this._passed(queue.probe)
      sender.settle(undefined)
      return value
    }
    return this._closed ? CLOSED : PENDING
  }

  private _admit(): void {
    const sender = this._senders.shift()
    if (sender === null) return
    this._buffer.push(sender.raw as T) // what it parked with
    if (queue.probe !== null) queue.probe.send?.(this)
    sender.settle(undefined)
  }

  /** A value went straight from a sender to a receiver. */
  private _passed(probe: Probe): void {
    probe.send?.(this)
    probe.receive?.(this)
  }

  /** Takes back a value from one who was granted it and left: the next receiver gets it. */
  giveBack(value: T): void {
    const receiver = this._receivers.shift()
    if (receiver === null) this._buffer.unshift(value)
    else receiver.settle(value)
  }

  /** The answer of a drained channel, unless it was closed with a cause. */
  drained<A>(answer: A): A {
    if (this._cause !== null) throw this._cause.value
    return answer
  }

  sendOnClosed(): Error {
    return new Error('send on closed channel', this._cause === null ? undefined : { cause: this._cause.value })
  }

  get senders(): WaitQueue {
    return this._senders
  }

  get receivers(): WaitQueue {
    return this._receivers
  }
}

class Send<T> extends Operation<void> {
  constructor(
    private readonly channel: Channel<T>,
    private readonly value: T,
  ) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  poll(): void | Pending {
    return this.channel.offer(this.value) ? undefined : PENDING
  }
  park(waiter: Waiter): void {
    waiter.raw = this.value
    this.channel.senders.push(waiter)
  }
  withdraw(waiter: Waiter): void {
    this.channel.senders.remove(waiter)
  }
  override finish(waiter: Waiter): void {
    if (waiter.raw === CLOSED) throw this.channel.sendOnClosed()
  }
  override resources(): readonly Resource[] {
    return [this.channel]
  }
  describe(): string {
    return 'chan send'
  }
}

/** Waits for a value of a channel; what is made of the value is for the subclasses. */
export abstract class Receiving<T, R> extends Operation<R> {
  constructor(protected readonly channel: Channel<T>) {
    super()
  }
  override get isPlain(): boolean {
    return true
  }
  park(waiter: Waiter): void {
    this.channel.receivers.push(waiter)
  }
  withdraw(waiter: Waiter): void {
    this.channel.receivers.remove(waiter)
  }
  override undo(waiter: Waiter): void {
    if (waiter.raw !== CLOSED) this.channel.giveBack(waiter.raw as T) // granted by the channel
  }
  override resources(): readonly Resource[] {
    return [this.channel]
  }
  describe(): string {
    return 'chan receive'
  }
}

class Receive<T> extends Receiving<T, Option<T>> {
  poll(): Option<T> | Pending {
    const value = this.channel.take()
    return value === PENDING ? PENDING : this._option(value)
  }
  override finish(waiter: Waiter): Option<T> {
    return this._option(waiter.raw as T | typeof CLOSED) // granted by the channel
  }
  private _option(value: T | typeof CLOSED): Option<T> {
    return value === CLOSED ? this.channel.drained(none) : some(value)
  }
}

/**
 * `for await`: one `next` after the other, though several may wait. `return` releases those that wait, and the iterator is over: it receives
 * nothing more. A loop over a channel that never runs dry gives way to the host when its slice is over, before it receives.
 */
class ChannelIterator<T> implements AsyncIterator<T> {
  private _isOver = false
  private readonly _waiting = new Set<() => void>()
  private _hostTurn: Promise<void> | null = null

  constructor(private readonly channel: Channel<T>) {}

  async next(): Promise<IteratorResult<T>> {
    queue.cameBack()
    if (queue.isOverdue || (--queue.operations.left <= 0 && queue.sliceIsOver))
      this._hostTurn ??= new Promise((resolve) => queue.pushAfterHost({ run: () => (queue.resumed++, resolve()) }))
    if (this._hostTurn !== null) {
      await this._hostTurn
      this._hostTurn = null
    }
    if (this._isOver) return { done: true, value: undefined }
    const value = this.channel.take()
    if (value === PENDING) return this._wait()
    if (value === CLOSED) return this.channel.drained({ done: true, value: undefined })
    return { done: false, value: value } // neither of the above
  }

  private _wait(): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => {
      const receive = this.channel.receive() as Receive<T> // what the channel hands out
      const subscription = subscribe(receive, {
        next: (message) => {
          this._waiting.delete(release)
          queue.resumed++
          resolve(message._tag === 'Some' ? { done: false, value: message.value } : { done: true, value: undefined })
        },
        error: reject,
      })
      const release = () => {
        subscription.unsubscribe()
        resolve({ done: true, value: undefined })
      }
      this._waiting.add(release)
    })
  }

  return(): Promise<IteratorResult<T>> {
    this._isOver = true
    for (const release of this._waiting) release()
    this._waiting.clear()
    return Promise.resolve({ done: true, value: undefined })
  }
}

/**
 * Makes a channel. With capacity 0, the default, sender and receiver meet; otherwise it buffers up to that many values. In place of a
 * number, `sliding(n)` and `dropping(n)` make one that never blocks its senders.
 *
 * Throws RangeError "makechan: size out of range" for a capacity that is no whole number from 0 to 2^31-1. Source: Go's `make(chan T, n)`.
 *
 * @example
 * ```ts
 * const jobs = chan<number>(100)
 * await jobs.send(1)
 * const job = await jobs.receive() // → { _tag: 'Some', value: 1 }
 * ```
 */
export function chan<T>(capacity: number | Buffer<T> = 0): Chan<T> {
  if (typeof capacity === 'object' && capacity !== null) return new Channel<T>(checkCapacity(capacity.capacity, 1), checkLoses(capacity))
  return new Channel<T>(checkCapacity(capacity, 0), null)
}

/** A buffer of `n` that makes room by losing its oldest value: the sender never waits. */
export function sliding<T>(n: number): Buffer<T> {
  checkCount('sliding(n)', 1, n)
  return { capacity: checkCapacity(n, 1), loses: 'oldest' }
}

/** A buffer of `n` that, when full, loses the value just sent: the sender never waits. */
export function dropping<T>(n: number): Buffer<T> {
  checkCount('dropping(n)', 1, n)
  return { capacity: checkCapacity(n, 1), loses: 'newest' }
}

function checkLoses(buffer: Buffer<unknown>): 'oldest' | 'newest' {
  const { loses } = buffer
  if (loses !== 'oldest' && loses !== 'newest') throw mistyped('chan(buffer)', 'a Buffer made by sliding or dropping', buffer)
  return loses
}

function checkCapacity(n: unknown, least: number): number {
  if (typeof n !== 'number') throw mistyped('makechan: size out of range', `a whole number from ${least} to 2^31-1, or a Buffer`, n)
  if (!Number.isInteger(n) || n < least || n > LARGEST)
    throw outOfRange('makechan: size out of range', `a whole number from ${least} to 2^31-1`, n)
  return n
}
