/**
 * The run queue. Every goroutine that is ready runs here, first in, first out, one at a time, and nowhere else.
 *
 *     push ──▶ [ ring of runnables ] ──▶ drain ──▶ run() ──▶ parked, ended, or pushed again
 *                                          │
 *                                          └── after a slice of some 5 ms: a turn for the host, then on
 *
 * Always true:
 * - `run()` is never called from within another `run()`: settling pushes, it does not call.
 * - The queue is drained in the neutral async context, whatever code loaded the module or made the first runnable ready:
 *   the AsyncLocalStorage store of one request does not reach the goroutine of another. While contexts are kept, a
 *   runnable with a scope runs in that: a goroutine in the context of its spawner, a callback in that of its registration.
 * - The deadline of a slice moves only when the host has had its turn. Three counters watch it, each with a stride of
 *   its own: steps of a drain, operations that completed at once, and drains. (One counter shared by them can miss a
 *   drain for good.)
 *
 * Go's counterpart is `runtime/proc.go`; this queue has one processor and no preemption.
 */
import { captureScope, copyOf, whenNeutral, type AsyncScope } from '../base/async-scope.js'
import { hostTurn, now, uncaught } from '../base/host.js'
import { Random } from '../base/random.js'
import { Ring } from '../base/ring.js'
import type { Order } from './order.js'
import type { Probe } from './probe.js'
import { ResumedFunctions, SLICE, SliceWatch } from './slice.js'

export interface Runnable {
  run(): void
  /** The async context to run in; null is the neutral one. Read only while async contexts are kept. */
  readonly scope?: AsyncScope | null
}

/** A run queue that the test kit controls. */
export interface TakenOver {
  /** For a runnable that was under way before: it runs after the release. */
  passOn(outsider: Runnable): void
  release(): void
}

/** A ring that replaces each runnable as it enters. */
class PlacingRing extends Ring<Runnable> {
  constructor(private readonly _place: (runnable: Runnable) => Runnable) {
    super(1024)
  }
  override push(runnable: Runnable): void {
    super.push(this._place(runnable))
  }
  override unshift(runnable: Runnable): void {
    super.unshift(this._place(runnable))
  }
}

/** Moves the runnables of one ring to another, in order. */
function moved(from: Ring<Runnable>, to: Ring<Runnable>): Ring<Runnable> {
  for (let next = from.shift(); next !== undefined; next = from.shift()) to.push(next)
  return to
}

/** A round of the queue is a microtask. */
const READY = Promise.resolve()

export class RunQueue {
  /** The goroutine whose step runs at this moment. */
  running: unknown = null
  /** A runnable is under way; set by the test kit where that runs them. */
  isDraining = false
  /** Goroutines that have not ended, and the id of the next goroutine. */
  live = 0
  nextId = 1
  /** The number of grants to performers that may give them back. */
  grants = 0
  /** Sees the events of the runtime; see `Probe`. */
  probe: Probe | null = null
  /** Learns which events come before which; see `Order`. */
  order: Order | null = null
  /** The async context without stores; null until the host has one, and in a bubble, which knows its code by the context. */
  neutral: AsyncScope | null = null
  /** Captures an async context, where contexts are kept; null where all code runs in the neutral one. */
  captureScope: (() => AsyncScope) | null = null
  random = new Random()

  /** The context that the queue is drained in: until the host has a neutral one, that of the code that loads the module. */
  private _home = captureScope()
  private _isNeutral = false
  private _keepsScopes = false
  private _ready = new Ring<Runnable>(1024)
  private _isTakenOver = false
  private _isSorted = false
  private readonly _steps = new SliceWatch()
  private readonly _drains = new SliceWatch()
  /** Counts operations that completed at once; counted down by their performers. */
  readonly operations = new SliceWatch()
  /** The async functions that were resumed. */
  readonly async = new ResumedFunctions()
  private _deadline = 0
  /** Nothing is ready: the next push begins a round. */
  private _isAsleep = true
  private _overdue = false

  constructor() {
    // Until the host has a neutral context, contexts are kept: code of a request sees the stores of its own request at most.
    this.keepScopes(false)
    whenNeutral((neutral) => this._moveTo(neutral))
  }

  private _moveTo(neutral: AsyncScope): void {
    this._home = neutral
    this._isNeutral = true
    if (!this._isSorted) this.neutral = neutral
    this.keepScopes(this._keepsScopes)
  }

  /** Whether goroutines and callbacks run in the async context of their registration, or in the neutral one. */
  keepScopes(keeps: boolean): void {
    this._keepsScopes = keeps
    this.captureScope = keeps || !this._isNeutral ? captureScope : null
  }

  /** The async context of the code that calls; null, which stands for the neutral one, unless contexts are kept. */
  get scopeHere(): AsyncScope | null {
    return this.captureScope === null ? null : this.captureScope()
  }

  /** Calls a callback of a user in an async context; null is the neutral one. */
  callIn(scope: AsyncScope | null, f: () => void): void {
    const kept = scope ?? this.neutral
    if (kept === null) f()
    else kept.runInAsyncScope(f)
  }

  /** A step of the hot path asks this, once for the probe and the order port. */
  get isWatched(): boolean {
    return this.probe !== null || this.order !== null
  }

  /** The number of runnables that are ready. */
  get size(): number {
    return this._ready.size
  }

  push(runnable: Runnable): void {
    this._ready.push(runnable)
    if (this._isAsleep) this._wakeUp()
  }

  /** As `push`, in front of all others. */
  pushFirst(runnable: Runnable): void {
    this._ready.unshift(runnable)
    if (this._isAsleep) this._wakeUp()
  }

  /** As `push`, after a turn of the host. */
  pushAfterHost(runnable: Runnable): void {
    this._overdue = true
    this.push(runnable)
  }

  /** The slice is over, and the host comes first. A loop that goes on by microtasks has to stop as well. */
  get isOverdue(): boolean {
    return this._overdue
  }

  /**
   * True when the performer of an operation that completed at once should yield. From then on it is true for every
   * performer.
   */
  get sliceIsOver(): boolean {
    return this._isTakenOver || (this._overdue ||= this.operations.isOver(this._deadline))
  }

  /** Whether an async function may be resumed at once; if not, the queue resumes it. */
  get mayResume(): boolean {
    return this._isTakenOver || (!this.async.isFull && !this._overdue)
  }

  /**
   * For the test kit, which decides the order. Until the release, runnables that become ready are not drained but wait
   * for `take`, every operation yields, and random numbers come from the kit. Runnables that were under way before are
   * not touched: the kit passes them on.
   */
  takeOver(random: Random): TakenOver {
    if (this._isTakenOver) throw new Error('the run queue is taken over already: one exploration at a time')
    const { _ready: ready, random: chance, probe, order, live, nextId } = this
    const resumed = this.async.count
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
        this.order = order
        this.live = live
        this.nextId = nextId
        this.async.count = resumed
        if (ready.size > 0 && this._isAsleep) this._wakeUp()
      },
    }
  }

  /**
   * For the test kit: from now on each runnable that becomes ready is replaced by `place(runnable)`. Returns a function
   * that ends this.
   */
  sort(place: (runnable: Runnable) => Runnable): () => void {
    const { _ready: plain } = this
    this._ready = moved(plain, new PlacingRing(place))
    this._isSorted = true
    this.neutral = null
    return () => {
      this._ready = moved(this._ready, plain)
      this._isSorted = false
      this.neutral = this._isNeutral ? this._home : null
    }
  }

  get isTakenOver(): boolean {
    return this._isTakenOver
  }

  /** Takes out the next runnable. */
  take(): Runnable | undefined {
    return this._ready.shift()
  }

  /** Begins a new slice: the host just had its turn. */
  hostHadItsTurn(): void {
    if (this._isTakenOver) return // no slices there
    this._deadline = now() + SLICE
    this._steps.beginSlice()
    this.operations.beginSlice()
  }

  private _wakeUp(): void {
    this._isAsleep = false
    void READY.then(this._round)
  }

  /** Drains the queue, after the resumed functions and the host have had their turn, until it is empty. */
  private readonly _round = (): void => {
    if (this.async.isFull) void this.async.letThemPerform().then(this._havePerformed)
    else this._drainInTime()
  }

  private readonly _havePerformed = (): void => {
    if (now() >= this._deadline) this._overdue = true
    this._drainInTime()
  }

  private _drainInTime(): void {
    if (this._overdue || (--this._drains.left <= 0 && this._drains.isOver(this._deadline))) {
      this._overdue = true
      hostTurn(this._drainAfterHost)
    } else this._drainAtHome()
  }

  private readonly _drainAfterHost = (): void => {
    this._overdue = false
    this.hostHadItsTurn()
    this._drainAtHome()
  }

  /** Drains in a copy of the neutral context: a store that a goroutine enters (`enterWith`) stays there, and is gone with it. */
  private _drainAtHome(): void {
    const copy = copyOf(this._home)
    if (this.neutral !== null) this.neutral = copy
    copy.runInAsyncScope(this._drain)
    this._isAsleep = this._ready.size === 0 || this._isTakenOver
    if (!this._isAsleep) this._round()
  }

  private readonly _drain = (): void => {
    if (this._isTakenOver) return
    this.isDraining = true
    this._runAll()
    this.isDraining = false
  }

  private _runAll(): void {
    for (let next = this._ready.shift(); next !== undefined; next = this._ready.shift()) {
      try {
        if (this.captureScope === null) next.run()
        else this._runInScope(next)
      } catch (error) {
        uncaught(error) // a fault of the runtime or of a hook: it must not stop the queue
      }
      if (--this._steps.left <= 0 && this._steps.isOver(this._deadline)) this._overdue = true
      if (this._overdue || this.async.isFull) return
    }
  }

  private _runInScope(first: Runnable): void {
    const scope = first.scope ?? null
    if (scope === null) first.run()
    else scope.runInAsyncScope(() => this._runAllOf(scope, first))
  }

  /** Runs the runnables that follow in the same scope before it is left: entering a scope costs more than a step. */
  private _runAllOf(scope: AsyncScope, first: Runnable): void {
    first.run()
    while (this._ready.first?.scope === scope && --this._steps.left > 0) this._ready.shift()?.run()
  }
}

/** The one queue of the process. Where two copies of the package are loaded, their goroutines meet in it. */
const key = Symbol.for('millrace.run-queue.v2')
const shared = globalThis as { [key]?: RunQueue } // a key of our own
export const queue: RunQueue = (shared[key] ??= new RunQueue())
