/**
 * Waiting for words in shared memory, without blocking a thread. The waiters of a thread for one memory stand in one queue, first in, first
 * out. Each change of the words counts up an epoch; the thread tries its first waiters again after a change of its own at once, and
 * after a change of another thread when `Atomics.waitAsync` tells.
 *
 * Always true: while a thread has waiters for a memory that another thread has too, it waits for the next epoch after that in
 * which its first waiter was refused. So no change is missed.
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
/** The first word of the kind. */
export const VALUE = 4

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

  constructor(
    memory: ArrayBufferLike,
    readonly kind: string,
  ) {
    this.words = new Int32Array(memory)
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
    Atomics.add(this.words, EPOCH, 1)
    Atomics.notify(this.words, EPOCH)
    if (this.waiters.first !== null) queue.push(this)
  }

  /** A thread was lost in the midst of its part. */
  lose(): void {
    Atomics.store(this.words, LOST, 1)
    this.changed()
  }

  /** Tries the waiters in their order, until one is refused; then waits for a change. */
  run(): void {
    for (;;) {
      const epoch = Atomics.load(this.words, EPOCH)
      let { first } = this.waiters
      while (first !== null && this._grants(first)) first = this.waiters.first
      if (first === null || !this._isAbroad || this._isWaiting || this._waits(epoch)) return
    }
  }

  private _grants(waiter: Waiter): boolean {
    const grant = this._grant(waiter.raw as Request) // a waiter parks with its request
    if (grant === PENDING) return false
    this.waiters.remove(waiter)
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
  const memory = sharedMemory(where, 4 * (VALUE + words))
  const named = new Int32Array(memory)
  named[MAKER] = nodeModule('node:worker_threads')?.threadId ?? 0
  named[NUMBER] = ++all.last
  return memory
}

export function waitsOf(memory: ArrayBufferLike, kind: HandleKind): Waits {
  const name = nameOf(memory)
  const known = all.byName.get(name)?.deref()
  if (known !== undefined) return known
  const made = new Waits(memory, `shared.${kind}`)
  if (isThread()) made.goesAbroad() // it has come from another thread
  all.byName.set(name, new WeakRef(made))
  all.collected.register(made, name)
  return made
}

/** This memory crosses to another thread. */
export function goesAbroad(memory: ArrayBufferLike): void {
  all.byName.get(nameOf(memory))?.deref()?.goesAbroad()
}

function nameOf(memory: ArrayBufferLike): string {
  const words = new Int32Array(memory)
  return `${words[MAKER]}:${words[NUMBER]}`
}

export function lostIn(kind: string): ThreadLostError {
  return new ThreadLostError(`${kind}: a thread was lost ${LOST_WHILE[kind] ?? 'while it had a part in it'}`, '')
}

const LOST_WHILE: Record<string, string> = {
  'shared.mutex': 'while it held the lock, so what the lock guards may be half changed',
  'shared.waitGroup': 'in a job that had the group, so its count may never reach zero',
}
