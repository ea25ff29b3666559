/**
 * The tracker: the table of goroutines, and beside it the place where each goroutine was started, the goroutines that
 * hold each lock, and the goroutines that have used each channel. A probe feeds it. Test kits and `dumpOnSignal` use
 * it.
 *
 * A goroutine holds a lock from the grant until any goroutine unlocks the lock.
 */
import type { Task } from '../goroutine/task.js'
import { queue } from '../scheduler/run-queue.js'
import type { Resource } from '../operation/resource.js'
import type { Observed } from '../scheduler/probe.js'
import { GoroutineTable } from './goroutine-table.js'
import { Names } from './names.js'
import { captureOrigin, placeOf, type Origin } from './start-place.js'

interface Start {
  /** Null for a goroutine that was started from outside any goroutine. */
  readonly by: Task | null
  /** Null unless places are tracked. */
  readonly origin: Origin | null
}

/** A goroutine; null stands for code outside any goroutine. */
type User = Task | null

/** Goroutines that have ended which a resource remembers: the latest users, for a dump that names them. */
const FEW_ENDED = 4

/**
 * The goroutines that have used a resource, in order of their first use: all that are alive, and the latest few that
 * have ended. A resource may live long and be used by many, so the others are dropped as users arrive.
 */
class Users extends Set<Task> {
  private _limit = 2 * FEW_ENDED

  override add(user: Task): this {
    super.add(user)
    if (this.size > this._limit) this._dropEnded()
    return this
  }

  private _dropEnded(): void {
    const ended = [...this].filter((one) => one.hasEnded)
    for (const one of ended.slice(0, -FEW_ENDED)) this.delete(one)
    this._limit = 2 * Math.max(FEW_ENDED, this.size)
  }
}

export class Tracker extends GoroutineTable {
  readonly names = new Names()
  private readonly _starts = new WeakMap<Task, Start>()
  private readonly _holders = new Map<object, User[]>()
  private readonly _users = new WeakMap<object, Users>()
  /**
   * The first unlock by a goroutine that does not hold the lock, in words. Go allows a foreign unlock; most often it is
   * a mistake.
   */
  foreignUnlock: string | null = null
  /** The lock granted last: if the next event is a wake, the grant was for the goroutine that wakes. */
  private _granted: object | null = null

  constructor(
    now: () => number,
    /** Whether to look up the places at which goroutines are started: 3 µs each. */
    private readonly _tracksPlaces: boolean,
  ) {
    super(now)
  }

  override spawn(one: Observed): void {
    super.spawn(one)
    this._granted = null
    const goroutine = one as Task // every goroutine that the runtime reports to a probe is a Task
    this._starts.set(goroutine, { by: running(), origin: this._tracksPlaces ? captureOrigin(goroutine) : null })
  }

  override park(one: Observed, on: string): void {
    super.park(one, on)
    this._granted = null
    for (const resource of this.resourcesOf(one)) this._usedBy(resource, one as Task) // the runtime reports Tasks only
  }

  wake(one: Observed): void {
    const lock = this._granted
    this._granted = null
    if (lock === null || !this.resourcesOf(one).some((resource) => resource === lock)) return
    const holders = this._holders.get(lock)
    if (holders !== undefined) holders[holders.length - 1] = one as Task // the runtime reports Tasks only
  }

  override end(goroutine: Observed): void {
    super.end(goroutine)
    this._granted = null
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
    if (holders === undefined) return // locked before the tracker began
    const own = holders.indexOf(running())
    if (own === -1) this.foreignUnlock ??= this._foreignUnlock(lock, holders)
    holders.splice(own === -1 ? 0 : own, 1)
    if (holders.length === 0) this._holders.delete(lock)
  }

  private _foreignUnlock(lock: object, holders: readonly User[]): string {
    const nameOf = (user: User): string => (user === null ? 'code outside any goroutine' : this.names.of(user))
    return `${nameOf(running())} unlocks ${this.names.of(lock)}, which is held by ${holders.map(nameOf).join(', ')}`
  }

  holdersOf(lock: object): readonly User[] {
    return this._holders.get(lock) ?? []
  }

  heldBy(goroutine: Task): readonly object[] {
    return [...this._holders].filter(([, holders]) => holders.includes(goroutine)).map(([lock]) => lock)
  }

  /**
   * The goroutines that have sent on a channel, received from it, closed the channel, locked a lock or waited for the
   * resource.
   */
  usersOf(resource: object): readonly Task[] {
    return [...(this._users.get(resource) ?? [])]
  }

  /** The resources that a goroutine waits for; none for a goroutine that runs or has ended. */
  resourcesOf(goroutine: Observed): readonly Resource[] {
    const { operation } = goroutine as Task // every goroutine that the runtime reports to a probe is a Task
    return operation === null ? [] : operation.resources()
  }

  /** The names of the resources that a goroutine waits for. */
  resourceNames(goroutine: Observed): readonly string[] {
    return this.resourcesOf(goroutine).map((resource) => this.names.of(resource))
  }

  startedBy(goroutine: Task): User {
    return this._starts.get(goroutine)?.by ?? null
  }

  /** The line of code that started a goroutine; null unless places are tracked. */
  startedAt(goroutine: Task): string | null {
    const origin = this._starts.get(goroutine)?.origin ?? null
    return origin === null ? null : placeOf(origin)
  }

  private _used(resource: object): void {
    this._granted = null
    const user = running()
    if (user !== null) this._usedBy(resource, user)
  }

  private _usedBy(resource: object, user: Task): void {
    const users = this._users.get(resource)
    if (users === undefined) this._users.set(resource, new Users().add(user))
    else users.add(user)
  }
}

function running(): User {
  return queue.running as User // `running` is a Task or null
}
