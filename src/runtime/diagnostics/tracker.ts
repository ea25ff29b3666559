/**
 * A ledger of who is there: where each goroutine was started and by whom, since when it waits and for what, which locks it holds, and who has used
 * the things that others wait for. Fed by the probe; kept by test kits and by who wants dumps, for it holds every goroutine that lives.
 *
 * Who holds a lock: the one it was granted to, from then on until it is unlocked, whoever does that.
 */
import type { Spawned } from '../goroutine/goroutine.js'
import type { Observed, Probe } from '../scheduler/probe.js'
import { queue } from '../scheduler/run-queue.js'
import { Names, thingsOf } from './things.js'

export interface Account {
  readonly goroutine: Spawned
  /** Null where it was started from outside any goroutine. */
  readonly startedBy: Spawned | null
  /** Holds the stack of who started it, which is read only when somebody asks; null unless places are kept. */
  readonly origin: Error | null
  /** ms on the ledger's clock, of when it began to wait. */
  since: number
}

/** A lock and who holds it: null stands for one who is no goroutine. */
type Holders = (Spawned | null)[]

export class Ledger implements Probe {
  readonly alive = new Map<Spawned, Account>()
  readonly names = new Names()
  private readonly _holders = new Map<object, Holders>()
  private readonly _users = new WeakMap<object, Set<Spawned>>()
  /** The first who unlocked what others held, in words. Go allows it, and a condition variable may rest on it; most often it is a slip. */
  stranger: string | null = null
  /** The lock granted last, which may turn out to be for one who waited. */
  private _granted: object | null = null

  constructor(
    private readonly _now: () => number,
    /** Whether to look up where goroutines are started: 3 µs each. */
    private readonly _keepsPlaces: boolean,
  ) {}

  spawn(one: Observed): void {
    this._granted = null
    const goroutine = one as Spawned // what the kernel shows of its own
    const origin = this._keepsPlaces ? new Error() : null
    this.alive.set(goroutine, { goroutine, startedBy: running(), origin, since: this._now() })
  }

  park(one: Observed, _on: string): void {
    this._granted = null
    const goroutine = one as Spawned // as above
    const account = this.alive.get(goroutine)
    if (account === undefined) return
    account.since = this._now()
    const { operation } = goroutine
    if (operation !== null) for (const thing of thingsOf(operation)) this._usedBy(thing, goroutine)
  }

  wake(one: Observed): void {
    const lock = this._granted
    this._granted = null
    const goroutine = one as Spawned // as above
    if (lock === null || goroutine.operation === null || !thingsOf(goroutine.operation).includes(lock)) return
    const holders = this._holders.get(lock)
    if (holders !== undefined) holders[holders.length - 1] = goroutine
  }

  end(goroutine: Observed): void {
    this._granted = null
    this.alive.delete(goroutine as Spawned) // as above
  }

  cancel(_goroutine: Observed): void {}
  cancelContext(context: object): void {
    this._used(context)
  }
  send(channel: object): void {
    this._used(channel)
  }
  receive(channel: object): void {
    this._used(channel)
  }
  close(channel: object): void {
    this._used(channel)
  }

  lock(lock: object): void {
    const holders = this._holders.get(lock)
    if (holders === undefined) this._holders.set(lock, [running()])
    else holders.push(running())
    this._granted = lock
  }

  unlock(lock: object): void {
    this._granted = null
    const holders = this._holders.get(lock)
    if (holders === undefined) return // it was locked before the ledger began
    const own = holders.indexOf(running())
    if (own === -1) this.stranger ??= this._strangerAt(lock, holders)
    holders.splice(own === -1 ? 0 : own, 1)
    if (holders.length === 0) this._holders.delete(lock)
  }

  private _strangerAt(lock: object, holders: Holders): string {
    const nameOf = (one: Spawned | null): string => (one === null ? 'one outside any goroutine' : this.names.of(one))
    return `${nameOf(running())} unlocks ${this.names.of(lock)}, which is held by ${holders.map(nameOf).join(', ')}`
  }

  holdersOf(lock: object): readonly (Spawned | null)[] {
    return this._holders.get(lock) ?? []
  }

  heldBy(goroutine: Spawned): readonly object[] {
    return [...this._holders].filter(([, holders]) => holders.includes(goroutine)).map(([lock]) => lock)
  }

  /** What it waits for, by name. */
  thingsWaitedFor(one: Observed): readonly string[] {
    const { operation } = one as Spawned // as above
    return operation === null ? [] : thingsOf(operation).map((thing) => this.names.of(thing))
  }

  /** The goroutines that have sent on it, received from it, closed it, locked it or waited for it. */
  usersOf(thing: object): readonly Spawned[] {
    return [...(this._users.get(thing) ?? [])]
  }

  private _used(thing: object): void {
    this._granted = null
    const user = running()
    if (user !== null) this._usedBy(thing, user)
  }

  private _usedBy(thing: object, user: Spawned): void {
    const users = this._users.get(thing)
    if (users === undefined) this._users.set(thing, new Set([user]))
    else users.add(user)
  }
}

function running(): Spawned | null {
  return queue.running as Spawned | null // what the queue runs
}

/** Where our sources are, as a source map shows it. */
const ourSources = /\/src\/(runtime|operators|testing|adapters\/node)\/([\w-]+\/)*[\w-]+\.ts:/

/** Whether a line of a stack is of our own code: the built package, or the sources. Asked late, for not every loader has a base to resolve from. */
function isOwn(line: string): boolean {
  return ourSources.test(line) || line.includes(new URL('.', import.meta.url).pathname)
}

/** The line of code that started it: the first that is not our own, or where all is bundled in one file, the one after ours. */
export function placeOf({ origin }: Account): string | null {
  const lines = origin?.stack?.split('\n').slice(1) ?? []
  const line =
    lines.find((one) => !isOwn(one) && !one.includes('node:')) ??
    lines[lines.findIndex((one) => /\bat (new Spawned|spawn|go)\b/.test(one)) + 3]
  return line === undefined ? null : line.trim().replace(/^at /, '')
}
