/**
 * A value in shared memory, as JSON text. A word, the head, names the slot with the text of the value, and a version
 * that tells one use of a slot from the next. A writer fills a free slot and moves the head there by
 * compare-and-swap; a reader copies the slot and reads again where the head has moved meanwhile.
 *
 *     head ─▶ [ slot ]   writer: claims a free slot ─▶ writes ─▶ head := slot ─▶ frees the slot before
 *
 * Always true: the slot of the head is claimed, and nobody writes to it. No thread waits for another: a thread that
 * is lost in the midst of a write leaves the value whole and loses a slot.
 */
import type { AtomicValue } from './atomic-value.js'
import { setHandle } from './handle.js'
import { jsonText } from './json-text.js'

const SLOT_BITS = 4
/** As many writers at a time, less one. */
const SLOTS = 1 << SLOT_BITS
const HEAD = 0
/** For each slot: whether it is claimed, and the length of its text. */
const CLAIM = 1
const LENGTH = CLAIM + SLOTS
const WORDS = LENGTH + SLOTS

interface Seen {
  readonly head: number
  readonly text: string
}

/** The memory of a cell whose text has at most this number of bytes. */
export function cellSize(bytes: number): number {
  return 4 * WORDS + SLOTS * bytes
}

export class JsonCell<T> implements AtomicValue<T> {
  private readonly _words: Int32Array
  private readonly _bytes: Uint8Array
  private readonly _room: number
  private readonly _encoder = new TextEncoder()
  private readonly _decoder = new TextDecoder()

  constructor(memory: ArrayBufferLike) {
    this._words = new Int32Array(memory, 0, WORDS)
    this._bytes = new Uint8Array(memory, 4 * WORDS)
    this._room = this._bytes.length / SLOTS
    setHandle(this, { kind: 'atomicValue', memory })
  }

  // A field with a function: see AtomicInteger32.
  readonly load = (): T => valueOf(this._read().text)

  store(value: T): void {
    this._replace(this._encoded('store(value)', value), null)
  }
  swap(value: T): T {
    return valueOf((this._replace(this._encoded('swap(value)', value), null) as Seen).text) // without a condition it is replaced
  }
  compareAndSwap(old: T, value: T): boolean {
    const text = jsonText('shared.atomicValue.compareAndSwap(old)', old)
    return this._replace(this._encoded('compareAndSwap(value)', value), text) !== null
  }

  /** The first value. */
  begin(value: T): void {
    const bytes = this._encoder.encode(jsonText('shared.atomicValue(value)', value))
    this._checkRoom('shared.atomicValue(value)', bytes)
    this._words[CLAIM] = 1
    this._write(0, bytes)
  }

  private _encoded(where: string, value: T): Uint8Array {
    const bytes = this._encoder.encode(jsonText(`shared.atomicValue.${where}`, value))
    this._checkRoom(`shared.atomicValue.${where}`, bytes)
    return bytes
  }

  private _checkRoom(where: string, { length }: Uint8Array): void {
    const text = `${where}: expected a value with a JSON text of at most ${this._room} bytes, got ${length} bytes; { bytes } makes room`
    if (length > this._room) throw new RangeError(text)
  }

  private _read(): Seen {
    for (;;) {
      const head = Atomics.load(this._words, HEAD)
      const slot = head & (SLOTS - 1)
      const start = slot * this._room
      const bytes = this._bytes.slice(start, start + Atomics.load(this._words, LENGTH + slot))
      // A load would let the copy slip behind it; an exchange does not.
      if (Atomics.compareExchange(this._words, HEAD, head, head) === head) return { head, text: this._decoder.decode(bytes) }
    }
  }

  /** Replaces the value where its text is `old`, or any text for null. Returns what was replaced; null where it was another text. */
  private _replace(bytes: Uint8Array, old: string | null): Seen | null {
    const slot = this._claim()
    this._write(slot, bytes)
    for (;;) {
      const seen = this._read()
      if (old !== null && seen.text !== old) {
        this._free(slot)
        return null
      }
      const next = (((seen.head >>> SLOT_BITS) + 1) << SLOT_BITS) | slot
      if (Atomics.compareExchange(this._words, HEAD, seen.head, next) !== seen.head) continue
      this._free(seen.head & (SLOTS - 1))
      return seen
    }
  }

  private _claim(): number {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const slot = tries % SLOTS
      if (Atomics.compareExchange(this._words, CLAIM + slot, 0, 1) === 0) return slot
    }
    throw new Error('shared.atomicValue: too many threads were lost in the midst of a store')
  }

  private _write(slot: number, bytes: Uint8Array): void {
    this._bytes.set(bytes, slot * this._room)
    Atomics.store(this._words, LENGTH + slot, bytes.length)
  }

  private _free(slot: number): void {
    Atomics.store(this._words, CLAIM + slot, 0)
  }
}

/** About a second: a write takes less than a millisecond. */
const MOST_TRIES = 1e8

function valueOf<T>(text: string): T {
  return JSON.parse(text) as T // by the type of the box
}
