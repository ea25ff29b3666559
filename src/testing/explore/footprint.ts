/**
 * The footprint of a step: the channels, locks, contexts, goroutines, timers and places of the race engine that the step
 * uses, and which of these it may change. Two steps are independent, so that both orders lead to the same state, unless
 * one may change a thing that the other uses.
 *
 * Always true: an operation without resources that is no wait for time touches `other`, as all of its kind do. So a kind
 * of operation that is not known here is never taken for independent of another.
 */
import type { Observed, Probe } from '../../runtime/index.js'
import { Timers, type Clock, type Operation, type Order } from '../../runtime/internal.js'

/** Things, and whether the step may have changed each. */
export type Footprint = ReadonlyMap<object, boolean>

/** The clock: a timer that fires changes it, and setting or stopping a timer depends on it. */
const clock = { kind: 'clock' }
/** All that operations without resources wait for. */
const other = { kind: 'other' }

/** Operations without resources that depend on the time alone, or on nothing. */
const TIMED: readonly string[] = ['sleep', 'gosched', 'chan receive (nil chan)', 'select (no cases)', 'nothing']

export class FootprintRecorder {
  private _things = new Map<object, boolean>()

  /** Takes what was touched since the last call. */
  take(): Footprint {
    const things = this._things
    this._things = new Map()
    return things
  }

  readonly touch = (thing: object, changes: boolean): void => {
    if (changes || !this._things.has(thing)) this._things.set(thing, changes)
  }

  fires(): void {
    this.touch(clock, true)
  }

  readonly looksAtTime = (): void => this.touch(clock, false)

  /** The timers of a run. */
  timers(of: Clock): Timers {
    return new WatchedTimers(of, (at) => {
      this.looksAtTime()
      if (at !== null) this.touch(this._due(at), true) // timers of one time fire in the order in which they were set
    })
  }

  private readonly _dues = new Map<number, object>()

  private _due(at: number): object {
    let due = this._dues.get(at)
    if (due === undefined) this._dues.set(at, (due = { at }))
    return due
  }

  /** The probe, with what operations and tries touch. */
  watched(probe: Probe): Probe {
    return {
      ...probe,
      perform: (operation) => {
        probe.perform?.(operation)
        this._performs(operation as Operation<unknown>) // the runtime reports operations only
      },
      attempt: (thing) => {
        probe.attempt?.(thing)
        this.touch(thing, false)
      },
    }
  }

  private _performs(operation: Operation<unknown>): void {
    const parts = operation.parts()
    if (parts.length > 0) return parts.forEach((part) => this._performs(part))
    const resources = operation.resources()
    for (const resource of resources) this.touch(resource, true)
    if (resources.length === 0 && !TIMED.includes(operation.describe())) this.touch(other, true)
  }

  /** The port, with what its events touch. */
  port(inner: Order | null): Order {
    return new TouchingOrder(inner, this.touch)
  }
}

class WatchedTimers extends Timers {
  constructor(
    of: Clock,
    private readonly _touched: (at: number | null) => void,
  ) {
    super(of)
  }
  override add(at: number, fire: () => void): ReturnType<Timers['add']> {
    this._touched(at)
    return super.add(at, fire)
  }
  override remove(entry: Parameters<Timers['remove']>[0]): boolean {
    this._touched(null)
    return super.remove(entry)
  }
}

const noMark = {}

class TouchingOrder implements Order {
  constructor(
    private readonly _inner: Order | null,
    private readonly _touch: (thing: object, changes: boolean) => void,
  ) {}
  spawn(goroutine: Observed): void {
    this._touch(goroutine, true)
    this._inner?.spawn(goroutine)
  }
  border(): void {
    this._inner?.border()
  }
  parks(waiter: object): void {
    this._inner?.parks(waiter)
  }
  wake(waiter: object): void {
    this._touch(waiter, true)
    this._inner?.wake(waiter)
  }
  cancel(goroutine: Observed): void {
    this._touch(goroutine, true)
    this._inner?.cancel(goroutine)
  }
  suspends(goroutine: Observed): void {
    this._inner?.suspends(goroutine)
  }
  end(goroutine: Observed): void {
    this._touch(goroutine, true)
    this._inner?.end(goroutine)
  }
  within(whose: object, f: () => void): void {
    if (this._inner === null) f()
    else this._inner.within(whose, f)
  }
  mark(): object {
    return this._inner?.mark() ?? noMark
  }
  put(channel: object, by: object | null): void {
    this._touch(channel, true)
    this._inner?.put(channel, by)
  }
  took(channel: object): void {
    this._touch(channel, true)
    this._inner?.took(channel)
  }
  met(channel: object, waiter: object, isSender: boolean): void {
    this._touch(channel, true)
    this._inner?.met(channel, waiter, isSender)
  }
  lost(channel: object): void {
    this._touch(channel, true)
    this._inner?.lost(channel)
  }
  returned(channel: object, index: number, receiver: object | null): void {
    this._touch(channel, true)
    this._inner?.returned(channel, index, receiver)
  }
  release(...event: Parameters<Order['release']>): void {
    this._touch(event[0], true)
    this._inner?.release(...event)
  }
  acquire(...event: Parameters<Order['acquire']>): void {
    this._touch(event[0], true)
    this._inner?.acquire(...event)
  }
  entry(object: object, key: unknown, writes: boolean): void {
    this._touch(object, writes)
    this._inner?.entry(object, key, writes)
  }
}
