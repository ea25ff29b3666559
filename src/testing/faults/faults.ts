/**
 * Faults as choices of a schedule: messages that come late, out of order, twice or never, calls that fail, and goroutines
 * that crash.
 *
 * Always true: a fault is chosen only while its budget has some left, and no fault is the plain choice. So shrinking ends
 * with few faults.
 */
import { sleep, type Body, type Goroutine, type Job, type Observed, type Probe, type Sender } from '../../runtime/index.js'
import {
  checkCount,
  checkFunction,
  checkMethod,
  checkOneOf,
  checkRecord,
  checkTime,
  goroutineName,
  mistyped,
  performed,
  queue,
  spawn,
  Spawned,
  Work,
} from '../../runtime/internal.js'
import { FaultError } from './fault-error.js'
import { NetworkSender } from './network.js'

/** A message or call comes late; a message comes behind later ones; comes twice; never comes; a goroutine fails. */
export type FaultKind = 'delay' | 'reorder' | 'duplicate' | 'drop' | 'crash'

/** The most faults of each kind in a run; of a kind that is not named there are none. */
export interface FaultBudget {
  readonly delays?: number
  readonly reorders?: number
  readonly duplicates?: number
  readonly drops?: number
  readonly crashes?: number
  /** ms by which a message or a call is late; default 10. */
  readonly latency?: number
}

/** Faults of a run, each a choice of its schedule. */
export interface Faults {
  /**
   * Returns a sender whose values reach `to` over a network: a value may be delayed with those behind it (`delays`), come
   * behind later ones (`reorders`), come twice, the copy at once or later (`duplicates`), or never (`drops`). A send
   * completes when the network takes the value; the network delivers one value at a time, and waits where `to` has no room.
   * `close` closes `to` after the last value has arrived. A value for a channel that its receiver has closed is lost.
   */
  sender<T>(to: Sender<T>): Sender<T>
  /**
   * Returns the function as a call over a network: it may begin late (`delays`), run a second time beside the first
   * (`duplicates`), or fail with FaultError, before it has run or after it (`drops`).
   */
  call<A extends readonly unknown[], R>(f: Body<A, R>): (...args: A) => Job<R>
  /**
   * From now on the goroutine may crash: an operation that it performs throws FaultError (`crashes`). Its `catch` and
   * `finally` blocks run, and its owner or joiner sees the failure. An async function does not crash.
   */
  mayCrash<G extends Goroutine<unknown>>(goroutine: G): G
  /** Whether a fault happens here, for faults of your own, such as a full disk; takes from the budget of its kind. */
  happens(kind: FaultKind): boolean
}

/** Where faults come from: the schedule of a run, or the seed of a bubble. */
export interface FaultSource {
  /** Whether a fault happens, of which `left` may; `budget` is what such choices have in common. */
  chooses(budget: object, left: number): boolean
  /** An event for the trace. */
  tells(did: string): void
}

const budgetOf = { delay: 'delays', reorder: 'reorders', duplicate: 'duplicates', drop: 'drops', crash: 'crashes' } as const
const KINDS = Object.keys(budgetOf)
const BUDGETS = Object.values(budgetOf)

/** Makes the faults of runs, and lets goroutines crash. */
export class Injector {
  private readonly _crashing = new WeakMap<Observed, Budgeted>()
  /** A goroutine has crashed in this run. */
  hasCrashed = false

  constructor(private readonly _source: FaultSource) {}

  /** `call` is the call up to its argument: `run.faults(`. */
  faults(call: string, most: FaultBudget): Faults {
    const where = `${call}most)`
    checkRecord(where, 'a record of numbers', most, [...BUDGETS, 'latency'])
    for (const kind of BUDGETS) if (most[kind] !== undefined) checkCount(`${call}{ ${kind} })`, 0, most[kind])
    const { latency = 10 } = most
    checkTime(`${call}{ latency })`, latency)
    return new Budgeted(this._source, most, latency, (goroutine, faults) => this._crashing.set(goroutine, faults))
  }

  /** The probe, with the crashes at the operations that goroutines perform. */
  watched(probe: Probe): Probe {
    return {
      ...probe,
      perform: (operation) => {
        probe.perform?.(operation)
        this.performs()
      },
    }
  }

  /** The goroutine that runs performs an operation; throws where it crashes. */
  readonly performs = (): void => {
    const { running } = queue
    if (!(running instanceof Spawned) || running.isUnwinding) return
    const faults = this._crashing.get(running)
    if (faults === undefined) return
    const who = goroutineName(running)
    if (!faults.spends('crash', `crashes ${who}`)) return
    this.hasCrashed = true
    throw new FaultError('crash', `the schedule crashed ${who}`)
  }
}

class Budgeted implements Faults {
  private readonly _left: Record<FaultKind, number>

  constructor(
    private readonly _source: FaultSource,
    most: FaultBudget,
    readonly latency: number,
    private readonly _mayCrash: (goroutine: Observed, faults: Budgeted) => void,
  ) {
    const { delays = 0, reorders = 0, duplicates = 0, drops = 0, crashes = 0 } = most
    this._left = { delay: delays, reorder: reorders, duplicate: duplicates, drop: drops, crash: crashes }
  }

  happens(kind: FaultKind): boolean {
    checkOneOf('faults.happens(kind)', KINDS, kind)
    return this.spends(kind, `has the fault ${kind}`)
  }

  spends(kind: FaultKind, did: string): boolean {
    if (!this._source.chooses(this._left, this._left[kind])) return false
    this._left[kind]--
    this._source.tells(did)
    return true
  }

  sender<T>(to: Sender<T>): Sender<T> {
    for (const method of ['send', 'close']) checkMethod('faults.sender(to)', 'a sender', to, method)
    return new NetworkSender(to, this)
  }

  call<A extends readonly unknown[], R>(f: Body<A, R>): (...args: A) => Job<R> {
    checkFunction('faults.call(f)', f)
    const name = f.name || 'anonymous'
    return (...args) => new Work(name, () => this._called(name, f, args))
  }

  private *_called<A extends readonly unknown[], R>(name: string, f: Body<A, R>, args: A): Generator<never, R> {
    if (this.spends('delay', `delays the call of ${name}`)) yield* sleep(this.latency)
    if (this.spends('drop', `drops the call of ${name}`)) throw new FaultError('drop', `the call of ${name} was dropped, and has not run`)
    if (this.spends('duplicate', `duplicates the call of ${name}`)) spawn(f, args, nobody)
    const result = yield* performed(f(...args))
    if (this.spends('drop', `drops the answer of ${name}`)) throw new FaultError('drop', `the answer of ${name} was dropped: it has run`)
    return result
  }

  mayCrash<G extends Goroutine<unknown>>(goroutine: G): G {
    if (!(goroutine instanceof Spawned)) throw mistyped('faults.mayCrash(goroutine)', 'a goroutine', goroutine)
    this._mayCrash(goroutine, this)
    return goroutine
  }
}

/** The second run of a call has no caller, so its failure is nobody's. */
const nobody = { ended: () => true }
