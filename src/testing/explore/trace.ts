/** The events of a run as text: which goroutine did what, to which channel or lock. */
import type { Observed } from '../../runtime/index.js'
import { Tracker } from '../../runtime/internal.js'

/** An event of a run: `worker#2`, `receives from chan 1`. */
export interface Event {
  /** The goroutine, `time` for the clock, or `nobody` before the first step. */
  readonly who: string
  readonly did: string
}

/**
 * Records the events that the probe reports. Channels and locks are numbered by kind, in the order of their first
 * event.
 */
export class Trace extends Tracker {
  readonly events: Event[] = []
  private _who = 'nobody'

  constructor() {
    super(() => 0, false)
  }

  /** The events that follow are those of this goroutine. */
  turnOf(who: string): void {
    this._who = who
  }

  say(did: string): void {
    this.events.push({ who: this._who, did })
  }

  override spawn(goroutine: Observed): void {
    super.spawn(goroutine)
    this.say(`starts ${nameOf(goroutine)}`)
  }
  override park(goroutine: Observed, on: string): void {
    super.park(goroutine, on)
    this.events.push({ who: nameOf(goroutine), did: `waits: ${on}${this._things(goroutine)}` })
  }
  override wake(goroutine: Observed): void {
    super.wake(goroutine)
    this.say(`wakes ${nameOf(goroutine)}`)
  }
  override end(goroutine: Observed): void {
    super.end(goroutine)
    this.events.push({ who: nameOf(goroutine), did: 'ends' })
  }
  override cancel(goroutine: Observed): void {
    super.cancel(goroutine)
    this.say(`cancels ${nameOf(goroutine)}`)
  }
  override cancelContext(context: object): void {
    super.cancelContext(context)
    this.say('cancels a context')
  }
  override send(channel: object): void {
    super.send(channel)
    this.say(`sends on ${this.names.of(channel)}`)
  }
  override receive(channel: object): void {
    super.receive(channel)
    this.say(`receives from ${this.names.of(channel)}`)
  }
  override close(channel: object): void {
    super.close(channel)
    this.say(`closes ${this.names.of(channel)}`)
  }
  override lock(lock: object): void {
    super.lock(lock)
    this.say(`grants ${this.names.of(lock)}`)
  }
  override unlock(lock: object): void {
    super.unlock(lock)
    this.say(`unlocks ${this.names.of(lock)}`)
  }

  private _things(goroutine: Observed): string {
    const things = this.resourceNames(goroutine)
    return things.length === 0 ? '' : ` (${things.join(', ')})`
  }

  override toString(): string {
    const width = Math.max(0, ...this.events.map(({ who }) => who.length))
    return this.events.map(({ who, did }) => `  ${who.padEnd(width)}  ${did}`).join('\n')
  }
}

export function nameOf({ id, name }: Observed): string {
  return `${name}#${id}`
}
