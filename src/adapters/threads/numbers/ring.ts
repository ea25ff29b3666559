/**
 * A ring of numbers in shared memory. The positions of its numbers count up, and wrap around at 2^32:
 *
 *        freed         head              tail
 *     ─────┼─────────────┼─────────────────┼─────────▶ freed + places
 *          │ granted to  │ buffered        │ room
 *          │ waiters     │
 *
 * Always true:
 * - The senders' lock guards the tail, and the receivers' lock the head. A step under a lock takes effect by one store, that of the
 *   position. So a thread that is lost in the midst of a step leaves the ring whole, and the lock is opened for it.
 * - No code waits for a lock: it tries for some microseconds, and then counts as a step that has to wait.
 * - The place of a number that was granted to a waiter is kept until the waiter has gone on, so the number can be given back.
 * - A side that sees the ring closed, the senders' lock open, and no number, sees its end: no sender goes on after the close.
 */
import { queue } from '../../../runtime/internal.js'
import { named, PLACES, waitsOf, type Waits } from '../shared/waits.js'
import { sharedMemory, type Part } from '../shared/handle.js'
import { causeOf, causeText, MOST_BYTES } from './cause.js'

// The words of a side: its lock and its positions, on a line of the processor's cache. A lock is 0, or the number of the side that has it,
// negated once another side was refused.
const SENDING = 48
const TAIL = 49
const RECEIVING = 64
const HEAD = 65
const FREED = 66
/** Words that rarely change. */
const CLOSER = 80
const CLOSED = 81
const CAPACITY = 82
const CAUSE = 83
/** Bytes. */
const TEXT = 384
const NUMBERS = TEXT + MOST_BYTES

/** The side that made the ring. The others count from 1 up. */
const MAKER = 2 ** 31 - 1

/** Places beyond the capacity, for numbers that were granted and may be given back. */
const SPARE = 64
/** Tries for a lock: a step under a lock takes some nanoseconds, unless its thread was interrupted. */
const TRIES = 4096

export const EMPTY = Symbol('empty')
export const OVER = Symbol('over')

function placesOf(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(capacity + SPARE))
}

/** The memory of a ring. */
export function ringMemory(capacity: number): SharedArrayBuffer {
  const memory = named(sharedMemory('numbers()', NUMBERS + 8 * placesOf(capacity)))
  new Int32Array(memory)[CAPACITY] = capacity
  return memory
}

export class NumberRing {
  /** Waits for numbers, for room, and for the end. */
  readonly readers: Waits
  readonly writers: Waits
  readonly ends: Waits
  readonly capacity: number
  private readonly _words: Int32Array
  private readonly _numbers: Float64Array
  private readonly _mask: number
  private readonly _side: number
  /** Positions as this side has seen them last. */
  private _tail = 0
  private _head = 0
  private _freed = 0
  /** The turns of the first numbers, which were given back here, and the position of the first of them. */
  private _returned: number[] = []
  private _returnedAt = 0

  constructor(
    private readonly _memory: ArrayBufferLike,
    private readonly _part: Part | null,
  ) {
    const [readers, writers, ends] = PLACES.map((at) => waitsOf(_memory, 'numbers', at))
    this.readers = readers
    this.writers = writers
    this.ends = ends
    this._words = new Int32Array(_memory, 0, TEXT / 4)
    this.capacity = this._words[CAPACITY]
    this._numbers = new Float64Array(_memory, NUMBERS)
    this._mask = this._numbers.length - 1
    this._side = _part === null ? MAKER : _part[0]
  }

  get size(): number {
    return Math.max(0, (Atomics.load(this._words, TAIL) - Atomics.load(this._words, HEAD)) | 0)
  }

  get isClosed(): boolean {
    return Atomics.load(this._words, CLOSED) === 1
  }

  get isOver(): boolean {
    const { _words: words } = this
    return Atomics.load(words, CLOSED) === 1 && Atomics.load(words, SENDING) === 0 && this.size === 0
  }

  /** Adds a number where there is room; returns whether it did. */
  put(value: number): boolean {
    const { _words: words } = this
    if (!this._lock(SENDING)) return false
    const tail = words[TAIL]
    const may = Atomics.load(words, CLOSED) === 0 && this._hasRoom(tail)
    if (may) {
      this._numbers[tail & this._mask] = value
      Atomics.store(words, TAIL, (tail + 1) | 0)
    }
    this._open(SENDING, this.writers)
    if (may) this.readers.changedNow()
    else if (this.isClosed) this._wakeAll() // a receiver may have seen the lock of this step
    return may
  }

  private _hasRoom(tail: number): boolean {
    if (this._isRoom(tail)) return true
    this._head = Atomics.load(this._words, HEAD)
    this._freed = Atomics.load(this._words, FREED)
    return this._isRoom(tail)
  }

  private _isRoom(tail: number): boolean {
    return ((tail - this._head) | 0) < this.capacity && ((tail - this._freed) | 0) <= this._mask
  }

  /** Takes the first number. One for a waiter may be given back, until `settled`. */
  take(isForWaiter: boolean): number | typeof EMPTY | typeof OVER {
    const { _words: words } = this
    if (!this._hasNumber(words[HEAD])) return this.isOver ? OVER : EMPTY
    if (!this._lock(RECEIVING)) return EMPTY
    const head = words[HEAD]
    if (!this._hasNumber(head)) {
      this._open(RECEIVING, this.readers)
      return this.isOver ? OVER : EMPTY
    }
    const value = this._numbers[head & this._mask]
    words[HEAD] = (head + 1) | 0
    if (!isForWaiter) Atomics.add(words, FREED, 1)
    else if (this._part !== null) Atomics.add(this._part, 1, 1)
    this._open(RECEIVING, this.readers)
    this.writers.changedNow()
    if (((this._tail - head) | 0) <= 1 && this.isOver) this._wakeReaders() // the last number, as far as this side has seen
    return value
  }

  private _hasNumber(head: number): boolean {
    if (((this._tail - head) | 0) > 0) return true
    this._tail = Atomics.load(this._words, TAIL)
    return ((this._tail - head) | 0) > 0
  }

  /** The waiter that was granted a number has gone on. */
  settled(): void {
    if (!this._releases()) return
    Atomics.add(this._words, FREED, 1)
    this.writers.changed()
  }

  /** False where the part of a lost thread was given up. */
  private _releases(): boolean {
    const { _part: part } = this
    if (part === null || Atomics.sub(part, 1, 1) > 0) return true
    Atomics.add(part, 1, 1)
    return false
  }

  /** The waiter that was granted a number has left: the number is at the head again, in the order of the grants. */
  giveBack(value: number, turn: number): void {
    if (!this._lock(RECEIVING)) return queue.push({ run: () => this.giveBack(value, turn) })
    if (this._releases()) this._insert(value, turn)
    this._open(RECEIVING, this.readers)
    this.readers.changed()
  }

  private _insert(value: number, turn: number): void {
    const { _words: words, _numbers: numbers, _mask: mask } = this
    const head = words[HEAD]
    const returned = this._returned.slice((head - this._returnedAt) | 0)
    const index = returned.filter((earlier) => earlier < turn).length
    const first = (head - 1) | 0
    for (let i = 0; i < index; i++) numbers[(first + i) & mask] = numbers[(first + i + 1) & mask]
    numbers[(first + index) & mask] = value
    Atomics.store(words, HEAD, first)
    returned.splice(index, 0, turn)
    this._returned = returned
    this._returnedAt = first
  }

  /** Closes; returns false where the ring is closed already. */
  close(cause: unknown): boolean {
    const { _words: words } = this
    if (Atomics.compareExchange(words, CLOSER, 0, this._side) !== 0) return false
    if (cause !== undefined) words[CAUSE] = causeText(cause, new Uint8Array(this._memory, TEXT, MOST_BYTES))
    Atomics.store(words, CLOSED, 1)
    this._wakeAll()
    return true
  }

  /** The cause of the close; null without one. */
  get cause(): { readonly value: unknown } | null {
    const length = this._words[CAUSE]
    return length === 0 ? null : { value: causeOf(new Uint8Array(this._memory, TEXT, length)) }
  }

  private _wakeReaders(): void {
    this.readers.changedNow()
    this.ends.changedNow()
  }

  private _wakeAll(): void {
    this._wakeReaders()
    this.writers.changedNow()
  }

  private _lock(at: number): boolean {
    const { _words: words, _side: side } = this
    for (let i = 0; i < TRIES; i++) if (Atomics.compareExchange(words, at, 0, side) === 0) return true
    const holder = Math.abs(Atomics.load(words, at))
    if (holder > 0) Atomics.compareExchange(words, at, holder, -holder)
    return false
  }

  private _open(at: number, refused: Waits): void {
    if (Atomics.exchange(this._words, at, 0) < 0) refused.changed()
  }

  /** A call was lost with its thread: opens its locks, frees the places of its grants, and ends a close that it had begun. */
  abandon(lost: Part, error: unknown): void {
    const { _words: words } = this
    for (const at of [SENDING, RECEIVING]) for (const held of [lost[0], -lost[0]]) Atomics.compareExchange(words, at, held, 0)
    Atomics.add(words, FREED, Atomics.exchange(lost, 1, 0))
    if (Atomics.load(words, CLOSER) === lost[0] && !this.isClosed) {
      words[CAUSE] = causeText(error, new Uint8Array(this._memory, TEXT, MOST_BYTES))
      Atomics.store(words, CLOSED, 1)
    }
    for (const waits of [this.readers, this.writers, this.ends]) waits.wake()
    this._wakeAll()
  }
}
