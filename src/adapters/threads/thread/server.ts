/**
 * The thread's side: takes batches, claims each call before it runs the function, and reports in batches.
 *
 * Always true: each call of a batch is reported once, also a call that the pool has taken back; results leave at the end of the
 * turn, or as soon as 0.5 ms have passed since the last that left.
 */
import { isEcho, isThenable } from '../../../runtime/internal.js'
import {
  afterRecord,
  CALL,
  CANCELED,
  CLEAN_UP_THREW,
  FULL,
  LINK,
  LOAD,
  LOADED,
  LOADING,
  NOT_CLONED,
  NOT_LOADED,
  PASSED_OVER,
  READY,
  recordsOf,
  RESULT,
  RETURNED,
  THREW,
  WORKED,
  type Batch,
  type CallValues,
  type FunctionName,
} from '../wire/batch.js'
import type { Claims } from '../wire/claims.js'
import { fromPortable, toPortable, type Portable } from '../wire/portable-error.js'
import { movesIn, noMoves, unmark } from '../wire/moves.js'
import { unclonablePart } from '../wire/unclonable.js'
import { FarLinks } from '../channels/far-links.js'
import { REFUSED, type ArgumentSpec } from '../channels/link.js'
import { CallContext } from './call-context.js'
import { exported, find, type AnyFunction } from './functions.js'
import { isRoutine, Running } from './running.js'

/** The host of a thread, from inside. */
export interface ServerHost {
  post(batch: Batch, moves: readonly Transferable[]): void
  /** Evaluates a module, and results in its exports; null where the functions are here already. */
  load(name: FunctionName): Promise<object> | null
  now(): number
  atTurn(f: () => void): void
  /** Whether the memory in use is over the limit of `recycle`. */
  isFull(): boolean
}

/** ms after which results leave before the end of the turn. */
const FLUSH_AFTER = 0.5

/** A function that is being loaded has a list of the calls that wait for it. */
type Loaded = { readonly f: AnyFunction; readonly name: string } | { readonly failure: Portable } | { readonly waiting: (() => void)[] }

export class Server {
  private readonly _functions: Loaded[] = []
  /** The calls that wait in their thread: an async function, a goroutine. */
  private readonly _running = new Map<number, Running>()
  private _out: Batch = []
  private _moves: Transferable[] = []
  private _isFlushing = false
  private _left: number
  private _ran = 0
  private readonly _links: FarLinks
  private _wasFull = false

  constructor(
    private readonly _host: ServerHost,
    private readonly _claims: Claims,
  ) {
    this._left = _host.now()
    this._links = new FarLinks(
      (id, op, payload) => this._postLink(id, op, payload),
      () => _host.now(),
    )
    _host.post([READY], noMoves)
  }

  receive(batch: Batch): void {
    let began = this._host.now()
    for (let at = 0; at < batch.length; at = afterRecord(batch, at)) {
      if (batch[at] === CALL) this._call(batch, at)
      else if (batch[at] === LINK)
        this._links.receive(batch[at + 1] as number, batch[at + 2] as number, batch[at + 3]) // a record of a link
      else if (batch[at] === LOAD)
        this._load(batch[at + 1] as number, batch[at + 2] as FunctionName) // a record of a load
      else this._cancel(batch[at + 1] as number, batch[at + 2] as Portable) // a record of a cancel
      const now = this._host.now()
      if (now - this._left < FLUSH_AFTER || this._out.length === 0) continue
      began = this._worked(began, now)
      this.flush()
    }
    this._worked(began, this._host.now())
  }

  /** Notes the time of the calls that ran since `began`. */
  private _worked(began: number, now: number): number {
    if (this._ran === 0) return now
    this._out.push(WORKED, now - began, this._ran)
    this._ran = 0
    this._flushSoon() // calls that wait leave room for others
    return now
  }

  /** Without shared memory a call that waits for its module may be canceled before it begins. */
  private _cancel(slot: number, cause: Portable): void {
    if (!this._claims.areShared) this._claims.cancel(slot)
    this._running.get(slot)?.cancel(fromPortable(cause))
  }

  private _load(number: number, name: FunctionName): void {
    const evaluated = this._host.load(name)
    if (evaluated === null) return this._loaded(number, name, null)
    this._functions[number] = { waiting: [] }
    this._host.post([LOADING, number], noMoves)
    evaluated.then(
      (exports) => this._loaded(number, name, exports),
      (error: unknown) => this._settle(number, { failure: toPortable(error) }),
    )
  }

  private _loaded(number: number, name: FunctionName, exports: object | null): void {
    try {
      this._settle(number, { f: name.server === null ? find(name) : exported(name, exports), name: name.name })
    } catch (error) {
      this._settle(number, { failure: toPortable(error) })
    }
  }

  private _settle(number: number, loaded: Loaded): void {
    const before = this._functions[number] as Loaded | undefined // undefined where the module was evaluated already
    this._functions[number] = loaded
    this._host.post([LOADED, number, 'failure' in loaded ? loaded.failure : null], noMoves)
    if (before === undefined || !('waiting' in before)) return
    const began = this._host.now()
    for (const begin of before.waiting) begin()
    this._worked(began, this._host.now())
  }

  private _call(batch: Batch, at: number): void {
    const [, slot, number, args, values, deadline, links] = batch.slice(at, afterRecord(batch, at)) as CallRecord // by its kind
    const arrival: Arrival = { slot, args, values, deadline, links }
    if (!this._claims.areShared) this._claims.send(slot)
    const loaded = this._functions[number]
    if ('waiting' in loaded) loaded.waiting.push(() => this._begin(arrival, this._functions[number]))
    else this._begin(arrival, loaded)
  }

  private _begin(arrival: Arrival, loaded: Loaded): void {
    const { slot, args } = arrival
    if (!this._claims.begin(slot)) return this._report(slot, PASSED_OVER, undefined)
    if (!this._claims.areShared && this._claims.isCanceled(slot)) return this._report(slot, CANCELED, undefined)
    if (!('f' in loaded)) return this._report(slot, NOT_LOADED, 'failure' in loaded ? loaded.failure : undefined)
    this._ran++
    const { f, name } = loaded
    if (arrival.links !== null) this._links.add(slot, arrival.links, args)
    const context = this._addContext(arrival, f)
    let made: unknown
    try {
      made = f(...args)
    } catch (error) {
      return this._threw(slot, error, context)
    }
    if (isRoutine(made) || isThenable(made)) this._run(slot, new Running(name, made, context), context)
    else this._returned(slot, made, context)
  }

  /** Puts a context where the caller had one, or where the function declares one. */
  private _addContext({ slot, args, values, deadline }: Arrival, f: AnyFunction): CallContext | null {
    if (values === false && f.length <= args.length) return null
    const context = new CallContext(this._claims, slot, deadline, typeof values === 'object' ? values : noValues)
    args[values === false ? f.length - 1 : args.length] = context
    return context
  }

  private _run(slot: number, running: Running, context: CallContext | null): void {
    this._running.set(slot, running)
    running.end(
      (value) => {
        this._running.delete(slot)
        this._returned(slot, value, context)
      },
      (error) => {
        this._running.delete(slot)
        this._threw(slot, error, context, running)
      },
    )
  }

  private _returned(slot: number, value: unknown, context: CallContext | null): void {
    context?.over()
    this._report(slot, RETURNED, value)
  }

  private _threw(slot: number, error: unknown, context: CallContext | null, running: Running | null = null): void {
    const wasCanceled = running?.wasCanceled === true || this._claims.isCanceled(slot)
    const isOfCleanUp = wasCanceled && running?.isGoroutine === true
    const status = wasCanceled && isEcho(error) ? CANCELED : isOfCleanUp ? CLEAN_UP_THREW : THREW
    context?.over()
    this._report(slot, status, toPortable(error))
  }

  private _report(slot: number, status: number, value: unknown): void {
    this._links.release(slot)
    this._out.push(RESULT, slot, status, value)
    const moves = movesIn(value)
    if (moves !== noMoves) this._moves.push(...moves)
    this._flushSoon()
  }

  private _postLink(id: number, op: number, payload: unknown): void {
    this._out.push(LINK, id, op, payload)
    this._flushSoon()
  }

  private _flushSoon(): void {
    if (this._isFlushing) return
    this._isFlushing = true
    this._host.atTurn(() => this.flush())
  }

  /** Sends the results that have gathered. */
  flush(): void {
    this._isFlushing = false
    this._left = this._host.now()
    if (this._out.length === 0) return
    if (!this._wasFull && this._host.isFull()) {
      this._wasFull = true
      this._out.push(FULL)
    }
    const batch = this._out
    const moves = this._moves
    this._out = []
    if (moves.length > 0) this._moves = []
    try {
      this._host.post(batch, moves)
      unmark(moves)
    } catch {
      for (const record of recordsOf(batch)) this._postRecord(record)
    }
  }

  private _postRecord(record: Batch): void {
    const moves = movesIn(record)
    try {
      this._host.post(record, moves)
      unmark(moves)
    } catch (error) {
      if (record[0] === LINK) return this._refuseLink(record)
      const part = unclonablePart(record[3], 'the result') ?? `the result (${(error as Error).message})` // the clone throws errors
      this._host.post([RESULT, record[1], NOT_CLONED, part], noMoves)
    }
  }

  /** A value of a channel cannot be cloned. */
  private _refuseLink([, id, , values]: Batch): void {
    this._host.post([LINK, id, REFUSED, unclonablePart(values, 'the values of a channel') ?? 'a value of a channel'], noMoves)
  }

  get isWaiting(): boolean {
    return this._running.size > 0
  }

  /** A canceled call has not ended, or a module is being evaluated. */
  get isTimed(): boolean {
    if (this._functions.some((loaded) => 'waiting' in loaded)) return true
    for (const { wasCanceled } of this._running.values()) if (wasCanceled) return true
    return false
  }

  /** The calls that wait here, as lines of a dump; without those that are goroutines where these are listed anyway. */
  linesOf(withGoroutines: boolean): string[] {
    return [...this._running.values()].filter(({ isGoroutine }) => withGoroutines || !isGoroutine).map(({ line }) => line)
  }

  /** For a host that ends without its process: what still runs is canceled. */
  stop(): void {
    this._links.releaseAll()
    for (const running of this._running.values()) running.cancel(undefined)
  }
}

/** A context without values. */
const noValues = {}

type CallRecord = [
  kind: number,
  slot: number,
  number: number,
  args: unknown[],
  values: CallValues,
  deadline: number,
  links: readonly ArgumentSpec[] | null,
]

/** A call that has come in. */
interface Arrival {
  readonly slot: number
  readonly args: unknown[]
  readonly values: CallValues
  readonly deadline: number
  readonly links: readonly ArgumentSpec[] | null
}
