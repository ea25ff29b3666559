/** Goroutines that a test leaves behind. Go's counterpart is uber-go/goleak; here a watch starts before each test. */
import {
  checkRecord,
  checkTime,
  dumpOf,
  dumpText,
  findProbe,
  hostTime,
  hostTurn,
  joinProbe,
  mistyped,
  setHostTimer,
  Tracker,
  type Dump,
  type Spawned,
} from '../runtime/internal.js'

/** Goroutines are left behind: "found unexpected goroutines". */
export class LeakError extends Error {
  override readonly name = 'LeakError'
  constructor(
    /** The goroutines left behind, and which of them waits for which. */
    readonly dump: Dump,
  ) {
    super(`found unexpected goroutines:\n${dumpText(dump)}`)
  }
}

/** A watch over the goroutines started since. */
export interface GoroutineWatch extends Disposable {
  /** The goroutines alive, and which of them waits for which. */
  dump(): Dump
  /**
   * Resolves once all goroutines have ended. Rejects with LeakError where some are alive after `patience` ms of system
   * time, default 200.
   */
  check(patience?: number): Promise<void>
  /** Ends the watch. */
  stop(): void
}

/** Turns of the event loop in which a goroutine ends that has nothing to wait for. */
const TURNS = 5

/** ms in which goroutines that are about to end may end. */
const PATIENCE = 200

/**
 * Watches the goroutines started from now on, until `stop`: the line where each was started (3 µs each), its operation,
 * and the goroutines that could wake this goroutine. Bubbles and explorations report their goroutines themselves.
 * Watches may be nested, but may not overlap.
 *
 * @example
 * ```ts
 * using watch = watchGoroutines()
 * await listen(requests)
 * await watch.check() // rejects: found unexpected goroutines
 * ```
 */
export function watchGoroutines(): GoroutineWatch {
  return new Watch()
}

class Watch implements GoroutineWatch {
  private readonly _tracker = new Tracker(hostTime, true)
  private readonly _remove = joinProbe(this._tracker)

  dump(): Dump {
    return liveOf(this._tracker)
  }

  async check(patience = PATIENCE): Promise<void> {
    checkTime('check(patience)', patience)
    const until = hostTime() + patience
    await this._turns()
    // Longer and longer pauses.
    for (let pause = TURNS; this._left.length > 0 && hostTime() < until; pause++)
      await new Promise<void>((resolve) => void setHostTimer(resolve, pause, true))
    // A host that stood still has timers that are due.
    await this._turns()
    if (this._left.length > 0) throw new LeakError(this.dump())
  }

  private async _turns(): Promise<void> {
    for (let turn = 0; turn < TURNS && this._left.length > 0; turn++) await new Promise<void>(hostTurn)
  }

  stop(): void {
    this._remove()
  }

  [Symbol.dispose](): void {
    this.stop()
  }

  private get _left(): readonly Spawned[] {
    return this._tracker.live().filter((one) => !one.hasEnded)
  }
}

/** While a bubble had the probe, the tracker did not see who ended. */
function liveOf(tracker: Tracker): Dump {
  for (const one of tracker.live()) if (one.hasEnded) tracker.end(one)
  return dumpOf(tracker)
}

/**
 * The goroutines alive, the operation of each, and the cycles of goroutines that wait for each other; for the current
 * watch, bubble or exploration. As text: `dumpText(dump())`. Throws an Error where none of them runs.
 *
 * @example
 * ```ts
 * using watch = watchGoroutines()
 * go(worker, jobs)
 * console.log(dumpText(dump()))
 * ```
 */
export function dump(): Dump {
  const tracker = findProbe((probe) => probe instanceof Tracker)
  if (tracker !== null) return liveOf(tracker)
  throw new Error('dump(): the goroutines are not watched; call watchGoroutines() or expectNoLeaks() first, or call dump() inside a bubble')
}

/** The hooks of a test runner: of Vitest, Jest, Mocha or node:test. */
export interface TestHooks {
  /** Registers a function to run before each test. */
  beforeEach(f: () => void | Promise<void>): unknown
  /** Registers a function to run after each test. */
  afterEach(f: () => void | Promise<void>): unknown
}

/**
 * Fails each test of the file that leaves goroutines behind. The LeakError names each goroutine, the line of its start,
 * its operation, and the goroutines that could have woken it. A goroutine that is about to end has `patience` ms to do
 * so (default 200).
 *
 * `hooks` come from the test runner; the default are the global hooks (Vitest's `globals: true`). Throws TypeError
 * where there are none.
 *
 * @example
 * ```ts
 * import { afterEach, beforeEach } from 'vitest'
 *
 * expectNoLeaks({ beforeEach, afterEach })
 * ```
 */
export function expectNoLeaks(hooks: TestHooks = globalThis as unknown as TestHooks, options: { readonly patience?: number } = {}): void {
  const given = hooks as Partial<TestHooks> | null // without a global test runner the hooks are missing
  if (typeof given?.beforeEach !== 'function' || typeof given.afterEach !== 'function')
    throw mistyped('expectNoLeaks(hooks)', 'the test runner’s { beforeEach, afterEach }', given === globalThis ? undefined : hooks)
  checkRecord('expectNoLeaks(hooks, options)', 'an object', options, ['patience'])
  const { patience = PATIENCE } = options
  checkTime('expectNoLeaks(hooks, { patience })', patience)
  let watch: GoroutineWatch | null = null
  hooks.beforeEach(() => {
    watch = watchGoroutines()
  })
  hooks.afterEach(async () => {
    try {
      await watch?.check(patience)
    } finally {
      watch?.stop()
      watch = null
    }
  })
}
