import { Observable, Subscription, type OperatorFunction, type Subscriber } from 'rxjs'
import { checkCount, checkFunction, checkTime, queue, time, type Runnable, type TimerEntry } from '../../runtime/internal.js'
import { Arrivals, stageNotes, type StageNotes, type StageOptions } from '../demand/intake.js'
import { Branch, type Trunk } from '../engine/branch.js'
import { described } from '../engine/description.js'
import { Outlet } from '../demand/downstream.js'
import { under } from '../demand/scope.js'
import { failedIn, passedBy } from '../demand/stage-trail.js'
import { subscribeAbove, subscribeUntil } from '../demand/upstream.js'

export interface GroupByKeyOptions extends StageOptions {
  /** Groups at a time; default 1000. Where one more would be needed, the one that was idle longest is completed, and its end waited for. */
  readonly most?: number
  /** ms without an item after which a group is completed; default: none is for that. */
  readonly idle?: number
}

/**
 * A pipeline for each key: `build` is called with the key's items and the key when one comes for which there is no group, and the results of all
 * groups come together. Unlike RxJS's `groupBy`, which keeps every group it ever had, it completes those that are idle, or too many; the next
 * item of that key begins a new one. A group that is full pauses the source. Holds one item, and what the groups hold.
 *
 * @example
 * ```ts
 * fromReceiver(readings).pipe(
 *   groupByKey((reading) => reading.sensor, (group, sensor) => group.pipe(windowsByCount({ size: 10 }), map((ten) => [sensor, mean(ten)])), { idle: 60_000 }),
 * )
 * ```
 */
export function groupByKey<T, K, R>(
  key: (value: T) => K,
  build: (group: Observable<T>, key: K) => Observable<R>,
  options?: GroupByKeyOptions,
): OperatorFunction<T, R> {
  checkFunction('groupByKey(key)', key)
  checkFunction('groupByKey(key, build)', build)
  const { most = 1000, idle = Infinity } = options ?? {}
  checkCount('groupByKey(…, { most })', 1, most)
  checkTime('groupByKey(…, { idle })', idle)
  const notes = stageNotes('groupByKey', options)
  return (source) =>
    described(new Observable((subscriber) => new Groups(subscriber, notes, key, build, most, idle).connect(source)), {
      name: notes.name,
      holds: 1,
      source,
    })
}

interface Group<T, K> {
  readonly key: K
  readonly branch: Branch<T>
  lastUse: number
}

class Groups<T, K, R> implements Trunk, Runnable {
  private readonly _arrivals: Arrivals<T>
  private readonly _outlet: Outlet<R>
  private readonly _subscription = new Subscription()
  /** Those that take items, the one that was idle longest first. */
  private readonly _open = new Map<K, Group<T, K>>()
  /** Those whose pipeline has not ended; the open ones are among them. */
  private readonly _running = new Set<Group<T, K>>()
  private _item: { readonly value: T; readonly key: K } | null = null
  private _position = -1
  private _timer: TimerEntry | null = null
  private _waitsFor: Branch<T> | null = null
  private _isOver = false
  private _isHanding = false

  constructor(
    private readonly _subscriber: Subscriber<R>,
    notes: StageNotes,
    private readonly _key: (value: T) => K,
    private readonly _build: (group: Observable<T>, key: K) => Observable<R>,
    private readonly _most: number,
    private readonly _idle: number,
  ) {
    this._outlet = new Outlet(_subscriber, false)
    this._arrivals = new Arrivals(notes, 1, this._outlet.scope)
  }

  connect(source: Observable<T>): void {
    this._subscriber.add(() => this._end())
    subscribeAbove(this._subscription, this._outlet.scope, this._arrivals, source, {
      next: (value) => this._arrive(value),
      error: (cause) => this._fail(cause),
      complete: () => this.run(),
    })
  }

  private _arrive(value: T): void {
    if (this._isOver) return
    const unpaced = this._arrivals.look()
    if (unpaced !== null) this._fail(unpaced)
    else if (this._item !== null) this._arrivals.keep(value)
    else {
      this._take(value)
      this.run()
    }
  }

  private _take(value: T): void {
    this._position++
    this._arrivals.demand.close()
    try {
      this._item = { value, key: under(null, () => this._key(value)) }
    } catch (cause) {
      this._fail(failedIn(cause, this._arrivals.name, this._position))
    }
  }

  /** A group was subscribed to, or has had enough. */
  changed(): void {
    if (!this._isHanding) queue.push(this)
  }

  /** Something has changed: an item has come, a group has demand, or has ended. */
  run(): void {
    if (this._isHanding || this._isOver) return
    this._waitsFor = null
    this._isHanding = true
    while (this._item !== null && !this._isOver && this._hand(this._item)) {
      this._item = null
      if (this._arrivals.size > 0) this._take(this._arrivals.take())
    }
    this._isHanding = false
    if (this._isOver || this._item !== null) return
    if (!this._arrivals.demand.isComplete) return this._arrivals.demand.open()
    for (const group of this._open.values()) this._close(group)
    this._checkEnd()
  }

  /** False while it has to wait: for the group to have demand, or for another to end. */
  private _hand({ value, key }: { readonly value: T; readonly key: K }): boolean {
    let group = this._open.get(key)
    if (group === undefined) {
      if (this._running.size >= this._most) return this._makeRoom()
      group = this._begin(key)
      if (this._isOver || !this._open.has(key)) return !this._isOver // it ended at once, and wants no item
    }
    const { branch } = group
    if (!branch.isOpen) return this._waitFor(branch)
    this._used(group)
    branch.outlet?.next(value)
    return true
  }

  private _makeRoom(): false {
    if (this._open.size < this._running.size) return false // one is about to end
    const [idlest] = this._open.values()
    if (idlest !== undefined) this._close(idlest)
    queue.push(this) // it may have ended at once
    return false
  }

  private _waitFor(branch: Branch<T>): false {
    if (branch.outlet !== null && this._waitsFor !== branch) {
      this._waitsFor = branch
      branch.outlet.wait(this)
    }
    return false
  }

  private _begin(key: K): Group<T, K> {
    const group = { key, branch: new Branch<T>(this), lastUse: 0 }
    this._open.set(key, group)
    this._running.add(group)
    let results: Observable<R>
    try {
      results = under(null, () => this._build(group.branch.observable, key))
    } catch (cause) {
      this._fail(failedIn(cause, this._arrivals.name, this._position))
      return group
    }
    subscribeUntil(this._subscription, this._outlet.scope, results, {
      next: (value) => this._outlet.next(value),
      error: (cause) => this._fail(passedBy(cause, this._arrivals)),
      complete: () => this._ended(group),
    })
    return group
  }

  private _used(group: Group<T, K>): void {
    this._open.delete(group.key)
    this._open.set(group.key, group) // now the last
    if (this._idle === Infinity) return
    group.lastUse = time.timers.now()
    this._watchFor(group)
  }

  /** One timer for all: for the one that was idle longest when it was set. */
  private _watchFor(group: Group<T, K>): void {
    this._timer ??= time.timers.add(group.lastUse + this._idle, () => {
      this._timer = null
      queue.push({ run: () => this._closeIdle() })
    })
  }

  private _closeIdle(): void {
    const now = time.timers.now()
    for (const group of this._open.values()) {
      if (group.lastUse + this._idle > now) return this._watchFor(group)
      this._close(group)
    }
  }

  private _close(group: Group<T, K>): void {
    this._open.delete(group.key)
    group.branch.complete()
  }

  private _ended(group: Group<T, K>): void {
    this._running.delete(group)
    if (this._open.get(group.key) === group) this._open.delete(group.key)
    if (this._isOver) return
    this._checkEnd()
    this.changed() // there may be room
  }

  private _checkEnd(): void {
    if (!this._arrivals.demand.isComplete || this._item !== null || this._running.size > 0 || this._isOver) return
    this._end()
    this._outlet.complete()
  }

  private _fail(cause: unknown): void {
    if (this._isOver) return
    this._end()
    this._outlet.error(cause)
  }

  private _end(): void {
    if (this._isOver) return
    this._isOver = true
    if (this._timer !== null) time.timers.remove(this._timer)
    this._arrivals.demand.retire()
    this._subscription.unsubscribe()
  }
}
