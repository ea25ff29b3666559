/**
 * Sources and operators that ignore backpressure: the signs of it, the policy of a stage, and the reports.
 *
 * A closed demand stops every source that claims it. So each of these shows that something above ignores backpressure:
 *
 * - `closed`: an item arrives while the demand is closed;
 * - `late`: items arrive outside a turn, while items emitted in turns are missing: an operator in between emits them
 *   later;
 * - `missing`: a great many items were emitted in a row and none arrived: an operator in between buffers or drops them.
 *   The two look the same, so this only warns (but for `strictDemand`); `sparse` says that items are dropped;
 * - `piled`: a great many items neither arrived nor led to an inner source, while inner sources run (see `PileUp`).
 *   This only warns;
 * - `stop`: an item that had waited for demand ended everything above and did not arrive: the notifier of a takeUntil.
 *   This only warns;
 * - `missed`: a branch that had left was subscribed to again after items went by. This only warns;
 * - `unsettled`: deliveries of a broker were dropped on their way to `settle`: a filter, most likely. So `strictDemand`
 *   makes it an error, and otherwise it warns;
 * - `held`: an observable of a worker emits a result while a result of it waits for demand below.
 *
 * A foreign source beside a source of Millrace, `merge(timer, source)`, is none of these while its items find the
 * demand open: the items of the other source arrive in their turns, so none is missing.
 *
 * Always true: a stage as it was written down warns at most once, however often it is subscribed to.
 */
import {
  checkFlag,
  checkFunction,
  checkOneOf,
  checkOptions,
  Hooks,
  mistyped,
  registered,
  shared,
  uncaught,
} from '../../runtime/internal.js'
import type { Demand, InnerSources } from './demand.js'

/**
 * The policy for items that arrive while a stage is full. `keep` buffers them without a bound, and the stage warns
 * once. `error` fails with `UnpacedError`. The drops buffer as many items as the stage has slots, and then lose the
 * oldest or the newest.
 */
export type Overflow = 'keep' | 'error' | 'drop-oldest' | 'drop-newest'

const OVERFLOWS: readonly Overflow[] = ['keep', 'error', 'drop-oldest', 'drop-newest']

/** Options of every stage. */
export interface StageOptions {
  /** Default `keep`. */
  readonly overflow?: Overflow
  /** The name of the stage in warnings, errors and reports; default: the name of the operator. */
  readonly name?: string
  /** A filter above drops most items: no warning when thousands of items in a row do not arrive. */
  readonly sparse?: boolean
}

const SEEN = {
  closed: 'arrival while the demand is closed',
  late: 'arrival outside the turn of a source that claimed the demand',
  missing: 'many items in a row were emitted above, and none arrived',
  piled: 'items pile up inside an operator while inner sources run',
  stop: 'an item that had waited for demand ended the source',
  missed: 'a branch left, subscribed again later, and missed items',
  held: 'an observable of a worker emits while the demand below is closed',
  unsettled: 'deliveries left the pipeline unsettled',
} as const

export type Sign = keyof typeof SEEN

/** The certainty of each sign, and its cure. A certain sign may end the pipeline with an error; a warning never does. */
const MEANING: Record<Sign, { readonly is: 'certain' | 'likely' | 'warning'; readonly cure: string }> = {
  closed: {
    is: 'certain',
    cure: 'The source does not honor demand (a Subject, an event, a timer, from(array)), or the scope does not reach it (subscribeOn, a retry or repeat after a delay, a source that a timer or a fetch leads to). Use a source of millrace/operators; relay() right after a foreign source; retryWith or repeatWith; or queue(n, policy) or the overflow option here',
  },
  late: {
    is: 'certain',
    cure: 'An operator in between holds items back and emits them later (delay, observeOn, an async mergeMap). Use workerPool, rateLimit or retryWith instead, or queue(n, policy) or the overflow option here. If the items come from a source beside another source whose items a filter drops, set { sparse: true } here',
  },
  missing: {
    is: 'likely',
    cure: 'An operator in between buffers items without a bound (zip, toArray, a large buffer), or drops them (filter, skip). Instead of a buffer use zipBounded or batch; for a filter set { sparse: true } here',
  },
  piled: {
    is: 'warning',
    cure: 'concatMap and mergeMap(f, n) buffer them without a bound. Use workerPool(n, f), which pauses the source; f may return an observable. If a filter drops these items, nothing is buffered: set { sparse: true } here',
  },
  stop: {
    is: 'warning',
    cure: 'takeUntil(fromReceiver(stop)) reads its stop only while the stage below is not full. Use until(stop) instead',
  },
  missed: {
    is: 'warning',
    cure: "RxJS's retry({ delay }) and repeat({ delay }) do not say that they come back. Use retryWith or repeatWith in the branch, for which the items wait",
  },
  held: {
    is: 'certain',
    cure: 'The observable does not honor demand (of, range, a Subject, a timer), so its results wait in memory beyond the bound of the stage. Return a pipeline over sources of millrace/operators, such as fromIterable, or an array',
  },
  unsettled: {
    is: 'likely',
    cure: 'A filter or a stage dropped them, so the broker keeps them, and delivers them again. Use keep in place of a filter, and end the pipeline with settle(); of an operator that holds items back nothing is known',
  },
}

/** A sign that something above a stage ignores backpressure. */
export interface Unpaced {
  /** The name of the stage; `run` where no stage is below. */
  readonly stage: string
  readonly seen: (typeof SEEN)[Sign] | 'the server has deleted messages that were not read'
  /** For a person: the stage, the sign, the cure. */
  readonly message: string
}

/** Something above a stage ignores backpressure. Thrown with `overflow: 'error'`, or under `strictDemand()`. */
export class UnpacedError extends Error {
  override readonly name = 'UnpacedError'
  constructor(readonly unpaced: Unpaced) {
    super(unpaced.message)
  }
}

/** Of the process, for all copies of the package; the hook that was set last is in force. */
const { hooks, strict } = shared('millrace.unpaced.v1', () => ({
  hooks: new Hooks<(unpaced: Unpaced) => void>(),
  /** An entry for each call of `strictDemand` that was not ended. */
  strict: new Hooks<true>(),
}))

/**
 * Calls `hook` with each warning instead of the console. Returns a function that removes the hook; hooks may be removed
 * in any order, and of those in force the hook that was set last is called. An error that a hook throws goes to the host as an uncaught
 * exception, and the pipeline continues. Throws TypeError for a hook that is no function.
 */
export function onUnpaced(hook: (unpaced: Unpaced) => void): () => void {
  checkFunction('onUnpaced(hook)', hook)
  return hooks.add(registered(hook))
}

/**
 * For tests: a source that ignores backpressure fails its pipeline with `UnpacedError`, whatever `overflow` says.
 * Returns a function that ends this. Where it was called several times, each call has to be ended, in any order.
 */
export function strictDemand(): () => void {
  return strict.add(true)
}

/** Calls the hook of `onUnpaced`, or else writes to the console. */
export function report(unpaced: Unpaced): void {
  const hook = hooks.last
  if (hook === undefined) return console.warn(unpaced.message)
  try {
    hook(unpaced)
  } catch (fault) {
    uncaught(fault) // the hook failed, and not the pipeline
  }
}

/** A stage as it was written down: shared by all its subscriptions. */
export class StageNotes {
  /** Parts that hold items beside the stage, and were seen in a run: for `bounds`. */
  unseen: string | null = null
  private _hasWarned = false

  constructor(
    readonly name: string,
    readonly overflow: Overflow,
    readonly isSparse = false,
  ) {}

  /** Warns, or returns the error that ends the pipeline. `stage` is the name with the parts around it. */
  see(sign: Sign, stage: string, items?: number): UnpacedError | null {
    if ((sign === 'missing' || sign === 'piled') && this.isSparse) return null
    const { is } = MEANING[sign]
    const unpaced = { stage, seen: SEEN[sign], message: messageOf(stage, sign, items) }
    const isError = strict.last !== undefined ? is !== 'warning' : is === 'certain' && this.overflow === 'error'
    if (isError) return new UnpacedError(unpaced)
    if (!this._hasWarned && (is !== 'certain' || this.overflow === 'keep')) {
      this._hasWarned = true
      report(unpaced)
    }
    return null
  }
}

/** The options of every stage. */
const OF_EVERY_STAGE = ['name', 'overflow', 'sparse']

/** Checks the options of a stage; `own` names those that other stages lack. Throws TypeError for a value that makes no sense. */
export function stageNotes(operator: string, options?: StageOptions, own: readonly string[] = []): StageNotes {
  checkOptions(operator, options, [...own, ...OF_EVERY_STAGE])
  const { name = operator, overflow = 'keep', sparse } = options ?? {}
  if (typeof name !== 'string') throw mistyped(`${operator}(…, { name })`, 'a string', name)
  checkOneOf(`${operator}(…, { overflow })`, OVERFLOWS, overflow)
  checkFlag(`${operator}(…, { sparse })`, sparse)
  return new StageNotes(name, overflow, sparse)
}

/** As `stageNotes`, where the options must be there; `shape` shows those of the stage: "{ size, within? }". */
export function notesOf(operator: string, shape: string, options: StageOptions, own: readonly string[]): StageNotes {
  const given: unknown = options // from JavaScript it may be anything
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw mistyped(`${operator}(options)`, shape, options)
  return stageNotes(operator, options, own)
}

function messageOf(stage: string, sign: Sign, items?: number): string {
  const seen = SEEN[sign]
  const { cure } = MEANING[sign]
  if (sign === 'piled') return `millrace: above stage "${stage}" about ${items} ${seen}: ${cure}.`
  if (sign === 'unsettled') return `millrace: ${seen} (${items}): ${stage}. ${cure}.`
  if (sign === 'missed') return `millrace: in stage "${stage}" ${seen} (${items}). ${cure}.`
  const after = sign === 'stop' || sign === 'held' ? '' : ' Until then items wait in memory.'
  return `millrace: backpressure of stage "${stage}" is ignored (${seen}). ${cure}.${after}`
}

/** Items that may be buffered before a report of a pile-up: where some surely are, and where a filter is as likely. */
const KNOWN = 1000
const SUSPECTED = 10_000

/**
 * Counts the items of an outer source that an operator such as concatMap or mergeMap(f, n) may buffer while inner
 * sources run. Nothing is slowed down: a pile-up is only reported.
 *
 * The buffers of RxJS cannot be seen. But a source sees which sources are subscribed to while it emits. An item that
 * neither arrives nor leads to an inner source, while an inner source runs, was buffered, or a filter dropped it. So
 * the count is an estimate:
 *
 * - an item that leads to an inner source at once proves that nothing is buffered: the operator would have put the item
 *   behind the others;
 * - an inner source that begins as another ends proves that an item was buffered (or is the next part of a concat).
 */
export class PileUp implements InnerSources {
  private _running = 0
  private _buffered = 0
  private _limit = SUSPECTED
  private _hasBegun = false

  constructor(private readonly _demand: Demand) {}

  begins(): void {
    this._running++
    this._hasBegun = true
    this._buffered = 0
  }

  beginsAtEnd(): void {
    this._running++
    if (this._buffered === 0) return
    this._limit = KNOWN
    if (this._buffered >= KNOWN) this._report()
    this._buffered--
  }

  ended(): void {
    this._running--
  }

  emitted(): void {
    if (this._hasBegun) this._hasBegun = false
    else if (this._running === 0) this._buffered = 0
    else if (this._demand.unseen > 0 && ++this._buffered === this._limit) this._report()
  }

  private _report(): void {
    this._demand.owner?.saw('piled', this._buffered)
  }
}
