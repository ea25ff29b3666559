/**
 * What a stage does when the work on one of its items fails.
 *
 *     fails ──restart, and the schedule says so──▶ waits ──▶ works again
 *       ├──letters (catchTo below)──▶ sent ──▶ the next item has the place
 *       ├──skip──▶ the next item has the place
 *       └──stop──▶ the error of the pipeline
 *
 * The item has its place until then, so all of this is within the stage's bound.
 */
import { backoff, type Schedule, type Sender } from '../../runtime/index.js'
import { checkFunction, checkOperation, mistyped, PENDING, queue, time, type Runnable, type TimerEntry } from '../../runtime/internal.js'
import type { StageOptions } from '../demand/intake.js'
import type { DeadLetter } from '../demand/dead-letter.js'
import type { Place } from './worker-slot.js'
import { under } from '../demand/scope.js'
import { Step } from './step.js'
import { failedIn } from '../demand/stage-trail.js'

/**
 * `stop`: the throw is the error of the pipeline, the default. `skip`: the item is passed over. `restart`: its work is done again as long as
 * the schedule says, then it is as with `stop`.
 */
export type OnFailure = 'stop' | 'skip' | 'restart'

export interface FailureOptions extends StageOptions {
  /**
   * What is done when the work on an item throws: `stop`, `skip` or `restart`. Unless it says `stop`, an item that is given up is sent on where
   * `catchTo` below asks for it.
   */
  readonly onFailure?: OnFailure
  /** When to restart, and when to give up; default `backoff()`. */
  readonly schedule?: Schedule
}

export function checkFailureOptions(operator: string, options: FailureOptions | undefined): void {
  const { onFailure, schedule } = options ?? {}
  if (onFailure !== undefined && !['stop', 'skip', 'restart'].includes(onFailure))
    throw mistyped(`${operator}(…, { onFailure })`, '"stop", "skip" or "restart"', onFailure)
  if (schedule !== undefined) checkFunction(`${operator}(…, { schedule })`, schedule)
}

/** The stage, as its failures see it. */
interface FailingStage<T, R> {
  /** Its name. */
  readonly stage: string
  /** The item is given up. */
  done(place: Place<T, R>): void
  stop(cause: unknown): void
}

export class Failures<T, R> {
  private readonly _schedule: Schedule | null
  private readonly _pauses = new Set<Pause>()
  private readonly _errands = new Set<Step<Place<T, R>>>()

  constructor(
    private readonly stage: FailingStage<T, R>,
    private readonly options: FailureOptions | undefined,
    private readonly letters: Sender<DeadLetter> | null,
  ) {
    this._schedule = options?.onFailure === 'restart' ? (options.schedule ?? backoff()) : null
  }

  meet(place: Place<T, R>, cause: unknown): void {
    const { stage, options, letters } = this
    try {
      if (this._schedule !== null && this._restarts(this._schedule, place, cause)) return
      if (letters !== null && options?.onFailure !== 'stop') return this._send(letters, place, cause)
    } catch (thrown) {
      return stage.stop(thrown) // by the schedule, or by the send
    }
    if (options?.onFailure === 'skip') stage.done(place)
    else stage.stop(failedIn(cause, stage.stage, place.position))
  }

  private _restarts(schedule: Schedule, place: Place<T, R>, cause: unknown): boolean {
    const now = time.timers.now()
    if (place.attempts++ === 0) place.began = now
    const wait = under(null, () => schedule({ attempts: place.attempts, cause, elapsed: now - place.began }))
    if (wait === null) return false
    const pause = new Pause(wait, () => {
      this._pauses.delete(pause)
      place.work(place.value as T) // it is under way
    })
    this._pauses.add(pause)
    return true
  }

  private _send(letters: Sender<DeadLetter>, place: Place<T, R>, cause: unknown): void {
    const { stage } = this
    const letter: DeadLetter = { value: place.value, cause, stage: stage.stage, position: place.position }
    const sending = checkOperation('catchTo(sender): send()', letters.send(letter))
    if (sending.poll() !== PENDING) return stage.done(place)
    const errand = new Step<Place<T, R>>({
      through: () => {
        this._errands.delete(errand)
        stage.done(place)
      },
      failed: (thrown) => stage.stop(thrown),
    })
    this._errands.add(errand)
    errand.park(sending, place)
  }

  stopWork(): void {
    for (const pause of this._pauses) pause.stop()
    for (const errand of this._errands) errand.stop()
  }
}

/** Goes on after so many ms, from the run queue. */
export class Pause implements Runnable {
  private _timer: TimerEntry | null = null
  private _isStopped = false

  constructor(
    ms: number,
    private readonly _then: () => void,
  ) {
    if (ms <= 0) queue.push(this)
    else
      this._timer = time.timers.add(time.timers.now() + ms, () => {
        this._timer = null
        queue.push(this)
      })
  }

  run(): void {
    if (!this._isStopped) this._then()
  }

  stop(): void {
    this._isStopped = true
    if (this._timer !== null) time.timers.remove(this._timer)
  }
}
