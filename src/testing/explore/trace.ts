/** The events of a run as text: which goroutine did what, to which channel or lock. */
import type { Observed } from '../../runtime/index.js'
import { Tracker } from '../../runtime/internal.js'

/** Events of a long run that its text shows, of the begin and of the end. */
const SHOWN = 100

/** Steps that count as the last of an endless run, and goroutines that are named. */
const LATELY = 1_000
const FEW = 8

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
  /** Who took each step. */
  private readonly _turns: string[] = []

  constructor() {
    super(() => 0, false)
  }

  /** The events that follow are those of this goroutine. */
  turnOf(who: string): void {
    this._who = who
    this._turns.push(who)
  }

  /** Whether the goroutine took a step in the later half of the run. */
  hasRunLately(goroutine: Observed): boolean {
    return this._turns.lastIndexOf(nameOf(goroutine)) >= this._turns.length / 2
  }

  /** Who took the last steps, the most frequent first: `poller#2 900, time 100`. */
  lastTurns(): string {
    const counts = new Map<string, number>()
    for (const who of this._turns.slice(-LATELY)) counts.set(who, (counts.get(who) ?? 0) + 1)
    const most = [...counts].toSorted(([, a], [, b]) => b - a).slice(0, FEW)
    return most.map(([who, count]) => `${who} ${count}`).join(', ')
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
    const { events } = this
    if (events.length <= 2 * SHOWN) return linesOf(events)
    const left = events.length - 2 * SHOWN
    return `${linesOf(events.slice(0, SHOWN))}\n  … ${left} more events …\n${linesOf(events.slice(-SHOWN))}`
  }
}

function linesOf(events: readonly Event[]): string {
  const width = events.reduce((most, { who }) => Math.max(most, who.length), 0)
  return events.map(({ who, did }) => `  ${who.padEnd(width)}  ${did}`).join('\n')
}

export function nameOf({ id, name }: Observed): string {
  return `${name}#${id}`
}
