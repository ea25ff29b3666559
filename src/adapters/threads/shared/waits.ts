/**
 * Waiting for words in shared memory, without blocking a thread. The waiters of a thread for one memory stand in one queue,
 * first in, first out. The thread tries its first waiters again after a change of its own at once, and after a change of
 * another thread when `Atomics.waitAsync` tells. The first change after a thread has said that it sleeps takes that back,
 * counts up an epoch and wakes all; the other changes cost a load. So a thread that is slow to wake is woken once.
 *
 * Always true: a thread with waiters for a memory that another thread has too has read the epoch, has seen after that that
 * a thread says it sleeps, has tried its first waiter after that, and waits for the next epoch. So no change is missed: a
 * change that finds the word taken back comes after another change, whose epoch wakes the thread.
 *
 * Among threads there is no order: a thread that asks at the right moment overtakes the waiters of another.
 */
import { PENDING, queue, setHostTimer, shared, WaitQueue, type Resource, type Runnable, type Waiter } from '../../../runtime/internal.js'
import { isThread } from '../thread/boot.js'
import { ThreadLostError } from '../wire/errors.js'
import { nodeModule } from '../hosts/node-modules.js'
import { sharedMemory, type HandleKind } from './handle.js'

/** The first words of every such memory: the epoch, whether a thread was lost that had a part in it, and its name. */
const EPOCH = 0
const LOST = 1
/** The name: the thread that made the memory, and a number there. A clone of the memory is another object. */
const MAKER = 2
const NUMBER = 3
/** 1 where a thread sleeps until the next epoch. */
const SLEEPS = 4
/** The first word of the kind. */
export const VALUE = 5

/** What a waiter wants, in its `raw`. */
export interface Request {
  /** Takes what it wants if that is there. */
  take(): unknown
}

/** The grant of a request that is refused for good. */
export class Refusal {
  constructor(readonly error: unknown) {}
}

/** `lib.es2024`, which not every host has. */
interface WaitAsync {
  readonly waitAsync?: (words: Int32Array, index: number, value: number) => { readonly async: boolean; readonly value: unknown }
}

/** ms between two looks, on a host that cannot wait for a word. */
const LOOK_EVERY = 4

export class Waits implements Runnable, Resource {
  readonly waiters = new WaitQueue()
  readonly words: Int32Array
  /** Another thread has the memory too. */
  private _isAbroad = false
  private _isWaiting = false
  private _isTrying = false

  constructor(
    memory: ArrayBufferLike,
    readonly kind: string,
    at: number,
  ) {
    this.words = new Int32Array(memory, at)
  }

  get waitsForOthers(): boolean {
    return this._isAbroad && this.waiters.first !== null
  }

  get isLost(): boolean {
    return Atomics.load(this.words, LOST) === 1
  }

  /** Throws where a thread was lost in the midst of its part. */
  check(): void {
    if (this.isLost) throw lostIn(this.kind)
  }

  /** Takes in a waiter whose request was refused. */
  park(waiter: Waiter): void {
    this.waiters.push(waiter)
    if (this._isAbroad) queue.push(this)
  }

  /** The memory crosses to another thread, or has come from there. */
  goesAbroad(): void {
    this._isAbroad = true
    if (this.waiters.first !== null) queue.push(this)
  }

  /** The words have changed. */
  changed(): void {
    queue.order?.release(this, 'signal')
    this._tell()
    if (this.waiters.first !== null) queue.push(this)
  }

  /** As `changed`; the waiters here are tried before this returns. */
  changedNow(): void {
    queue.order?.release(this, 'signal')
    this._tell()
    if (this.waiters.first !== null) this.run()
  }

  private _tell(): void {
    if (Atomics.load(this.words, SLEEPS) !== 0 && Atomics.exchange(this.words, SLEEPS, 0) !== 0) this.wake()
  }

  /** Wakes all threads that sleep. After the loss of a thread, which may have been lost between the two steps of waking. */
  wake(): void {
    Atomics.add(this.words, EPOCH, 1)
    Atomics.notify(this.words, EPOCH)
  }

  /** The code that runs comes after the changes so far. */
  acquired(): void {
    queue.order?.acquire(this, 'signal')
  }

  /** A thread was lost in the midst of its part. */
  lose(): void {
    Atomics.store(this.words, LOST, 1)
    this.wake()
    this.changed()
  }

  /** Tries the waiters in their order, until one is refused; then waits for a change. A grant may change these words again. */
  run(): void {
    if (this._isTrying) return // the loop below goes on
    this._isTrying = true
    this._try()
    this._isTrying = false
  }

  private _try(): void {
    for (;;) {
      const epoch = Atomics.load(this.words, EPOCH)
      const isSaid = Atomics.load(this.words, SLEEPS) !== 0
      let { first } = this.waiters
      while (first !== null && this._grants(first)) first = this.waiters.first
      if (first === null || this._isWaiting || !this._isAbroad) return
      if (!isSaid) Atomics.store(this.words, SLEEPS, 1)
      else if (this._waits(epoch)) return
    }
  }

  private _grants(waiter: Waiter): boolean {
    const grant = this._grant(waiter.raw as Request) // a waiter parks with its request
    if (grant === PENDING) return false
    this.waiters.remove(waiter)
    queue.order?.acquire(this, 'signal', waiter)
    waiter.settle(grant)
    return true
  }

  private _grant(request: Request): unknown {
    return this.isLost ? new Refusal(lostIn(this.kind)) : request.take()
  }

  /** Waits for a change after this epoch; returns false where there was one. */
  private _waits(epoch: number): boolean {
    const { waitAsync } = Atomics as WaitAsync // a newer part of the language
    if (waitAsync === undefined) {
      this._isWaiting = true
      setHostTimer(() => this._woken(), LOOK_EVERY, false)
      return true
    }
    const wait = waitAsync(this.words, EPOCH, epoch)
    if (!wait.async) return false
    this._isWaiting = true
    void (wait.value as Promise<unknown>).then(() => this._woken()) // of an async wait
    return true
  }

  private _woken(): void {
    this._isWaiting = false
    if (this.waiters.first !== null) queue.push(this)
  }
}

/** The waits of this thread, by the names of their memory, for all copies of the package. */
const all = shared('millrace.threads.waits.v1', () => {
  const byName = new Map<string, WeakRef<Waits>>()
  const collected = new FinalizationRegistry<string>((name) => {
    if (byName.get(name)?.deref() === undefined) byName.delete(name)
  })
  return { byName, collected, last: 0 }
})

/** Memory with this number of words of its kind, and a name. */
export function waitsMemory(where: string, words: number): SharedArrayBuffer {
  return named(sharedMemory(where, 4 * (VALUE + words)))
}

/** Gives memory a name, which its clones have too. */
export function named(memory: SharedArrayBuffer): SharedArrayBuffer {
  const words = new Int32Array(memory)
  words[MAKER] = nodeModule('node:worker_threads')?.threadId ?? 0
  words[NUMBER] = ++all.last
  return memory
}

/** The waits for a memory; those of numbers have several, `at` different bytes. */
export function waitsOf(memory: ArrayBufferLike, kind: HandleKind, at = 0): Waits {
  const name = nameOf(memory, at)
  const known = all.byName.get(name)?.deref()
  if (known !== undefined) return known
  const made = new Waits(memory, kind === 'numbers' ? 'numbers' : `shared.${kind}`, at)
  if (isThread()) made.goesAbroad() // it has come from another thread
  all.byName.set(name, new WeakRef(made))
  all.collected.register(made, name)
  return made
}

/** Whether a goroutine of this thread waits for memory that another thread has too. */
export function hasWaiters(): boolean {
  return [...all.byName.values()].some((waits) => waits.deref()?.waitsForOthers === true)
}

/** This memory crosses to another thread. */
export function goesAbroad(memory: ArrayBufferLike): void {
  for (const at of PLACES) all.byName.get(nameOf(memory, at))?.deref()?.goesAbroad()
}

/** The bytes at which the waits of a memory may begin: each has a line of the processor's cache. */
export const PLACES = [0, 64, 128] as const

function nameOf(memory: ArrayBufferLike, at: number): string {
  const words = new Int32Array(memory)
  return `${words[MAKER]}:${words[NUMBER]}:${at}`
}

export function lostIn(kind: string): ThreadLostError {
  return new ThreadLostError(`${kind}: a thread was lost ${LOST_WHILE[kind] ?? 'while it had a part in it'}`, '')
}

const LOST_WHILE: Record<string, string> = {
  'shared.mutex': 'while it held the lock, so what the lock guards may be half changed',
  numbers: 'while it closed the channel',
  'shared.waitGroup': 'in a job that had the group, so its count may never reach zero',
}
