/**
 * The steps of a run, for a strategy that learns what each has touched. A goroutine has the same name in every run in which
 * the same step of the same goroutine starts that goroutine, whatever other goroutines do meanwhile.
 */
import type { Probe } from '../../runtime/index.js'
import type { Clock, Order, Timers } from '../../runtime/internal.js'
import { FootprintRecorder, type Footprint } from './footprint.js'
import { theTime, type Picker } from './picker.js'

/** A goroutine, a callback or the time, before a step. */
export interface Due {
  readonly runnable: object
  readonly who: string
}

/** A step that was taken. */
export interface Step {
  readonly who: string
  readonly touched: Footprint
  /** The goroutines that the step made ready. */
  readonly readied: readonly string[]
}

/** A strategy that learns what the steps touch. */
export interface StepWatcher {
  /** Before each step, also where one is due; false ends the run, which others have made needless. */
  begins(due: readonly Due[]): boolean
  ended(step: Step): void
}

/** The name of the clock, which takes the steps in which timers fire. */
export const TIME = 'time'

export class Steps {
  private readonly _names = new Map<object, string>()
  private readonly _children = new Map<string, number>()
  private readonly _recorder = new FootprintRecorder()
  private _who = ''
  private _readied: string[] = []
  /** The watcher has ended the run. */
  isOver = false

  private constructor(private readonly _watcher: StepWatcher) {}

  /** The steps of a run whose picker watches them; null where it does not. */
  static of(picker: Picker): Steps | null {
    return 'begins' in picker ? new Steps(picker as Picker & StepWatcher) : null // no other picker has `begins`
  }

  probe(inner: Probe): Probe {
    return this._recorder.watched(inner)
  }
  port(inner: Order | null): Order {
    return this._recorder.port(inner)
  }
  timers(clock: Clock): Timers {
    return this._recorder.timers(clock)
  }
  get touch(): (thing: object, changes: boolean) => void {
    return this._recorder.touch
  }

  /** A goroutine was started, or something else became ready. */
  readonly readied = (runnable: object): void => void this._readied.push(this._nameOf(runnable))

  /** The step before is over, and one of these is next; false ends the run. */
  begins(ready: readonly object[], hasTimer: boolean): boolean {
    this.ends()
    const due = ready.map((runnable) => ({ runnable, who: this._nameOf(runnable) }))
    if (hasTimer) due.push({ runnable: theTime, who: TIME })
    this.isOver = !this._watcher.begins(due)
    return !this.isOver
  }

  /** This is the step. */
  takes(runnable: object | null): void {
    this._who = runnable === null ? TIME : this._nameOf(runnable)
    this._recorder.take()
    if (runnable === null) this._recorder.fires()
    else this._recorder.touch(runnable, false) // a cancel changes it
  }

  ends(): void {
    if (this._who !== '') this._watcher.ended({ who: this._who, touched: this._recorder.take(), readied: this._readied })
    this._who = ''
    this._readied = []
  }

  private _nameOf(runnable: object): string {
    let name = this._names.get(runnable)
    if (name === undefined) {
      const n = this._children.get(this._who) ?? 0
      this._children.set(this._who, n + 1)
      this._names.set(runnable, (name = `${this._who}.${n}`))
    }
    return name
  }
}
