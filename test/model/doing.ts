/** One performance on both sides: what the real one has shown of itself, and what the naive one says. */
import type { Goroutine, Op } from 'millrace'
import { say, sayThrow, type Built } from './build.js'
import type { Library } from './library.js'
import type { Performance } from './naive.js'
import type { By } from './program.js'

interface Subscribable {
  subscribe(observer: { next?(value: unknown): void; error?(cause: unknown): void; complete?(): void }): { unsubscribe(): void }
}

/** The operation as RxJS's `from` finds it. */
export const subscribable = (op: Op<unknown>): Subscribable => op as unknown as Subscribable

export class Doing {
  /** Delivered by the real one. */
  outcome: string | null = null
  /** What waits in the queues for it; an `await` does not show its own, so it is found there. */
  waiter: unknown = null
  goroutine: Goroutine<void> | null = null
  subscription: { unsubscribe(): void } | null = null
  /** Set as soon as the naive one has followed. */
  naive: Performance

  constructor(
    readonly by: By,
    readonly built: Built,
    private readonly faults: string[],
  ) {
    this.naive = { node: built.node, outcome: null, granted: null }
  }

  /** True while nobody has granted it anything. */
  get waits(): boolean {
    return this.naive.outcome === null
  }

  start(library: Library, isSynchronous: boolean): void {
    if (this.by === 'goroutine') this.waiter = this.goroutine = library.go(bodyOf, this)
    else if (this.by === 'subscription') this.waiter = this.subscription = this.subscribe()
    else if (isSynchronous) void this.built.op.then(this.delivered, this.thrown)
    else void this.await()
  }

  private async await(): Promise<void> {
    try {
      this.delivered(await this.built.op)
    } catch (cause) {
      this.thrown(cause)
    }
  }

  readonly delivered = (value: unknown): void => this.end(say(value))
  readonly thrown = (cause: unknown): void => this.end(sayThrow(cause))

  end(outcome: string): void {
    if (this.outcome === null) this.outcome = outcome
    else this.faults.push(`${this.by}: ${outcome} comes after ${this.outcome}`)
  }

  private subscribe(): { unsubscribe(): void } {
    let completions = 0
    return subscribable(this.built.op).subscribe({
      next: this.delivered,
      error: this.thrown,
      complete: () => {
        if (++completions > 1 || this.outcome === null)
          this.faults.push(`subscription: completes ${completions} times, after ${this.outcome}`)
      },
    })
  }
}

function* bodyOf(doing: Doing): Generator<never, void> {
  let isOver = false
  try {
    const value = yield* doing.built.op
    isOver = true
    doing.delivered(value)
  } catch (cause) {
    isOver = true
    doing.thrown(cause)
  } finally {
    if (!isOver) doing.end('canceled')
  }
}
