/**
 * The side of a link that takes from a receiver here, for the thread. It takes only what it has credit for, and keeps each value until
 * the thread has taken it.
 *
 * Always true: a value is in the receiver, on its way, or taken in the thread, which counts in shared memory. So at the end, also that of
 * a thread that is lost, exactly the values that were not taken return to the head of the channel.
 */
import type { Option, Receiver } from '../../../runtime/index.js'
import { CallbackPerformer, Channel, checkOperation, PENDING, queue, Ring, type Operation } from '../../../runtime/internal.js'
import { toPortable } from '../wire/portable-error.js'
import { END, VALUES, type Post } from './link.js'

interface OnTheWay<T> {
  readonly value: T
  /** Orders values that are given back. */
  readonly turn: number
}

export class Outward<T> extends CallbackPerformer<Option<T>> {
  private _credit = 0
  private _isWaiting = false
  private _isOver = false
  private _isDrained = false
  private _forgotten = 0
  private readonly _onTheWay = new Ring<OnTheWay<T>>()

  constructor(
    private readonly _source: Receiver<T>,
    private readonly _post: Post,
    private readonly _taken: Int32Array,
  ) {
    super(null)
  }

  credit(n: number): void {
    this._credit += n
    this._forget()
    if (!this._isWaiting) this._pull([])
  }

  /** Takes what there is, as far as the credit goes, and waits for more where credit is left. */
  private _pull(batch: T[]): void {
    try {
      while (this._credit > 0 && !this._isOver) {
        const message = this.perform(this._receive())
        this._isWaiting = message === PENDING
        if (message === PENDING || !this._took(message, queue.grants++, batch)) break
      }
    } catch (cause) {
      this._send(batch)
      return this._ended(toPortable(cause))
    }
    this._send(batch)
    if (this._isDrained) this._ended(null)
  }

  private _receive(): Operation<Option<T>> {
    const receive = checkOperation('a receiver as an argument of a job: receive()', this._source.receive())
    return receive as Operation<Option<T>> // by the contract of a Receiver
  }

  /** Returns whether the receiver had a value. */
  private _took(message: Option<T>, turn: number, batch: T[]): boolean {
    this._isDrained = message._tag === 'None'
    if (message._tag === 'None') return false
    this._credit--
    this._onTheWay.push({ value: message.value, turn })
    batch.push(message.value)
    return true
  }

  protected succeeded(message: Option<T>): void {
    this._isWaiting = false
    if (this._isOver) return
    const batch: T[] = []
    if (this._took(message, this.turn, batch)) this._pull(batch)
    else this._ended(null)
  }

  protected failed(cause: unknown): void {
    this._isWaiting = false
    this._ended(toPortable(cause))
  }

  private _send(batch: readonly T[]): void {
    if (batch.length > 0) this._post(VALUES, batch)
  }

  private _ended(cause: unknown): void {
    if (this._isOver) return
    this._isOver = true
    this._post(END, cause)
  }

  /** Forgets the values that the thread has taken. */
  private _forget(): void {
    const taken = Atomics.load(this._taken, 0)
    for (; this._forgotten < taken && this._onTheWay.size > 0; this._forgotten++) this._onTheWay.shift()
  }

  /** The thread takes no more: gives back what it has not taken. */
  end(): void {
    this._isOver = true
    this.stop()
    this._forget()
    const { _source: source } = this
    if (!(source instanceof Channel)) return // only a channel takes values back
    const left: OnTheWay<T>[] = []
    for (let one = this._onTheWay.shift(); one !== undefined; one = this._onTheWay.shift()) left.unshift(one)
    for (const { value, turn } of left) source.giveBack(value, turn)
  }
}
