/**
 * A lease: the time in which a pipeline has messages of a broker. It begins with the subscription to the source and ends
 * when the last of its messages is settled, and not before: an `until` that ends the intake leaves the lease.
 *
 *     open ──the subscriber leaves: until, take, drain──▶ intake over ──the last message is settled──▶ over
 *       └──the pipeline fails, its context ends, `settle` leaves, the run is over──▶ over: what is open is given up
 *
 * Always true:
 * - asked + waiting never exceeds the places below, nor `prefetch`;
 * - a message is open from its arrival until it is settled or given up, and is settled with the broker once;
 * - `ctx` and the contexts of the open messages end when the lease is over, and the driver is closed then, once.
 */
import { withCancel, withTimeout, type CancelContext, type Context } from '../../runtime/index.js'
import { causeOf, checkTime, outOfRange, QueuedTimer, type AsyncScope, type Spawned } from '../../runtime/internal.js'
import { passage, type Demand, type StageNotes } from '../../operators/internal.js'
import { Envelope, PoisonError, type MessageFacts, type Origin, type Outcome, type Position, type Right } from './delivery.js'
import { OpenList, OpenMessage } from './open-list.js'
import type { Policy } from './policy.js'

/** The longest lease, in ms: what a timer can wait. */
const LONGEST = 2 ** 31 - 1

/** ms: ten years, which each server can count. */
const LONGEST_PAUSE = 3_650 * 86_400_000

/** The lease that a server keeps: servers count whole ms, and shorter ones would end before the first beat. */
export function checkLease(where: string, ms: number): void {
  checkTime(where, ms)
  if (ms < 1 || ms > LONGEST) throw outOfRange(where, `1 to ${LONGEST} ms`, ms)
}

/** A message, as a driver hands it over. */
export interface Message<T> {
  readonly value: T
  readonly key: string | null
  /** The number of this delivery: the first is 1. */
  readonly attempt: number
  readonly position: Position
  readonly headers: ReadonlyMap<string, string>
  /** Ends when the right to this message does; default: the context of the lease. */
  readonly ctx?: Context
  /** For dead letters; default: the value. */
  readonly payload?: unknown
  /** Why the value cannot be used: the message is given up at once. */
  readonly unreadable?: { readonly cause: unknown }
  /** Called once. `returned`: the message was never worked on. `after`, in ms, for `retry`. */
  settled(how: 'done' | 'retry' | 'returned', after: number): void
}

/** The part of a source that speaks to a broker. */
export interface PullDriver {
  /** There are places for `n` more messages; they come through `deliver`, or are handed back through `returned`. */
  request(n: number): void
  /** No more messages are wanted. Those that come all the same are settled with `returned`. */
  stop?(): void
  /** The lease is over. A promise, an operation or a generator is waited for by the run. */
  close?(): unknown
  /** Called every `beat` ms while messages are open. */
  beat?(): void
  /** Whether no message comes until one of those that are open is settled. A `batch` that has all of them leaves as it is then. */
  readonly isFull?: boolean
}

/** The part of a source that speaks to the pipeline, as a driver sees it. */
export interface Lease<T> {
  /** Ends with the lease. */
  readonly ctx: Context
  /** A message has come: of the messages asked for, one fewer is to come. */
  deliver(message: Message<T>): void
  /** A message that was settled with `retry` comes again, and takes no place of those asked for. */
  again(message: Message<T>): void
  /** `n` of the messages asked for will not come, or were no news. */
  returned(n: number): void
  /**
   * The server has deleted `n` messages of `place` before they were delivered, by age or size: each such loss is reported
   * to `onUnpaced`, and the pipeline continues.
   */
  missed(n: number, place: string): void
  /** The source fails: the pipeline ends with this error. */
  fail(cause: unknown): void
}

class MessageRight extends OpenMessage implements Right, Origin {
  isSettled = false
  isSuspect = false
  failures = 0
  private _ctx: Context | CancelContext | null = null

  constructor(
    readonly lease: LeaseHandler,
    readonly message: Message<unknown>,
  ) {
    super()
  }

  get key(): string | null {
    return this.message.key
  }
  get attempt(): number {
    return this.message.attempt
  }
  get position(): Position {
    return this.message.position
  }
  get headers(): ReadonlyMap<string, string> {
    return this.message.headers
  }
  get payload(): unknown {
    return this.message.payload ?? this.message.value
  }
  get ctx(): Context {
    return (this._ctx ??= this.lease.contextOf(this.message))
  }
  get refusal(): Error | null {
    return this.lease.policy?.refusal(this) ?? null
  }
  get origins(): readonly Origin[] {
    return [this]
  }
  settle(outcome: Outcome): void {
    this.isSettled = true
    this.lease.settled(this, outcome)
  }
  ended(): void {
    if (this.lease.deadline !== Infinity && this._ctx !== null) (this._ctx as CancelContext).cancel() // made by `contextOf`
  }
}

export interface LeaseParts {
  readonly notes: StageNotes
  readonly demand: Demand
  readonly policy: Policy | null
  readonly deadline: number
  readonly beat: number
  readonly asyncScope: AsyncScope | null
  readonly ctx: Context
  /** A place may be free, or the lease is over. */
  wake(): void
  fail(cause: unknown): void
}

/** The open messages of a source. */
export class LeaseHandler {
  readonly ctx: CancelContext
  isOver = false
  private readonly _open = new OpenList<MessageRight>()
  private _emitted: MessageRight | null = null
  private readonly _timer: QueuedTimer
  private _isPassing = false
  private readonly _burials = new Set<Spawned>()
  driver: PullDriver | null = null
  /** Called once, when a message has been settled and the source is full all the same. */
  readonly whenSettled = new Set<() => void>()

  constructor(private readonly _parts: LeaseParts) {
    this.ctx = withCancel(_parts.ctx)
    this._timer = new QueuedTimer(_parts.asyncScope, () => this._beat())
  }

  get policy(): Policy | null {
    return this._parts.policy
  }
  get deadline(): number {
    return this._parts.deadline
  }
  get isEmpty(): boolean {
    return this._open.size === 0
  }
  /** The messages that have come and are not settled. */
  get open(): number {
    return this._open.size
  }
  get isFull(): boolean {
    return this.driver?.isFull === true
  }
  /** No dead letter is on its way. */
  get isQuiet(): boolean {
    return this._burials.size === 0
  }

  contextOf({ ctx = this.ctx }: MessageFacts | Message<unknown>): Context {
    return this.deadline === Infinity ? ctx : withTimeout(ctx, this.deadline)
  }

  /** A message has come. Returns its delivery, or null where it is given up at once. */
  begin<T>(message: Message<T>): Envelope<T> | null {
    const right = new MessageRight(this, message)
    this._open.add(right)
    if (!this._timer.isRunning) this._timer.start(this._parts.beat)
    const { policy } = this
    const { attempt, position, unreadable } = message
    if (unreadable !== undefined) right.settle({ kind: 'reject', cause: unreadable.cause })
    else if (policy?.hasLetters === true && attempt > policy.attempts)
      right.settle({ kind: 'reject', cause: new PoisonError(position, attempt - 1) })
    else return new Envelope(message.value, right)
    return null
  }

  /** The delivery leaves for the pipeline. Returns false where its right has ended: it was handed back. */
  emits({ right }: Envelope<unknown>): boolean {
    this._emitted = right as MessageRight // made by `begin`
    if ((this._emitted.message.ctx ?? this.ctx).err()._tag === 'None') return true
    this.giveBack(this._emitted)
    return false
  }

  /** A message that has not left for the pipeline goes back to the broker. */
  giveBack(right: Right): void {
    const held = right as MessageRight // made by `begin`
    held.isSettled = true
    this._finish(held, 'returned', 0)
  }

  settled(right: MessageRight, outcome: Outcome): void {
    if (this.isOver) return
    if (outcome.kind === 'done') return this._finish(right, 'done', 0)
    if (outcome.kind === 'retry') return this._finish(right, 'retry', outcome.after)
    const { policy } = this
    if (policy === null) return this._parts.fail(outcome.cause)
    const burial = policy.bury(right, outcome.cause, {
      buried: () => this._finish(right, 'done', 0),
      failed: (cause) => this._parts.fail(cause),
      over: (goroutine) => {
        this._burials.delete(goroutine)
        this._parts.wake()
      },
    })
    if (burial !== null) this._burials.add(burial)
  }

  private _finish(right: MessageRight, how: 'done' | 'retry' | 'returned', after: number): void {
    if (this.isOver || !this._open.remove(right)) return
    if (this._open.size === 0) this._timer.stop()
    right.ended()
    right.message.settled(how, Math.min(after, LONGEST_PAUSE))
    if (this.whenSettled.size > 0 && this.isFull) this._tellSettled()
    this._parts.wake()
  }

  private _tellSettled(): void {
    const all = [...this.whenSettled]
    this.whenSettled.clear()
    for (const each of all) each()
  }

  /** Beats, and looks for deliveries that have left the pipeline unsettled: see `passage`. */
  private _beat(): void {
    if (this.isOver || this._open.size === 0) return
    this._timer.start(this._parts.beat)
    try {
      this.driver?.beat?.()
    } catch (cause) {
      this._parts.fail(cause)
    }
    const last = this._emitted
    if (last === null || this._isPassing) return
    const suspects = this._open.all().filter((right) => !right.isSettled)
    const passed = (): void => {
      this._isPassing = false
      this._passed(suspects, last)
    }
    this._isPassing = true
    if (passage(this._parts.demand, null, passed)) passed()
  }

  /** Everything that was emitted before has passed: what is open still was dropped, or is held where it cannot be seen. */
  private _passed(suspects: readonly MessageRight[], last: MessageRight): void {
    const dropped: MessageRight[] = []
    for (const right of suspects) {
      if (right.isOpen && !right.isSettled) {
        if (right.isSuspect) dropped.push(right)
        right.isSuspect = true
      }
      if (right === last) break
    }
    if (dropped.length > 0) this._tell(dropped)
  }

  private _tell(dropped: readonly MessageRight[]): void {
    const { notes } = this._parts
    const more = dropped.length > 1 ? ` and ${dropped.length - 1} more` : ''
    const error = notes.see('unsettled', `${String(dropped[0].position)}${more}, of "${notes.name}"`, dropped.length)
    if (error !== null) this._parts.fail(error)
  }

  /** The run is over, and these were not settled. */
  tellOpen(): void {
    const dropped = this._open.all().filter((right) => !right.isSettled)
    if (dropped.length > 0) this._tell(dropped)
  }

  /** Ends the lease. Open messages stay with the broker, which delivers them again. Returns the end of the driver. */
  end(): void {
    if (this.isOver) return
    this.isOver = true
    this._timer.stop()
    for (const right of this._open.all()) {
      right.ended()
      this._open.remove(right)
    }
    for (const burial of this._burials) burial.cancel()
    this.ctx.cancel(this._parts.ctx.err()._tag === 'Some' ? causeOf(this._parts.ctx) : undefined)
  }
}
