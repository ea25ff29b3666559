import type { MonoTypeOperatorFunction, Subscriber } from 'rxjs'
import { checkFlag, checkOptions, mistyped, queue, type AsyncScope, type Runnable } from '../../../runtime/internal.js'
import { stageNotes, type StageNotes, type StageOptions } from '../../demand/unpaced.js'
import { operate, Stage } from '../../engine/stage.js'

/** Pauses and resumes the pipelines that use it: see `pauseControls`. */
export interface PauseControls {
  /** True between a `pause` and the `resume` after it. */
  readonly isPaused: boolean
  /** No item passes until `resume`. Without effect while paused. */
  pause(): void
  /** Items pass again, from the run queue on. Without effect while not paused. */
  resume(): void
}

/** Options of `pauseControls`. */
export interface PauseOptions {
  /** Begin paused; default false. */
  readonly paused?: boolean
}

/**
 * Makes the controls for `pausable`. Several stages may share them. Throws TypeError for a `paused` that is neither
 * true nor false.
 *
 * @example
 * ```ts
 * const controls = pauseControls()
 * const running = run(ctx, fromReceiver(jobs).pipe(pausable(controls), workerPool(5, work)))
 * controls.pause()
 * controls.resume()
 * yield* running.join()
 * ```
 */
export function pauseControls(options?: PauseOptions): PauseControls {
  checkOptions('pauseControls()', options, ['paused'])
  checkFlag('pauseControls({ paused })', options?.paused)
  return new Controls(options?.paused === true)
}

class Controls implements PauseControls {
  /** Stages with an item that waits. */
  readonly waiting = new Set<Runnable>()

  constructor(public isPaused: boolean) {}

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    for (const stage of this.waiting) queue.push(stage)
  }
}

/**
 * Passes items until `controls.pause()`, and again after `controls.resume()`. While it is paused its source is paused
 * too, and nothing is lost; the work on items that have passed goes on.
 *
 * Shape: items pass in order. Holds 1 item: the item that comes during a pause. Completes, or fails with the error of
 * the source, after the item has left, so not before `resume`; without an item at once. A subscriber that leaves drops
 * the item. Throws TypeError for controls that `pauseControls` has not made.
 *
 * @example
 * ```ts
 * const controls = pauseControls()
 * fromReceiver(jobs).pipe(pausable(controls), workerPool(5, work))
 * ```
 */
export function pausable<T>(controls: PauseControls, options?: StageOptions): MonoTypeOperatorFunction<T> {
  if (!(controls instanceof Controls)) throw mistyped('pausable(controls)', 'the controls that pauseControls() returns', controls)
  const notes = stageNotes('pausable', options)
  return operate(notes, 1, (subscriber) => new Pausable<T>(subscriber, notes, controls))
}

class Pausable<T> extends Stage<T, T> implements Runnable {
  private _item: T | undefined = undefined

  constructor(
    subscriber: Subscriber<T>,
    notes: StageNotes,
    private readonly _controls: Controls,
  ) {
    super(subscriber, notes, 1)
  }

  get scope(): AsyncScope | null {
    return this.flow.asyncScope
  }

  take(value: T): void {
    if (!this._controls.isPaused) return this.flow.deliver(value, 1)
    this._item = value
    this._controls.waiting.add(this)
  }

  /** The controls say resume; they may have said pause since. */
  run(): void {
    if (this._controls.isPaused || !this._controls.waiting.delete(this)) return
    const item = this._item as T // set while the stage waits
    this._item = undefined
    this.flow.deliver(item, 1)
  }

  stopWork(): void {
    this._controls.waiting.delete(this)
    this._item = undefined
  }
}
