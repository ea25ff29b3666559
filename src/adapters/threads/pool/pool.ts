/**
 * The pool: the calls that wait, and the threads that take them.
 *
 *     submit ─▶ [ waiting ] ─▶ the thread with the fewest calls ─▶ claimed there ─▶ result
 *                   ▲                      │
 *                   └── not begun ─────────┘  taken back: for an idle thread, by a cancel, after a loss
 *
 * Always true:
 * - a call begins at most once;
 * - while a call waits, every thread has as many calls as it may, or there is no thread left to start;
 * - the pool has at most `size` threads, those that are ending not counted.
 */
import { go, type Op } from '../../../runtime/index.js'
import { QueuedOperation, PENDING, WaitQueue, type Pending } from '../../../runtime/internal.js'
import type { ThreadHost } from '../hosts/host.js'
import type { FunctionName } from '../wire/batch.js'
import type { Call } from './call.js'
import { CallQueue } from './call-queue.js'
import { neverBegun } from './failures.js'
import { Thread } from './thread.js'
import { AHEAD, WorkAhead } from './work-ahead.js'

/** Checked options of a pool; times in ms. */
export interface PoolSettings {
  readonly size: number
  readonly grace: number
  readonly idle: number
  readonly startTimeout: number
  /** MB of heap; null for the default of the host. */
  readonly memory: number | null
  /** The jobs and the MB after which a thread is replaced; Infinity for never. */
  readonly recycle: { readonly jobs: number; readonly memory: number }
}

/** Threads that a call may be lost with before it begins. */
const MOST_LOSSES = 3
/** ms of work that are worth taking back from a thread that sends results. */
const WORTH_TAKING = 0.5

export class Pool {
  readonly ahead = new WorkAhead()
  readonly stats = { started: 0, lost: 0, jobs: 0, takenBack: 0, recycled: 0 }
  isClosed = false
  private readonly _threads = new Set<Thread>()
  private readonly _waiting = new CallQueue()
  private readonly _watchers = new WaitQueue()
  private readonly _leavers = new WaitQueue()
  private readonly _breaks: { readonly url: string; readonly error: unknown }[] = []
  private _isLooking = false

  constructor(
    readonly host: ThreadHost,
    readonly options: PoolSettings,
  ) {}

  get threads(): number {
    return this._threads.size
  }

  /** The calls in threads. */
  get underWay(): number {
    let calls = 0
    for (const { sent } of this._threads) calls += sent.size
    return calls
  }

  get waiting(): number {
    return this._waiting.size
  }

  submit(call: Call): void {
    if (this.isClosed) throw closed(call.fn.name)
    this._waiting.push(call)
    this.dispatch()
  }

  /** Hands out the calls that wait, as far as the threads take them. */
  dispatch(): void {
    for (let first = this._waiting.first; first !== null; first = this._waiting.first) {
      const thread = this._freest(first.fn)
      if (thread === null) return
      this._waiting.remove(first)
      thread.send(first)
    }
  }

  /** The thread with the fewest calls that takes another; a new thread where all have calls. */
  private _freest(fn: FunctionName): Thread | null {
    const { host, ahead } = this
    const limit = host.sharesMemory ? ahead.limit : Math.min(2, ahead.limit) // without claims no call is taken back
    let best: Thread | null = null
    for (const thread of this._threads) {
      if (thread.hasRoom && thread.pressing < limit && (best === null || thread.sent.size < best.sent.size)) best = thread
    }
    const areAllBusy = best === null || best.sent.size > 0
    return areAllBusy && this._alive < this.options.size ? this._start(fn) : best
  }

  private _start(fn: FunctionName): Thread {
    const thread = new Thread(this, fn)
    this._threads.add(thread)
    this.stats.started++
    return thread
  }

  private _warm(fns: readonly FunctionName[]): void {
    for (let alive = this._alive; alive < this.options.size; alive++) this._start(fns[0])
    for (const thread of this._threads) if (!thread.isStopping) for (const fn of fns) thread.load(fn)
  }

  private get _alive(): number {
    let alive = 0
    for (const { isStopping } of this._threads) if (!isStopping) alive++
    return alive
  }

  private get _isLoading(): boolean {
    for (const thread of this._threads) if (thread.isLoading) return true
    return false
  }

  /** Cancels a call: at once where it has not begun, otherwise through its thread. */
  cancel(call: Call, cause: unknown): void {
    if (call.hasEnded || call.cancellation !== null) return
    call.cancellation = { cause }
    const { thread } = call
    if (thread !== null && !thread.takeBack(call)) return thread.cancel(call, cause)
    call.end({ failed: true, error: cause })
    this.dispatch()
    thread?.rest()
  }

  /**
   * Nothing waits, and a thread is idle while another has calls that it has not begun: half of them are taken back, or all where that
   * thread is starting.
   */
  takeBackFor(idle: Thread): void {
    if (this._waiting.size > 0 || idle.isStopping || idle.isLoading) return
    const busiest = this._busiest()
    if (busiest === null) return
    if (!this._isWorthTaking(busiest)) return this._lookLater()
    let wanted = busiest.isLoading ? busiest.sent.size : busiest.sent.size >> 1
    for (const call of busiest.sent.all().reverse()) {
      if (wanted === 0) break
      if (call.hasMoved || !busiest.takeBack(call)) continue
      wanted--
      this.stats.takenBack++
      this._waiting.unshift(call)
    }
    this.dispatch()
  }

  private _busiest(): Thread | null {
    let busiest: Thread | null = null
    for (const thread of this._threads)
      if (thread.sent.size > (thread.isLoading ? 0 : 1) && !thread.isStopping && (busiest === null || thread.sent.size > busiest.sent.size))
        busiest = thread
    return busiest
  }

  /** A thread that has been silent for longer than its work should last is stuck in a long call. */
  private _isWorthTaking({ sent, heard, isLoading }: Thread): boolean {
    return isLoading || sent.size === 2 || sent.size * this.ahead.mean >= WORTH_TAKING || this.host.now() - heard >= AHEAD
  }

  private _lookLater(): void {
    if (this._isLooking) return
    this._isLooking = true
    this.host.timer(AHEAD, () => {
      this._isLooking = false
      for (const thread of this._threads) if (thread.sent.size === 0 && !thread.isStopping) return this.takeBackFor(thread)
    })
  }

  /** A call that was taken back waits again, first in line. */
  again(call: Call): void {
    this._waiting.unshift(call)
  }

  /** A call that its lost thread had not begun waits again, first in line. Returns whether the call has failed instead. */
  giveBack(call: Call, why: unknown): boolean {
    if (++call.losses < MOST_LOSSES) {
      this._waiting.unshift(call)
      return false
    }
    call.end({ failed: true, error: neverBegun(call.fn.name, call.losses, why) })
    return true
  }

  /** A thread has ended; `unseen` is the error that no call has. */
  ended(thread: Thread, unseen: { readonly error: unknown } | null): void {
    this._threads.delete(thread)
    if (!thread.wasWanted) this.stats.lost++
    if (unseen !== null) go.named('thread', fail, unseen.error)
    this.dispatch()
    this.changed()
  }

  /** Refuses new calls, cancels those that wait or run, and ends the threads. */
  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    for (const call of this._waiting.all()) this.cancel(call, closed(call.fn.name))
    for (const thread of [...this._threads]) {
      for (const call of thread.sent.all()) this.cancel(call, closed(call.fn.name))
      if (thread.sent.size === 0) thread.kill(undefined)
    }
    this.changed()
  }

  /** The module of a function could not be loaded, and no call has the error. */
  broke({ url }: FunctionName, error: unknown): void {
    this._breaks.push({ url, error })
  }

  /** Starts all threads and waits until they have loaded these functions; throws the error of a module. */
  *warmed(fns: readonly FunctionName[]): Generator<never, void> {
    if (this.isClosed) throw closed(fns[0].name)
    const before = this._breaks.length
    const broken = (): { readonly error: unknown } | undefined =>
      this._breaks.slice(before).find(({ url }) => fns.some((fn) => fn.url === url))
    this._warm(fns)
    while (this._isLoading && broken() === undefined) yield* new Changed(this._watchers)
    const found = broken()
    if (found !== undefined) throw found.error
  }

  /** Waits until the pool is closed and has no thread. */
  gone(): Op<void> {
    return new Gone(this, this._leavers)
  }

  /** The state of a thread has changed. */
  changed(): void {
    const waiters = [...this._watchers]
    for (const waiter of waiters) {
      this._watchers.remove(waiter)
      waiter.settle(undefined)
    }
    if (this.isClosed && this._threads.size === 0) this._leavers.settleAll(undefined)
  }
}

/** Waits for the next change of a thread. */
class Changed extends QueuedOperation<void> {
  constructor(protected readonly waiters: WaitQueue) {
    super()
  }
  poll(): Pending {
    return PENDING
  }
  override finish(): void {}
  describe(): string {
    return 'thread pool'
  }
}

function fail(error: unknown): void {
  throw error
}

function closed(name: string): Error {
  return new Error(`the thread pool was closed before ${JSON.stringify(name)} ended; close a pool when its jobs are done`)
}

class Gone extends QueuedOperation<void> {
  constructor(
    private readonly _pool: Pool,
    protected readonly waiters: WaitQueue,
  ) {
    super()
  }
  poll(): void | Pending {
    if (!this._pool.isClosed || this._pool.threads > 0) return PENDING
  }
  override finish(): void {}
  describe(): string {
    return 'thread pool end'
  }
}
