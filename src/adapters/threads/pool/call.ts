/**
 * A call: one performance of a function on a thread, and the operation that waits for its end.
 *
 *     waiting ──sent──▶ in a thread ──claimed──▶ begun ──result──▶ ended
 *        ▲ └──canceled──▶ ended │                  ├─canceled─▶ its context ends ─▶ ended, or its thread after `grace`
 *        └────taken back────────┘                  └─thread lost─▶ ended with ThreadLostError
 *
 * Always true: a call is in one list, that of its pool while it waits or that of its thread; in none once it has ended.
 */
import { QueuedOperation, PENDING, WaitQueue, type Pending, type Resource } from '../../../runtime/internal.js'
import { CallLinks } from '../channels/call-links.js'
import type { CallValues, FunctionName } from '../wire/batch.js'
import type { CallQueue } from './call-queue.js'
import type { Thread } from './thread.js'

/** The end of a call. */
export type Outcome<R> =
  | { readonly failed: false; readonly value: R }
  | {
      readonly failed: true
      readonly error: unknown
      /** The goroutine was canceled, and one of its `finally` blocks threw. */
      readonly isOfCleanUp?: boolean
    }

export class Call<R = unknown> extends QueuedOperation<R> implements Resource {
  readonly kind = 'thread'
  /** Neighbors in the list that holds this call, and that list. */
  before: Call | null = null
  after: Call | null = null
  list: CallQueue | null = null
  /** The thread that has the call, and its slot there. */
  thread: Thread | null = null
  slot = -1
  /** A value that moves is in a thread, so that the call cannot run in another. */
  hasMoved = false
  readonly links: CallLinks
  /** Threads that were lost before they began the call. */
  losses = 0
  /** Set once, by the cancel. */
  cancellation: { readonly cause: unknown } | null = null
  /** Stops the timer that terminates its thread. */
  stopGrace: (() => void) | null = null
  private _outcome: Outcome<R> | null = null
  protected readonly waiters = new WaitQueue()

  constructor(
    readonly fn: FunctionName,
    args: readonly unknown[],
    /** The caller passed a context after the arguments, and the values in it that cross. */
    readonly context: CallValues,
    /** Unix time in ms; 0 for none. */
    readonly deadline: number,
  ) {
    super()
    this.links = new CallLinks(args, ({ spec }, op, payload) => this.thread?.postLink(spec.id, op, payload))
  }

  /** The arguments without the channels. */
  get args(): readonly unknown[] {
    return this.links.args
  }

  override get isPlain(): boolean {
    return true
  }

  get hasEnded(): boolean {
    return this._outcome !== null
  }

  /** Whether the call made this error, and no one else has it. */
  isError(error: unknown): boolean {
    return this._outcome?.failed === true && this._outcome.error === error && error !== this.cancellation?.cause
  }

  /** Its goroutine was canceled, and a `finally` block threw. */
  get failedInCleanUp(): boolean {
    return this._outcome?.failed === true && this._outcome.isOfCleanUp === true
  }

  /** Ends the call; the first end counts. */
  end(outcome: Outcome<R>): void {
    if (this._outcome !== null) return
    this._outcome = outcome
    this.links.end()
    this.list?.remove(this)
    this.thread = null
    this.stopGrace?.()
    this.waiters.settleAll(undefined)
  }

  poll(): R | Pending {
    const outcome = this._outcome
    if (outcome === null) return PENDING
    if (outcome.failed) throw outcome.error
    return outcome.value
  }

  override finish(): R {
    return this.poll() as R // a waiter is settled at the end
  }

  override resources(): readonly Resource[] {
    return [this]
  }

  describe(): string {
    return `thread call ${this.fn.name}`
  }
}
