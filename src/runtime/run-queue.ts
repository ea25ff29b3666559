/**
 * The run queue: what is ready runs here, first in, first out, one at a time, and nowhere else.
 *
 *     push ──▶ [ ring of runnables ] ──▶ drain ──▶ run() ──▶ parked, ended, or pushed again
 *                                          │
 *                                          └── after a slice of some 5 ms: a turn for the host, then on
 *
 * Always true:
 * - `run()` is never called from within another `run()`: settling pushes, it does not call.
 * - The queue is drained from a loop parked since the module was loaded, so user code runs in a neutral async context: no request's
 *   AsyncLocalStorage store leaks into the goroutine of another.
 * - The deadline of a slice moves only when the host has had its turn. Three counters watch it, each with a stride of its own: steps of
 *   a drain, operations that completed at once, and drains. (One counter shared by them can miss a drain for good.)
 *
 * Go's counterpart is `runtime/proc.go`; ours has one processor and no preemption.
 */
import { hostTurn, now, uncaught } from './host.js'
import type { Probe } from './probe.js'
import { Random } from './random.js'
import { Ring } from './ring.js'

export interface Runnable {
  run(): void
}

/** ms of continuous work before the host gets its turn. */
const SLICE = 5
/** Steps between two looks at the clock, which costs some 30 ns: few while steps are long, many while they are short. */
const SHORTEST_STRIDE = 4
const LONGEST_STRIDE = 128

/** Counts steps, and reads the clock once in a stride. */
class SliceWatch {
  left = SHORTEST_STRIDE
  #stride = SHORTEST_STRIDE
  #last = 0

  /** True when the slice that ends at `deadline` is over; to be asked when `left` has been counted down to 0. */
  isOver(deadline: number): boolean {
    const time = now()
    const spent = time - this.#last
    this.#last = time
    this.#stride = spent > SLICE / 8 ? Math.max(1, this.#stride >> 1) : Math.min(LONGEST_STRIDE, this.#stride << 1)
    this.left = this.#stride
    return time >= deadline
  }

  restart(): void {
    this.left = this.#stride = SHORTEST_STRIDE
  }
}

export class RunQueue {
  /** The goroutine whose step runs at this moment. */
  running: unknown = null
  /** Goroutines that have not ended, and the id of the next one. */
  live = 0
  nextId = 1
  /** Sees what happens, when someone asked to look; see `Probe`. */
  probe: Probe | null = null
  random = new Random(Math.floor(Math.random() * 2 ** 32))

  readonly #ready = new Ring<Runnable>(1024)
  readonly #steps = new SliceWatch()
  readonly #drains = new SliceWatch()
  /** Of operations that completed at once; counted by those who perform them. */
  readonly operations = new SliceWatch()
  #deadline = 0
  #wake: (() => void) | null = null
  /** The slice is over: the host comes first. */
  #overdue = false

  constructor() {
    void this.#loop()
  }

  /** How many are ready. */
  get size(): number {
    return this.#ready.size
  }

  push(runnable: Runnable): void {
    this.#ready.push(runnable)
    if (this.#wake !== null) this.#wakeUp(this.#wake)
  }

  /** As push, but not before the host has had a turn. */
  pushAfterHost(runnable: Runnable): void {
    this.#overdue = true
    this.push(runnable)
  }

  /** True when the performer of an operation that completed at once should give way. */
  get sliceIsOver(): boolean {
    return this.operations.isOver(this.#deadline)
  }

  /** The host just had its turn: a new slice begins. */
  hostHadItsTurn(): void {
    this.#deadline = now() + SLICE
  }

  #wakeUp(wake: () => void): void {
    this.#wake = null
    wake()
  }

  async #loop(): Promise<never> {
    for (;;) {
      if (this.#ready.size === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
      if (this.#overdue || (--this.#drains.left <= 0 && this.#drains.isOver(this.#deadline))) {
        this.#overdue = false
        await new Promise<void>(hostTurn)
        this.hostHadItsTurn()
      }
      this.#drain()
    }
  }

  #drain(): void {
    this.#steps.restart()
    this.operations.restart()
    for (let next = this.#ready.shift(); next !== undefined; next = this.#ready.shift()) {
      try {
        next.run()
      } catch (error) {
        uncaught(error) // a fault of ours or of a hook: it must not stop the queue
      }
      if (--this.#steps.left <= 0 && this.#steps.isOver(this.#deadline)) {
        this.#overdue = true
        return
      }
    }
  }
}

/** One for the process, even where two copies of the package were loaded: their goroutines meet in one queue. */
const key = Symbol.for('millrace.run-queue.v1')
const shared = globalThis as { [key]?: RunQueue }
export const queue: RunQueue = (shared[key] ??= new RunQueue())
