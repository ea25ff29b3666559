/** Goroutines that a test leaves behind. Go's counterpart is uber-go/goleak; here each test is watched from its beginning. */
import { setProbe } from '../runtime/index.js'
import { checkTime, dumpOf, dumpText, hostTurn, mistyped, queue, Tracker, type Dump, type Spawned } from '../runtime/internal.js'

/** Somebody is left: found unexpected goroutines. */
export class LeakError extends Error {
  override readonly name = 'LeakError'
  constructor(
    /** Those who are left; and of them, who waits for whom. */
    readonly dump: Dump,
  ) {
    super(`found unexpected goroutines:\n${dumpText(dump)}`)
  }
}

/** Watches the goroutines that are started from now on. */
export interface GoroutineWatch extends Disposable {
  /** Those that live, and who waits for whom. */
  dump(): Dump
  /**
   * Resolves once all have ended; rejects with LeakError where some have not after `patience` ms, which go by the clock of the system, as
   * goroutines do that are about to end.
   */
  check(patience?: number): Promise<void>
  stop(): void
}

/** Turns of the event loop in which one may end that has nothing to wait for. */
const TURNS = 5

/** What a check waits for those that are about to end, in ms. */
const PATIENCE = 200

/**
 * Watches the goroutines that are started from now on, until it is stopped: where each was started (3 µs each), what it waits for, who could wake it.
 * What runs in a bubble or an exploration is theirs to report. One at a time, or one within the other.
 *
 * @example
 * ```ts
 * using watch = watchGoroutines()
 * await serve(requests)
 * await watch.check() // rejects: found unexpected goroutines
 * ```
 */
export function watchGoroutines(): GoroutineWatch {
  return new Watch()
}

class Watch implements GoroutineWatch {
  private readonly _tracker = new Tracker(() => performance.now(), true)
  private readonly _before = setProbe(this._tracker)

  dump(): Dump {
    return liveOf(this._tracker)
  }

  async check(patience = PATIENCE): Promise<void> {
    checkTime('check(patience)', patience)
    const until = performance.now() + patience
    for (let pause = 0; this._left.length > 0; pause++) {
      // First the turns that goroutines need to end, then longer and longer pauses.
      if (pause >= TURNS && performance.now() >= until) throw new LeakError(this.dump())
      if (pause < TURNS) await new Promise<void>(hostTurn)
      else await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }

  stop(): void {
    if (queue.probe === this._tracker) setProbe(this._before)
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
 * All goroutines that live, what each waits for, and the rings of those that wait for each other: of the watch, the bubble or the exploration that is
 * under way. As text: `dumpText(dump())`. Throws where nobody watches.
 */
export function dump(): Dump {
  const { probe } = queue
  if (probe instanceof Tracker) return liveOf(probe)
  throw new Error('dump(): nobody watches the goroutines: begin with watchGoroutines() or expectNoLeaks(), or call it inside a bubble')
}

/** What a test runner offers: Vitest, Jest, Mocha and node:test do. */
export interface TestHooks {
  beforeEach(f: () => void | Promise<void>): unknown
  afterEach(f: () => void | Promise<void>): unknown
}

/**
 * From here on, each test of the file fails that leaves goroutines behind: it names each, where it was started, what it waits for, and who could have
 * woken it. Those that are about to end are waited for, `patience` ms at most (default 200).
 *
 * `hooks` are the test runner's; without them the global ones are used (Vitest's `globals: true`).
 *
 * @example
 * ```ts
 * import { afterEach, beforeEach } from 'vitest'
 *
 * expectNoLeaks({ beforeEach, afterEach })
 * ```
 */
export function expectNoLeaks(hooks: TestHooks = globalThis as unknown as TestHooks, options: { readonly patience?: number } = {}): void {
  const given = hooks as Partial<TestHooks> // the global ones may be missing
  if (typeof given.beforeEach !== 'function' || typeof given.afterEach !== 'function')
    throw mistyped('expectNoLeaks(hooks)', 'the test runner’s { beforeEach, afterEach }', hooks)
  let watch: GoroutineWatch | null = null
  hooks.beforeEach(() => {
    watch = watchGoroutines()
  })
  hooks.afterEach(async () => {
    try {
      await watch?.check(options.patience)
    } finally {
      watch?.stop()
      watch = null
    }
  })
}
