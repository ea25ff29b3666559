/**
 * The run queue: what is ready runs here, first in, first out, one at a time, and nowhere else.
 *
 *     push ──▶ [ ring of runnables ] ──▶ drain ──▶ run() ──▶ parked, ended, or pushed again
 *                                          │
 *                                          └── after a slice of some 5 ms: a turn for the host, then on
 *
 * Always true:
 * - `run()` is never called from within another `run()`: settling pushes, it does not call.
 * - The queue is drained from a loop parked since the module was loaded, so user code runs in a neutral async context: no request's
 *   AsyncLocalStorage store leaks into the goroutine of another. With `captureScope` a goroutine runs in the context of its spawner.
 * - The deadline of a slice moves only when the host has had its turn. Three counters watch it, each with a stride of its own: steps of
 *   a drain, operations that completed at once, and drains. (One counter shared by them can miss a drain for good.)
 *
 * Go's counterpart is `runtime/proc.go`; ours has one processor and no preemption.
 */
import { hostTurn, now, uncaught } from '../base/host.js'
import type { Probe } from './probe.js'
import { Random } from '../base/random.js'
import { Ring } from '../base/ring.js'

export interface Runnable {
  run(): void
  /** The async context to run in; none is the neutral one. Looked at only while `queue.captureScope` is set. */
  readonly scope?: AsyncScope | null
}

/** Calls a function within the async context that was captured: what Node's `AsyncLocalStorage.snapshot()` answers. */
export type AsyncScope = (f: () => void) => void

/** The run queue in the hands of the test kit. */
export interface TakenOver {
  /** For what is ready and was under way before: it runs after the release. */
  passOn(outsider: Runnable): void
  release(): void
}

/** ms of continuous work before the host gets its turn. */
const SLICE = 5
/** Steps between two looks at the clock, which costs some 35 ns: as many as are done in an eighth of a slice, and at most these. */
const LONGEST_STRIDE = 64
const FIRST_STRIDE = 4

/** Async functions that may be resumed before one of them has performed an operation again: their work is not the queue's to count. */
const MOST_RESUMED = 4
/** Microtasks that they are given to come back. */
const MOST_HOPS = 8

/** Counts steps, and reads the clock once in a stride. */
class SliceWatch {
  left = FIRST_STRIDE
  private _stride = FIRST_STRIDE
  private _last = 0

  /** True when the slice that ends at `deadline` is over; to be asked when `left` has been counted down to 0. */
  isOver(deadline: number): boolean {
    const time = now()
    const fits = Math.floor((SLICE / 8 / (time - this._last)) * this._stride)
    this._last = time
    this._stride = Math.max(1, Math.min(fits, 2 * this._stride, LONGEST_STRIDE))
    this.left = this._stride
    return time >= deadline
  }

  beginSlice(): void {
    this.left = this._stride = FIRST_STRIDE
  }
}

export class RunQueue {
  /** The goroutine whose step runs at this moment. */
  running: unknown = null
  /** Goroutines that have not ended, and the id of the next one. */
  live = 0
  nextId = 1
  /** Sees what happens, when someone asked to look; see `Probe`. */
  probe: Probe | null = null
  /** Captures the async context of one who spawns, where goroutines are to keep it; null where they run in the neutral one. */
  captureScope: (() => AsyncScope) | null = null
  random = new Random(Math.floor(Math.random() * 2 ** 32))

  private _ready = new Ring<Runnable>(1024)
  private _isTakenOver = false
  private readonly _steps = new SliceWatch()
  private readonly _drains = new SliceWatch()
  /** Of operations that completed at once; counted by those who perform them. */
  readonly operations = new SliceWatch()
  private _deadline = 0
  private _wake: (() => void) | null = null
  private _overdue = false
  /** Async functions that were resumed and have performed nothing since. */
  resumed = 0

  constructor() {
    void this._loop()
  }

  /** How many are ready. */
  get size(): number {
    return this._ready.size
  }

  push(runnable: Runnable): void {
    this._ready.push(runnable)
    if (this._wake !== null) this._wakeUp(this._wake)
  }

  /** As push, and it is the next to run. */
  pushFirst(runnable: Runnable): void {
    this._ready.unshift(runnable)
    if (this._wake !== null) this._wakeUp(this._wake)
  }

  /** As push, but not before the host has had a turn. */
  pushAfterHost(runnable: Runnable): void {
    this._overdue = true
    this.push(runnable)
  }

  /** The slice is over, and the host comes first: who goes on by microtasks has to stop as well. */
  get isOverdue(): boolean {
    return this._overdue
  }

  /** True when the performer of an operation that completed at once should give way; and so should then all others. */
  get sliceIsOver(): boolean {
    return this._isTakenOver || (this._overdue ||= this.operations.isOver(this._deadline))
  }

  /** An async function performs an operation: most likely it is one of those that were resumed. */
  cameBack(): void {
    if (this.resumed > 0) this.resumed--
  }

  /** False when the next async function is to be resumed by the queue. */
  get mayResume(): boolean {
    return this._isTakenOver || (this.resumed < MOST_RESUMED && !this._overdue)
  }

  /**
   * For the test kit, which decides what runs: until it is released, what becomes ready is not drained but waits for `take`, every operation
   * gives way, chance is the kit's, and nothing that was under way before is touched: what of that becomes ready meanwhile is passed on.
   */
  takeOver(random: Random): TakenOver {
    if (this._isTakenOver) throw new Error('the run queue is taken over already: one exploration at a time')
    const { _ready: ready, random: chance, probe, live, nextId, resumed } = this
    this._isTakenOver = true
    this._ready = new Ring(64)
    this.random = random
    this.operations.left = 0
    return {
      passOn: (outsider) => ready.push(outsider),
      release: () => {
        this._isTakenOver = false
        this._ready = ready
        this.random = chance
        this.probe = probe
        this.live = live
        this.nextId = nextId
        this.resumed = resumed
        if (ready.size > 0 && this._wake !== null) this._wakeUp(this._wake)
      },
    }
  }

  get isTakenOver(): boolean {
    return this._isTakenOver
  }

  /** The next that is ready, taken out. */
  take(): Runnable | undefined {
    return this._ready.shift()
  }

  /** The host just had its turn: a new slice begins. */
  hostHadItsTurn(): void {
    if (this._isTakenOver) return // no slices there
    this._deadline = now() + SLICE
    this._steps.beginSlice()
    this.operations.beginSlice()
  }

  private _wakeUp(wake: () => void): void {
    this._wake = null
    wake()
  }

  private async _loop(): Promise<never> {
    for (;;) {
      if (this._ready.size === 0 || this._isTakenOver) await new Promise<void>((resolve) => (this._wake = resolve))
      if (this.resumed >= MOST_RESUMED) await this._stepsOfResumed()
      if (this._overdue || (--this._drains.left <= 0 && this._drains.isOver(this._deadline))) {
        this._overdue = true
        await new Promise<void>(hostTurn)
        this._overdue = false
        this.hostHadItsTurn()
      }
      this._drain()
    }
  }

  /** Those that do not come back, in any number of microtasks, have gone other ways. */
  private async _stepsOfResumed(): Promise<void> {
    for (let hops = 0; hops < MOST_HOPS && this.resumed > 0; hops++) await Promise.resolve()
    this.resumed = 0
    if (now() >= this._deadline) this._overdue = true
  }

  private _drain(): void {
    if (this._isTakenOver) return
    for (let next = this._ready.shift(); next !== undefined; next = this._ready.shift()) {
      try {
        if (this.captureScope === null) next.run()
        else this._runInScope(next)
      } catch (error) {
        uncaught(error) // a fault of ours or of a hook: it must not stop the queue
      }
      if (--this._steps.left <= 0 && this._steps.isOver(this._deadline)) this._overdue = true
      if (this._overdue || this.resumed >= MOST_RESUMED) return
    }
  }

  private _runInScope(first: Runnable): void {
    const scope = first.scope ?? null
    if (scope === null) first.run()
    else scope(() => this._runAllOf(scope, first))
  }

  /** Those that follow in the same scope run before it is left: to enter one costs more than a step. */
  private _runAllOf(scope: AsyncScope, first: Runnable): void {
    first.run()
    while (this._ready.first?.scope === scope && --this._steps.left > 0) this._ready.shift()?.run()
  }
}

/** One for the process, even where two copies of the package were loaded: their goroutines meet in one queue. */
const key = Symbol.for('millrace.run-queue.v1')
const shared = globalThis as { [key]?: RunQueue } // a key of our own
export const queue: RunQueue = (shared[key] ??= new RunQueue())
