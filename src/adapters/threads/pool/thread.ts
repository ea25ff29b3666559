/**
 * A thread, in the view of its pool: the calls it has, the batch that gathers for it, the functions it knows.
 *
 * Always true:
 * - a call that was sent has a slot of its own until the thread has reported the slot, also where the pool took the call back;
 * - the process stays alive for the thread exactly while the thread has calls or is loading;
 * - once `ended` has run, no call is in the thread.
 */
import type { Port, ThreadEvents } from '../hosts/host.js'
import { afterRecord, CALL, CANCEL, FULL, LINK, LOAD, LOADED, LOADING, NOT_LOADED, PASSED_OVER, READY } from '../wire/batch.js'
import { RESULT, WORKED, type Batch, type FunctionName } from '../wire/batch.js'
import { Claims, SLOTS } from '../wire/claims.js'
import { fromPortable, toPortable, type Portable } from '../wire/portable-error.js'
import { REFUSED } from '../channels/link.js'
import { unclonablePart } from '../wire/unclonable.js'
import { Call } from './call.js'
import { CallQueue } from './call-queue.js'
import { lostWhile, lostWithMoved, moduleError, overGrace, tooLate } from './failures.js'
import { outcomeOf } from './outcome.js'
import { Outbox } from './outbox.js'
import { bootOf, notSent, refusedPart, startThread } from './sending.js'
import type { Pool } from './pool.js'
import type { Loading } from './loading.js'

export class Thread implements ThreadEvents {
  readonly sent = new CallQueue()
  /** The time of the last message from the thread. */
  heard: number
  /** No call goes to the thread any more. */
  isStopping = false
  /** The pool has ended the thread, which had nothing to do. */
  wasWanted = false
  private readonly _claims = new Claims()
  private readonly _slots: (Call | null)[] = new Array<Call | null>(SLOTS).fill(null)
  private readonly _free = Array.from({ length: SLOTS }, (_, i) => SLOTS - 1 - i)
  private readonly _functions: Loading[] = []
  private readonly _numbers = new Map<string, number>()
  /** The calls with channels, by their links. */
  private readonly _calls = new Map<number, Call>()
  private readonly _port: Port
  private readonly _outbox: Outbox
  private _isReady = false
  /** It takes no more calls: its jobs or its memory have reached the limit of `recycle`. */
  private _isRetired = false
  private _jobs = 0
  /** Calls that have begun, as far as the thread has said, and have not ended. */
  private _waitingThere = 0
  private _hasEnded = false
  private _why: unknown = undefined
  /** The module whose evaluation ended the thread. */
  private _broken: FunctionName | null
  private _stopTimer: (() => void) | null

  constructor(
    readonly pool: Pool,
    entry: FunctionName,
  ) {
    const { host, options } = pool
    this._broken = entry
    this.heard = host.now()
    const most = host.isElsewhere ? options.startTimeout : Infinity // a thread that runs here has started
    this._stopTimer = host.timer(most, () => this.kill(tooLate(entry, most)))
    this._port = startThread(host, bootOf(entry, this._claims, options), this, () => this.sent.all().map(({ fn }) => fn.name))
    this._outbox = new Outbox(host, this._port, (records, error) => this._refuseAll(records, error))
  }

  get isLoading(): boolean {
    return !this._isReady || this._functions.some(({ isLoaded }) => !isLoaded)
  }

  /** The calls that want the processor: a call that waits in its thread keeps no other from beginning. */
  get pressing(): number {
    return this.sent.size - Math.max(0, this._waitingThere)
  }

  get hasRoom(): boolean {
    return !this.isStopping && !this._isRetired && this._free.length > 0
  }

  /** Asks the thread to load a function; returns its number there. */
  load(fn: FunctionName): number {
    const known = this._numbers.get(fn.key)
    if (known !== undefined) return known
    const number = this._functions.push({ fn, isLoaded: false, stopTimer: null }) - 1
    this._numbers.set(fn.key, number)
    this._wake()
    this._outbox.add([LOAD, number, fn])
    this._outbox.flushSoon(true)
    return number
  }

  send(call: Call): void {
    const slot = this._free.pop() as number // `hasRoom` was true
    const number = this.load(call.fn)
    call.thread = this
    call.slot = slot
    this._slots[slot] = call
    for (const id of call.links.ids) this._calls.set(id, call)
    const isFirst = this.sent.size === 0
    if (isFirst) {
      this.heard = this.pool.host.now()
      this._wake()
    }
    this.sent.push(call)
    this._claims.send(slot)
    this._outbox.addCall(call, slot, number)
    this._outbox.flushSoon(isFirst)
  }

  /** Sends a message of a link. */
  postLink(id: number, op: number, payload: unknown): void {
    this._outbox.add([LINK, id, op, payload])
    this._outbox.flushSoon(false)
  }

  private _wake(): void {
    this._port.hold(true)
    if (this._isReady) this._clearTimer()
  }

  /** A value of a channel cannot be cloned: the call of the channel is canceled. */
  private _refuseLink([, id, , values]: Batch, cause: unknown): void {
    const call = this._calls.get(id as number) // a record of a link
    if (call === undefined) return
    this.pool.cancel(call, notSent(call, unclonablePart(values, 'the values of a channel') ?? 'a value of a channel', 'to', cause))
  }

  private _refuseAll(records: readonly Batch[], cause: unknown): void {
    for (const record of records) this._refuse(record, cause)
    this.pool.dispatch()
    this.rest()
  }

  private _refuse(record: Batch, cause: unknown): void {
    if (record[0] === LINK) return this._refuseLink(record, cause)
    if (record[0] !== CALL) return // the other records can be cloned
    const slot = record[1] as number // a record of a call
    const call = this._slots[slot]
    this._slots[slot] = null
    this._free.push(slot)
    if (call === null) return
    this._leave(call)
    call.end({ failed: true, error: notSent(call, refusedPart(call) ?? 'an argument', 'to', cause) })
  }

  /** Whether the call is the pool's again. Its slot is free when the thread has passed over it. */
  takeBack(call: Call): boolean {
    if (!this._claims.takeBack(call.slot)) return false
    this._slots[call.slot] = null
    this.sent.remove(call)
    this._leave(call)
    return true
  }

  /** Cancels a call that has begun: its context ends, and after the grace the thread. */
  cancel(call: Call, cause: unknown): void {
    const { host, options } = this.pool
    this._claims.cancel(call.slot)
    this._outbox.add([CANCEL, call.slot, toPortable(cause)])
    this._outbox.flush()
    call.stopGrace = host.timer(options.grace, () => this.kill(overGrace(call.fn.name, options.grace, cause)))
  }

  receive(batch: Batch): void {
    if (this._hasEnded) return
    this.heard = this.pool.host.now()
    for (let at = 0; at < batch.length; at = afterRecord(batch, at)) this._record(batch, at)
    this.pool.dispatch()
    this.rest()
  }

  private _record(batch: Batch, at: number): void {
    const [kind, first] = [batch[at], batch[at + 1] as number] // all records of a thread have numbers there
    if (kind === RESULT)
      this._result(first, batch[at + 2] as number, batch[at + 3]) // a record of a result
    else if (kind === WORKED)
      this._worked(first, batch[at + 2] as number) // ms, calls
    else if (kind === LINK)
      this._linked(first, batch[at + 2] as number, batch[at + 3]) // a record of a link
    else if (kind === READY) this._ready()
    else if (kind === FULL) this._retire()
    else if (kind === LOADING) this._loading(this._functions[first])
    else if (kind === LOADED) this._loaded(this._functions[first], batch[at + 2] as Portable | null) // a record of a loaded function
  }

  private _worked(ms: number, calls: number): void {
    this._waitingThere += calls
    this.pool.ahead.worked(ms, calls)
  }

  private _ready(): void {
    this._isReady = true
    this._broken = null
    this._clearTimer()
    this._outbox.isOpen = true
    this._outbox.flush()
  }

  private _loading(loading: Loading): void {
    const { startTimeout } = this.pool.options
    this._broken = loading.fn
    loading.stopTimer = this.pool.host.timer(startTimeout, () => {
      if (this.hasBegun)
        this._loading(loading) // the work of a call may have held the evaluation up
      else this.kill(tooLate(loading.fn, startTimeout))
    })
  }

  private _loaded(loading: Loading, failure: Portable | null): void {
    if (failure !== null) this.pool.broke(loading.fn, moduleError(loading.fn, fromPortable(failure)))
    loading.isLoaded = true
    loading.stopTimer?.()
    this._broken = this._functions.find(({ isLoaded, stopTimer }) => !isLoaded && stopTimer !== null)?.fn ?? null
    this.pool.changed()
  }

  /** A call has begun here and not ended. */
  get hasBegun(): boolean {
    for (let call = this.sent.first; call !== null; call = call.after) if (this._claims.hasBegun(call.slot)) return true
    return false
  }

  private _leave(call: Call): void {
    call.thread = null
    for (const id of call.links.ids) this._calls.delete(id)
  }

  private _linked(id: number, op: number, payload: unknown): void {
    const call = this._calls.get(id)
    if (call === undefined) return
    if (op !== REFUSED) call.links.find(id)?.receive(op, payload)
    else this.pool.cancel(call, notSent(call, payload as string, 'back from')) // the text of the refusal
  }

  private _result(slot: number, status: number, value: unknown): void {
    const call = this._slots[slot]
    this._slots[slot] = null
    this._free.push(slot)
    if (status !== PASSED_OVER && status !== NOT_LOADED) this._waitingThere--
    if (call === null) return // it was taken back
    this.pool.stats.jobs++
    this.sent.remove(call)
    this._leave(call)
    const outcome = outcomeOf(call, status, value)
    if (call.cancellation !== null) call.end(outcome)
    else call.links.whenIdle(() => call.end(outcome)) // what the thread has sent has been sent before the end
    if (++this._jobs >= this.pool.options.recycle.jobs) this._retire()
  }

  /** Ends the thread when it has ended the calls that it has begun; the others go elsewhere. */
  private _retire(): void {
    if (this._isRetired || this.isStopping) return
    this._isRetired = true
    this.pool.stats.recycled++
    for (const call of this.sent.all().reverse()) if (!call.hasMoved && this.takeBack(call)) this.pool.again(call)
  }

  /** A thread without calls helps the others; without work it keeps no process alive, and ends after the idle time. */
  rest(): void {
    if (this.sent.size > 0 || this.isStopping) return
    if (this._isRetired) return this.kill(undefined)
    this.pool.takeBackFor(this)
    if (this.sent.size > 0 || this.isLoading) return
    if (this.pool.isClosed) return this.kill(undefined)
    this._port.hold(false)
    this._clearTimer()
    this._stopTimer = this.pool.host.timer(this.pool.options.idle, () => this.kill(undefined))
    this.pool.changed()
  }

  /** Terminates the thread; undefined where it has nothing to do. */
  kill(why: unknown): void {
    if (this.isStopping) return
    this.isStopping = true
    this._why = why
    this._port.terminate()
  }

  ended(cause: unknown): void {
    if (this._hasEnded) return
    this._hasEnded = true
    this._outbox.isOpen = false
    const why = this._why ?? cause
    this.wasWanted = this.isStopping && this._why === undefined
    if (this._broken !== null && !this.wasWanted) this.pool.broke(this._broken, moduleError(this._broken, why))
    this.isStopping = true
    this._clearTimer()
    for (const { stopTimer } of this._functions) stopTimer?.()
    const isBlamed = this._giveUpCalls(why)
    const isSeen = this.wasWanted || this.pool.isClosed || isBlamed || this._why !== undefined || this._broken !== null
    this.pool.ended(this, isSeen ? null : { error: cause })
  }

  /** Ends the calls that have begun, and gives the others back. Returns whether a call has the error. */
  private _giveUpCalls(why: unknown): boolean {
    let isBlamed = false
    for (const call of this.sent.all().reverse()) {
      const hasBegun = this._claims.hasBegun(call.slot)
      const isOfBroken = call.fn.url === this._broken?.url
      if (!hasBegun && !isOfBroken && !call.hasMoved) {
        this.sent.remove(call)
        this._leave(call)
        isBlamed = this.pool.giveBack(call, why) || isBlamed
        continue
      }
      isBlamed = true
      if (hasBegun) call.links.lost()
      if (call.cancellation !== null) call.end({ failed: true, error: call.cancellation.cause })
      else if (hasBegun) call.end({ failed: true, error: lostWhile(call.fn.name, why) })
      else call.end({ failed: true, error: isOfBroken ? moduleError(call.fn, why) : lostWithMoved(call.fn.name, why) })
    }
    return isBlamed
  }

  private _clearTimer(): void {
    this._stopTimer?.()
    this._stopTimer = null
  }
}
