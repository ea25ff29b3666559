/**
 * A stage that runs workers, and its failure policy: shared by `workerPool` and `byKey`.
 *
 *     the work fails ──restart, and the schedule returns ms──▶ pauses ──▶ works again
 *       ├──catchTo below, unless `stop`──▶ sends a dead letter ──▶ the next item has the slot
 *       ├──skip──▶ the next item has the slot
 *       └──stop──▶ the error of the pipeline
 *
 * The error of the pipeline ends all other work, and follows the results that are ready.
 *
 * Always true: an item has its slot until its failure is dealt with, so pauses and dead letters are within the bound of
 * the stage.
 */
import type { Subscriber } from 'rxjs'
import { backoff, type Context, type Schedule } from '../../runtime/index.js'
import {
  causeOf,
  checkFunction,
  checkOneOf,
  checkOperation,
  checkTime,
  isGeneratorFunction,
  time,
  type AsyncScope,
} from '../../runtime/internal.js'
import { stageNotes, type StageNotes, type StageOptions } from '../demand/unpaced.js'
import type { HeldPassages, Hold } from '../demand/demand.js'
import { under, type Scope } from '../demand/scope.js'
import { failedGivenUp, failedIn, type DeadLetter } from '../demand/errors.js'
import { Stage } from './stage.js'
import { WorkerSlot, type SlotOwner, type Work } from './worker-slot.js'

/**
 * The failure policy of a stage. `stop`, the default: the error is the error of the pipeline. `skip`: the item is
 * dropped. `restart`: the work begins again as long as the schedule returns a pause, then the error is the error of the
 * pipeline.
 */
export type OnFailure = 'stop' | 'skip' | 'restart'

/** Options of a stage that runs workers. */
export interface FailureOptions extends StageOptions {
  /**
   * The failure policy: `stop` (the default), `skip` or `restart`. With `catchTo` below, an item that is given up
   * becomes a dead letter, unless the policy is set to `stop`.
   */
  readonly onFailure?: OnFailure
  /** Returns the pause before a restart in ms, or null to give up; default `backoff()`. */
  readonly schedule?: Schedule
}

export type Worker<T, R> = (value: T, ctx: Context) => Work<R>

/** The parts that a worker stage is made of; created once for an operator, shared by its subscriptions. */
export interface WorkerPlan<T, R> {
  readonly notes: StageNotes
  readonly slots: number
  readonly work: Worker<T, R>
  readonly onFailure: OnFailure | undefined
  readonly schedule: Schedule | null
}

/** The name of a stage that runs workers, and its options that others lack. */
interface WorkerStageName {
  readonly operator: string
  readonly own: readonly string[]
}

/** Checks the options. Throws TypeError for a policy or a schedule of the wrong type. */
export function workerPlan<T, R>(stage: WorkerStageName, slots: number, work: Worker<T, R>, options?: FailureOptions): WorkerPlan<T, R> {
  const { operator, own } = stage
  const notes = stageNotes(operator, options, [...own, 'onFailure', 'schedule'])
  const { onFailure, schedule } = options ?? {}
  if (onFailure !== undefined) checkOneOf(`${operator}(…, { onFailure })`, ['stop', 'skip', 'restart'], onFailure)
  if (schedule !== undefined) checkFunction(`${operator}(…, { schedule })`, schedule)
  const restarts = onFailure === 'restart' ? (schedule ?? backoff()) : null
  return { notes, slots, work, onFailure, schedule: restarts }
}

/** A sender of dead letters, as a user may have written it. */
export interface Letters {
  send(letter: DeadLetter): unknown
}

export abstract class WorkerStage<T, R> extends Stage<T, R> implements SlotOwner<T, R> {
  readonly work: Worker<T, R>
  readonly runsGoroutines: boolean
  readonly context: Context
  abstract readonly isOrdered: boolean
  /** The number of items that have been taken. */
  protected nextPosition = 0
  private readonly _freeSlots: WorkerSlot<T, R>[] = []
  private readonly _slots: WorkerSlot<T, R>[] = []
  /** The number of items whose work has ended, and whose result was emitted or waits for demand. */
  private _ended = 0
  /** Null until a passage waits. */
  private _passages: HeldPassages | null = null

  constructor(
    subscriber: Subscriber<R>,
    private readonly _plan: WorkerPlan<T, R>,
  ) {
    super(subscriber, _plan.notes, _plan.slots)
    this.work = _plan.work
    this.context = this.flow.ctx
    this.runsGoroutines = isGeneratorFunction(_plan.work)
  }

  abstract result(slot: WorkerSlot<T, R>, value: R): void
  abstract done(slot: WorkerSlot<T, R>): void

  oneResult(slot: WorkerSlot<T, R>, value: R): void {
    this.flow.deliverOne(value, slot)
  }

  get asyncScope(): AsyncScope | null {
    return this.flow.asyncScope
  }

  returnedObservable(): void {
    this._plan.notes.unseen = 'the observables that its workers return'
  }

  /** An observable of a worker obeys the demand below, and ends with the stage. */
  get scopeOfWork(): Scope {
    return { ...this.flow.downstream.scope, ctx: this.flow.ctx, outer: null }
  }

  protected takeSlot(): WorkerSlot<T, R> {
    const free = this._freeSlots.pop()
    if (free !== undefined) return free
    const slot = new WorkerSlot(this)
    this._slots.push(slot)
    return slot
  }

  protected release(slot: WorkerSlot<T, R>): void {
    slot.value = undefined
    this._freeSlots.push(slot)
  }

  /** Delivers the only result of an item. Where a passage waits, it goes on before the slot is free. */
  protected deliver(result: R, position: number): void {
    if (this._passages === null) {
      this.flow.deliver(result, 1)
      this.workEnded(position)
    } else this.flow.deliverWith(result, { held: 1, left: () => this._left(position) })
  }

  private _left(position: number): void {
    this.workEnded(position)
    this.flow.free(1)
  }

  /** To be called for each item when it has no (more) results to deliver. */
  protected workEnded(position: number): void {
    this._ended++
    if (this._passages !== null) this._passages.left(1, position, this.flow.passageFailed)
  }

  /** Items that were taken, and whose work has not begun. */
  protected get waiting(): number {
    return 0
  }

  /** Work ends in any order: first the work on the items that have come, and then the results that wait. */
  override passes(then: () => void, hold: Hold): boolean {
    const waiting = this.waiting + this.flow.intake.size
    const underWay = this.nextPosition - this._ended + waiting
    if (underWay === 0) return this.flow.resultsPass(then, hold)
    const resultsToo = (): void => void (this.flow.resultsPass(then, hold) && then())
    this._passages = hold(this._passages, resultsToo, underWay, this.nextPosition + waiting)
    return false
  }

  stopWork(): void {
    for (const slot of this._slots) slot.stop()
  }

  override sourceFailed(): void {
    this.flow.drain()
  }

  stop(cause: unknown): void {
    this.flow.fail(cause)
  }

  /** The failure policy. A throw of the schedule or of the send is the error of the pipeline. */
  failed(slot: WorkerSlot<T, R>, cause: unknown): void {
    const { ctx, intake, isOver } = this.flow
    if (isOver || ctx.err()._tag === 'Some') {
      failedGivenUp(cause, intake.name)
      if (!isOver) this.stop(causeOf(ctx)) // no restart, and no item is left out
      return
    }
    const { onFailure } = this._plan
    const deadLetters = this.lettersFor(cause)
    const schedule = this._plan.schedule ?? (onFailure === 'stop' ? null : this.retries)
    try {
      if (schedule !== null && this._restarts(schedule, slot, cause)) return
    } catch (thrown) {
      return this.stop(thrown)
    }
    if (deadLetters !== null && onFailure !== 'stop') return this._sendDeadLetter(deadLetters, slot, cause)
    if (onFailure === 'skip') slot.end()
    else this.flow.drain(failedIn(cause, intake.name, slot.position))
  }

  /** The schedule of a `retryEach` below. */
  protected get retries(): Schedule | null {
    return this.flow.downstream.scope.retries
  }

  /** The sender of the `catchTo` below, for the dead letter of work that failed with this error. */
  protected lettersFor(_cause: unknown): Letters | null {
    return this.flow.downstream.scope.deadLetters
  }

  private _restarts(schedule: Schedule, slot: WorkerSlot<T, R>, cause: unknown): boolean {
    const now = time.timers.now()
    if (slot.attempts++ === 0) slot.firstFailed = now
    const pause = under(null, () => schedule({ attempts: slot.attempts, cause, elapsed: now - slot.firstFailed }))
    if (pause === null) return false
    checkTime(`${this.flow.intake.name}(…, { schedule }): the result of the schedule`, pause)
    slot.workAgain(this.pauseBefore(pause, cause))
    return true
  }

  /** The pause before a restart, in ms: as the schedule returned it, unless the stage needs a longer one. */
  protected pauseBefore(pause: number, _cause: unknown): number {
    return pause
  }

  private _sendDeadLetter(deadLetters: Letters, slot: WorkerSlot<T, R>, cause: unknown): void {
    const letter: DeadLetter = { value: slot.value, cause, stage: this.flow.intake.name, position: slot.position }
    let sending
    try {
      sending = checkOperation('catchTo(sender): send()', deadLetters.send(letter))
    } catch (thrown) {
      this.unsent(cause)
      return this.stop(thrown)
    }
    slot.sendDeadLetter(sending, cause)
  }

  unsent(cause: unknown): void {
    failedGivenUp(cause, this.flow.intake.name)
  }
}
