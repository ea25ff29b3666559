/** What a run of a pipeline uses and leaves behind: items in flight, depths of stages, channels, process-level events. */
import { onCrash, onLateFailure, type Receiver, type Sender } from 'millrace'
import { InvalidItemError, onUnpaced } from 'millrace/operators'
import { demandProbe, type Demand } from '../../src/operators/demand/demand.js'
import { Failures } from './failures.js'
import { waitersOf } from '../support/waiters.js'
import type { StagePlan } from './plan.js'

export class Watch {
  /** Items that the first source has emitted, the most of all its subscriptions; and those subscriptions. */
  made = 0
  subscriptions = 0
  /** The most items between the first source and the end. */
  most = 0
  /** The items that an item of the first source becomes. */
  copies = 1
  /** Work that has not ended: a run ends after it. */
  unwinding = 0
  /** The position that each stage has committed last, of those whose commits are checked; and commits before their item had left. */
  readonly commits = new Map<StagePlan, number>()
  readonly early: number[] = []
  private _delivered = 0
  /** Items so far that have not reached the end. */
  between = 0
  /** A sign that something ignores backpressure: the bound of a stage does not hold. */
  wasUnpaced = false
  /** Events of the process, but for late failures that belong to the pipeline. */
  readonly events: string[] = []
  readonly failures = new Failures()
  /** Stages that held more items than they have slots. */
  readonly overfull = new Set<string>()
  private readonly _demands: Demand[] = []
  private readonly _channels: (Sender<never> | Receiver<unknown>)[] = []
  private readonly _ends: (() => void)[] = []

  begin(): void {
    demandProbe.created = (demand) => this._demands.push(demand)
    const event = (kind: string) => (cause: unknown) => void this.events.push(`${kind}: ${String(cause)}`)
    const late = event('late failure')
    this._ends.push(
      () => (demandProbe.created = null),
      onUnpaced(() => (this.wasUnpaced = true)),
      onCrash(event('crash')),
      onLateFailure((cause) => this.failures.report(cause, 'late failure') || cause instanceof InvalidItemError || late(cause)), // its letter was not read
    )
    for (const kind of ['uncaughtException', 'unhandledRejection', 'warning'] as const) {
      const listener = event(kind)
      process.on(kind, listener)
      this._ends.push(() => process.off(kind, listener))
    }
  }

  atEnd(f: () => void): void {
    this._ends.push(f)
  }

  end(): void {
    for (const end of this._ends.splice(0)) end()
  }

  pulled(position: number): void {
    this.made = Math.max(this.made, position + 1)
    this.between += this.copies
    this.most = Math.max(this.most, this.between)
    this.look()
  }

  seen(): void {
    this.between--
    this._delivered++
    this.look()
  }

  commit(stage: StagePlan, position: number): void {
    if (!this.commits.has(stage)) return
    this.commits.set(stage, position)
    if (position >= this._delivered) this.early.push(position)
  }

  look(): void {
    for (const { owner } of this._demands) if (owner !== null && owner.slots > 0 && owner.depth > owner.slots) this.overfull.add(`${owner.depth} in ${owner.slots}`) // prettier-ignore
  }

  /** A channel that nothing may wait at after the end. */
  add<C extends Sender<never> | Receiver<unknown>>(channel: C): C {
    this._channels.push(channel)
    return channel
  }

  /** Waiters at channels, and demands that stand still. */
  get left(): { waiters: number; stuck: number; claimed: number } {
    let waiters = 0
    for (const channel of this._channels) waiters += waitersOf(channel).senders + waitersOf(channel).receivers
    return {
      waiters,
      stuck: this._demands.filter(({ isStuck }) => isStuck).length,
      claimed: this._demands.filter(({ claims, waiters }) => claims > 0 || waiters > 0).length,
    }
  }
}
