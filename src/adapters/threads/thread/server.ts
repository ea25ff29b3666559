/**
 * The thread's side: takes batches, claims each call before it runs the function, and reports in batches.
 *
 * Always true: each call of a batch is reported once, also a call that the pool has taken back; results leave at the end of the
 * turn, or as soon as 0.5 ms have passed since the last that left.
 */
import type { Routine } from '../../../runtime/index.js'
import { isEcho, isThenable } from '../../../runtime/internal.js'
import {
  afterRecord,
  CALL,
  CANCELED,
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
  type FunctionName,
} from '../wire/batch.js'
import type { Claims } from '../wire/claims.js'
import { fromPortable, toPortable, type Portable } from '../wire/portable-error.js'
import { unclonablePart } from '../wire/unclonable.js'
import { CallContext } from './call-context.js'
import { find, type AnyFunction } from './functions.js'
import { isRoutine, Running } from './running.js'

/** The host of a thread, from inside. */
export interface ServerHost {
  post(batch: Batch): void
  /** Evaluates a module; null where it is evaluated already. */
  load(url: string): Promise<unknown> | null
  now(): number
  atTurn(f: () => void): void
}

/** ms after which results leave before the end of the turn. */
const FLUSH_AFTER = 0.5

/** A function that is being loaded has a list of the calls that wait for it. */
type Loaded = { readonly f: AnyFunction } | { readonly failure: Portable } | { readonly waiting: (() => void)[] }

export class Server {
  private readonly _functions: Loaded[] = []
  /** The calls that wait in their thread: an async function, a goroutine. */
  private readonly _running = new Map<number, Running>()
  private _out: Batch = []
  private _isFlushing = false
  private _left: number
  private _ran = 0

  constructor(
    private readonly _host: ServerHost,
    private readonly _claims: Claims,
  ) {
    this._left = _host.now()
    _host.post([READY])
  }

  receive(batch: Batch): void {
    let began = this._host.now()
    for (let at = 0; at < batch.length; at = afterRecord(batch, at)) {
      if (batch[at] === CALL) this._call(batch, at)
      else if (batch[at] === LOAD)
        this._load(batch[at + 1] as number, batch[at + 2] as FunctionName) // a record of a load
      else this._running.get(batch[at + 1] as number)?.cancel(fromPortable(batch[at + 2] as Portable)) // a record of a cancel
      const now = this._host.now()
      if (now - this._left < FLUSH_AFTER || this._out.length === 0) continue
      began = this._worked(began, now)
      this.flush()
    }
    this._worked(began, this._host.now())
  }

  /** Notes the time of the calls that ran since `began`. */
  private _worked(began: number, now: number): number {
    if (this._ran > 0) this._out.push(WORKED, now - began, this._ran)
    this._ran = 0
    return now
  }

  private _load(number: number, name: FunctionName): void {
    const evaluated = this._host.load(name.url)
    if (evaluated === null) return this._loaded(number, name)
    this._functions[number] = { waiting: [] }
    this._host.post([LOADING, number])
    evaluated.then(
      () => this._loaded(number, name),
      (error: unknown) => this._settle(number, { failure: toPortable(error) }),
    )
  }

  private _loaded(number: number, name: FunctionName): void {
    try {
      this._settle(number, { f: find(name) })
    } catch (error) {
      this._settle(number, { failure: toPortable(error) })
    }
  }

  private _settle(number: number, loaded: Loaded): void {
    const before = this._functions[number] as Loaded | undefined // undefined where the module was evaluated already
    this._functions[number] = loaded
    this._host.post([LOADED, number, 'failure' in loaded ? loaded.failure : null])
    if (before !== undefined && 'waiting' in before) for (const begin of before.waiting) begin()
  }

  private _call(batch: Batch, at: number): void {
    const [, slot, number, args, hasContext, deadline] = batch.slice(at, afterRecord(batch, at)) as CallRecord // by its kind
    const arrival: Arrival = { slot, args, hasContext, deadline }
    const loaded = this._functions[number]
    if ('waiting' in loaded) loaded.waiting.push(() => this._begin(arrival, this._functions[number]))
    else this._begin(arrival, loaded)
  }

  private _begin(arrival: Arrival, loaded: Loaded): void {
    const { slot, args } = arrival
    if (!this._claims.begin(slot)) return this._report(slot, PASSED_OVER, undefined)
    if (!('f' in loaded)) return this._report(slot, NOT_LOADED, 'failure' in loaded ? loaded.failure : undefined)
    this._ran++
    const { f } = loaded
    const context = this._addContext(arrival, f)
    let made: unknown
    try {
      made = f(...args)
    } catch (error) {
      return this._threw(slot, error, context)
    }
    if (isRoutine(made) || isThenable(made)) this._run(slot, made, context)
    else this._returned(slot, made, context)
  }

  /** Puts a context where the caller had one, or where the function declares one. */
  private _addContext({ slot, args, hasContext, deadline }: Arrival, f: AnyFunction): CallContext | null {
    if (!hasContext && f.length <= args.length) return null
    const context = new CallContext(this._claims, slot, deadline)
    args[hasContext ? args.length : f.length - 1] = context
    return context
  }

  private _run(slot: number, made: PromiseLike<unknown> | Routine<unknown>, context: CallContext | null): void {
    const running = new Running(made, context)
    this._running.set(slot, running)
    running.end(
      (value) => {
        this._running.delete(slot)
        this._returned(slot, value, context)
      },
      (error) => {
        this._running.delete(slot)
        this._threw(slot, error, context, running.wasCanceled)
      },
    )
  }

  private _returned(slot: number, value: unknown, context: CallContext | null): void {
    context?.cancel()
    this._report(slot, RETURNED, value)
  }

  private _threw(slot: number, error: unknown, context: CallContext | null, wasCanceled = false): void {
    const isEnd = (wasCanceled || this._claims.isCanceled(slot)) && isEcho(error)
    context?.cancel()
    if (isEnd) this._report(slot, CANCELED, toPortable(error))
    else this._report(slot, THREW, toPortable(error))
  }

  private _report(slot: number, status: number, value: unknown): void {
    this._out.push(RESULT, slot, status, value)
    if (this._isFlushing) return
    this._isFlushing = true
    this._host.atTurn(() => this.flush())
  }

  /** Sends the results that have gathered. */
  flush(): void {
    this._isFlushing = false
    this._left = this._host.now()
    if (this._out.length === 0) return
    const batch = this._out
    this._out = []
    try {
      this._host.post(batch)
    } catch {
      for (const record of recordsOf(batch)) this._postRecord(record)
    }
  }

  private _postRecord(record: Batch): void {
    try {
      this._host.post(record)
    } catch (error) {
      const part = unclonablePart(record[3], 'the result') ?? `the result (${(error as Error).message})` // the clone throws errors
      this._host.post([RESULT, record[1], NOT_CLONED, part])
    }
  }

  /** For a host that ends without its process: what still runs is canceled. */
  stop(): void {
    for (const running of this._running.values()) running.cancel(undefined)
  }
}

type CallRecord = [kind: number, slot: number, number: number, args: unknown[], hasContext: boolean, deadline: number]

/** A call that has come in. */
interface Arrival {
  readonly slot: number
  readonly args: unknown[]
  readonly hasContext: boolean
  readonly deadline: number
}
