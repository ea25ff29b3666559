/**
 * Claims in shared memory: a word for each slot says how far its call is, and a second word that it is canceled. The pool and
 * the thread decide by compare-and-swap, so that exactly one of them has a call.
 *
 *     free ──pool sends──▶ SENT ──thread claims──▶ BEGUN ──result──▶ free
 *                            └──pool takes back──▶ TAKEN ──thread passes over it──▶ free
 *
 * Always true: a call that was taken back never begins in that thread, and a call that has begun is never taken back.
 *
 * Without shared memory each side has words of its own. Then the pool takes no call back, and counts each call that it has sent as
 * begun; a cancel comes by its message, and in the thread stands in the words of the thread.
 */
import { areShared, newWords } from './words.js'

/** The calls that one thread can have at a time. */
export const SLOTS = 256

const SENT = 1
const BEGUN = 2
const TAKEN = 3

export class Claims {
  /** Both sides have the same words. */
  readonly areShared: boolean

  constructor(readonly words: Int32Array = newWords(SLOTS * 2)) {
    this.areShared = areShared(words)
  }

  /** By the pool: the call in this slot is on its way. */
  send(slot: number): void {
    Atomics.store(this.words, slot, SENT)
    Atomics.store(this.words, SLOTS + slot, 0)
  }

  /** By the thread: whether it may run the call. */
  begin(slot: number): boolean {
    if (!this.areShared) return true
    return Atomics.compareExchange(this.words, slot, SENT, BEGUN) === SENT
  }

  /** By the pool: whether the call is its own again. */
  takeBack(slot: number): boolean {
    if (!this.areShared) return false
    return Atomics.compareExchange(this.words, slot, SENT, TAKEN) === SENT
  }

  hasBegun(slot: number): boolean {
    return !this.areShared || Atomics.load(this.words, slot) === BEGUN
  }

  /** By the pool, for a call that has begun: its context reads it without a message. */
  cancel(slot: number): void {
    Atomics.store(this.words, SLOTS + slot, 1)
  }

  isCanceled(slot: number): boolean {
    return Atomics.load(this.words, SLOTS + slot) === 1
  }
}
