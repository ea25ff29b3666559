/** Where promises take part: a run waits for the microtasks of async functions as long as one of them is under way. */
import { go } from '../../../runtime/index.js'
import { nothingLeft } from './rest.js'

/** Microtasks in a row that promises of promises may take. */
const MICROTASKS = 20

export class Keeper {
  private _end: (() => void) | null = null

  constructor(isNeeded: boolean) {
    if (!isNeeded) return
    const ended = new Promise<void>((resolve) => (this._end = resolve))
    go(async function forTheMicrotasks() {
      await ended
    })
  }

  /** Goroutines of its own. */
  get goroutines(): number {
    return this._end === null ? 0 : 1
  }

  /** Lets promises settle, and asserts that of the run nothing is left but the law and this. */
  *atRest(): Generator<never, void> {
    if (this._end !== null) yield* go(microtasks).join()
    yield* nothingLeft(1 + this.goroutines)
  }

  end(): void {
    this._end?.()
  }
}

async function microtasks(): Promise<void> {
  for (let i = 0; i < MICROTASKS; i++) await Promise.resolve()
}
