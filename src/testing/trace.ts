/** What happened in a run, for a person to read: who did what, to which channel. */
import type { Observed, Probe } from '../runtime/index.js'
import { Channel } from '../runtime/kernel.js'

export interface Event {
  readonly who: string
  readonly did: string
}

/** Writes down what the probe sees; things are numbered in the order in which they were first met. */
export class Trace implements Probe {
  readonly events: Event[] = []
  private _who = 'nobody'
  private readonly _names = new Map<object, string>()
  private readonly _counts = new Map<string, number>()

  /** From now on it is this one who acts. */
  turnOf(who: string): void {
    this._who = who
  }

  say(did: string): void {
    this.events.push({ who: this._who, did })
  }

  spawn(goroutine: Observed): void {
    this.say(`starts ${nameOf(goroutine)}`)
  }
  park(goroutine: Observed, on: string): void {
    this.events.push({ who: nameOf(goroutine), did: `waits: ${on}` })
  }
  wake(goroutine: Observed): void {
    this.say(`wakes ${nameOf(goroutine)}`)
  }
  end(goroutine: Observed): void {
    this.events.push({ who: nameOf(goroutine), did: 'ends' })
  }
  cancel(goroutine: Observed): void {
    this.say(`cancels ${nameOf(goroutine)}`)
  }
  cancelContext(): void {
    this.say('cancels a context')
  }
  send(channel: object): void {
    this.say(`sends on ${this._nameThing(channel)}`)
  }
  receive(channel: object): void {
    this.say(`receives from ${this._nameThing(channel)}`)
  }
  close(channel: object): void {
    this.say(`closes ${this._nameThing(channel)}`)
  }
  lock(lock: object): void {
    this.say(`is granted ${this._nameThing(lock)}`)
  }

  private _nameThing(thing: object): string {
    const known = this._names.get(thing)
    if (known !== undefined) return known
    const kind = thing instanceof Channel ? 'chan' : thing.constructor.name.toLowerCase()
    const count = (this._counts.get(kind) ?? 0) + 1
    this._counts.set(kind, count)
    const name = `${kind} ${count}`
    this._names.set(thing, name)
    return name
  }

  toString(): string {
    const width = Math.max(0, ...this.events.map(({ who }) => who.length))
    return this.events.map(({ who, did }) => `  ${who.padEnd(width)}  ${did}`).join('\n')
  }
}

export function nameOf({ id, name }: Observed): string {
  return `${name}#${id}`
}
