/**
 * The code of a bubble, told apart from all other code of the process: that code has the clock of the bubble, and the
 * bubble waits for that code. A goroutine is inside where the code that starts it is inside.
 *
 *     push ──inside──▶ [ run queue ] ──▶ runs inside: `time.timers` are those of the bubble
 *          └─outside─▶ [ run queue ] ──▶ runs as ever
 *
 * In Node, Deno and Bun the async context tells: the context follows goroutines, callbacks and async functions, also
 * through the host's timers. In a browser only the run queue can tell: other code (async functions, callbacks of the
 * host) counts as inside while a bubble is open.
 */
import { queue, Spawned, time, type Alarm, type Runnable, type Timers } from '../../runtime/internal.js'

/** The part of Node's AsyncLocalStorage that is needed: the store says whether code is inside. */
interface AsyncStorage {
  run<R>(isInside: boolean, f: () => R): R
  getStore(): boolean | undefined
  disable(): void
}

interface Storage extends AsyncStorage {
  /** Whether the storage follows the async context of the host. */
  readonly isOfHost: boolean
}

interface HostProcess {
  getBuiltinModule?(name: string): { readonly AsyncLocalStorage: new () => AsyncStorage } | undefined
}

const { process: host } = globalThis as { readonly process?: HostProcess } // a browser has none

export class Insiders {
  private readonly _storage = newStorage()
  private readonly _goroutines = new WeakSet<object>()
  private _ready = 0
  private _stop = (): void => {}

  constructor(private readonly _timers: Timers) {}

  /** Whether the code that runs is inside. */
  get areHere(): boolean {
    return this._storage.getStore() === true
  }

  /** The number of runnables of the bubble that are ready. */
  get ready(): number {
    return this._ready
  }

  /** Calls `f` inside. */
  call<R>(f: () => R): R {
    return this._storage.run(true, f)
  }

  /** Takes in a goroutine that code inside has started; returns false for any other. */
  take(goroutine: object): boolean {
    if (!this.areHere) return false
    this._goroutines.add(goroutine)
    return true
  }

  has(goroutine: object): boolean {
    return this._goroutines.has(goroutine)
  }

  /** Opens the bubble: from now on runnables are sorted, and code inside has the clock of the bubble. */
  open(): void {
    const stopSorting = queue.sort((runnable) => this._sorted(runnable))
    time.find = () => (this.areHere ? this._timers : time.outside)
    open = this
    this._stop = () => {
      open = null
      time.find = null
      stopSorting()
      this._storage.disable()
    }
  }

  /**
   * From now on code inside has the time of the code outside. Goroutines that wait for a time of the bubble wait on.
   */
  close(): void {
    this._timers.isOver = true
    this._stop()
  }

  private _sorted(runnable: Runnable): Runnable {
    const isInside = this._isInside(runnable)
    if (!isInside)
      return this._storage.isOfHost ? runnable : { scope: runnable.scope, run: () => this._storage.run(false, () => runnable.run()) }
    this._ready++
    const run = (): void => {
      this._ready--
      this._storage.run(true, () => runnable.run())
    }
    return { scope: runnable.scope, run }
  }

  private _isInside(runnable: Runnable): boolean {
    if (runnable instanceof Spawned) return this._goroutines.has(runnable)
    const { timers } = runnable as Partial<Alarm> // only an alarm has timers
    return timers === undefined ? this.areHere : timers === this._timers
  }
}

/** The bubble that is open. */
let open: Insiders | null = null

/** Whether the code that runs is inside a bubble. */
export function isInside(): boolean {
  return open !== null && open.areHere
}

/** Tells by the run queue alone: code outside the run queue counts as inside. */
class RunStorage implements Storage {
  readonly isOfHost = false
  private _isInside = true

  run<R>(isInside: boolean, f: () => R): R {
    const before = this._isInside
    this._isInside = isInside
    try {
      return f()
    } finally {
      this._isInside = before
    }
  }
  getStore(): boolean {
    return this._isInside
  }
  disable(): void {}
}

function newStorage(): Storage {
  const hooks = host?.getBuiltinModule?.('node:async_hooks')
  return hooks === undefined ? new RunStorage() : Object.assign(new hooks.AsyncLocalStorage(), { isOfHost: true })
}
