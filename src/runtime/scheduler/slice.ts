/**
 * Slices of time: how long goroutines run before the host's event loop gets a turn, and how the work of async functions
 * counts.
 *
 * A slice is some 5 ms of continuous work. A look at the clock costs some 35 ns, so a watch counts steps and looks once
 * in a stride, which doubles while steps are short and shrinks while they are long.
 */
import { now } from '../base/host.js'

/** ms of continuous work before the host gets its turn. */
export const SLICE = 5
/** Steps between two looks at the clock: as many as are done in an eighth of a slice, and at most these. */
const LONGEST_STRIDE = 64
const FIRST_STRIDE = 4

/** Counts steps of one kind, and reads the clock once in a stride. */
export class SliceWatch {
  /** Steps until the next look. Public, because a performer counts down inline. */
  left = FIRST_STRIDE
  private _stride = FIRST_STRIDE
  private _last = 0

  /** True when the slice that ends at `deadline` is over. Call it when `left` has been counted down to 0. */
  isOver(deadline: number): boolean {
    const time = now()
    const fits = Math.floor((SLICE / 8 / (time - this._last)) * this._stride)
    this._last = time
    this._stride = Math.max(1, Math.min(fits, 2 * this._stride, LONGEST_STRIDE))
    this.left = this._stride
    return time >= deadline
  }

  beginSlice(): void {
    this.left = this._stride = FIRST_STRIDE
  }
}

/** Async functions that may be resumed before one of them performs an operation again. */
const MOST_RESUMED = 4
/** Microtasks that resumed functions are given to perform one. */
const MOST_HOPS = 8

/**
 * Async functions that the runtime has resumed. Their steps are microtasks, which the run queue cannot count; but a
 * function that performs an operation has finished a step. So at most four are resumed at a time, and then the run
 * queue waits for some microtasks until they have performed their next operation. A function that performs none has
 * left for other work.
 */
export class ResumedFunctions {
  /** Functions that were resumed and have performed no operation since. */
  count = 0
  /** Callbacks under way, each called from within the one before: a callback of `then` may perform the next operation. */
  nested = 0

  /** An async function performs an operation: most likely it is one of those that were resumed. */
  performs(): void {
    if (this.count > 0) this.count--
  }

  /** Resumes an async function that waits: `callback` settles the promise that it waits for. */
  resume<T>(callback: (value: T) => unknown, value: T): void {
    this.count++
    callback(value)
  }

  get isFull(): boolean {
    return this.count >= MOST_RESUMED
  }

  /** Gives the resumed functions some microtasks to perform their next operation. */
  async letThemPerform(): Promise<void> {
    for (let hops = 0; hops < MOST_HOPS && this.count > 0; hops++) await Promise.resolve()
    this.count = 0
  }
}
