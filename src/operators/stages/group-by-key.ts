import { Subscription, type Observable, type OperatorFunction, type Subscriber } from 'rxjs'
import { checkCount, checkFunction, checkOptions, checkTime, queue, time, type Runnable, type TimerEntry } from '../../runtime/internal.js'
import { stageNotes, type StageNotes, type StageOptions } from '../demand/intake.js'
import { described, Downstream, subscribeUntil, under } from '../demand/scope.js'
import { failedIn, passedBy, type HeldError } from '../demand/errors.js'
import { Branch, type BranchOwner } from '../engine/branch.js'
import { OneItemInput, type InputOwner } from '../engine/inputs.js'

/** Options of `groupByKey`. */
export interface GroupByKeyOptions extends StageOptions {
  /**
   * Groups that run at a time; default 1000. For a further group the group that was idle longest is completed, and its
   * end waited for.
   */
  readonly most?: number
  /** ms without an item after which a group is completed; default: no limit. */
  readonly idle?: number
}

/**
 * A pipeline for each key: `build` is called with the items of a key and the key, when an item comes for which no group
 * runs. Unlike RxJS's `groupBy`, which keeps every group forever, it completes groups that are idle or too many; the
 * next item of that key begins a new group.
 *
 * Shape: the results of all groups together, as they come. Holds 1 item, and what the groups hold; a full group pauses
 * the source. A group that unsubscribes from its items while its pipeline runs on receives no more of them. Completes
 * when the source and all groups have completed. Fails with the first error of the source, of `key`, of `build` or of a
 * group. A subscriber that leaves unsubscribes from the source and every group. Throws RangeError for a `most` below 1.
 *
 * @example
 * ```ts
 * fromReceiver(readings).pipe(
 *   groupByKey(
 *     (reading) => reading.sensor,
 *     (group, sensor) => group.pipe(windowsByCount({ size: 10 }), map((ten) => [sensor, mean(ten)])),
 *     { idle: 60_000 },
 *   ),
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
  checkOptions('groupByKey(key, build)', options)
  const { most = 1000, idle = Infinity } = options ?? {}
  checkCount('groupByKey(…, { most })', 1, most)
  checkTime('groupByKey(…, { idle })', idle)
  const notes = stageNotes('groupByKey', options)
  const plan = { key, build, most, idle }
  return (source) =>
    described<R>({ name: notes.name, holds: 1, unseen: 'the pipelines of its groups', source }, (subscriber) =>
      new Groups(subscriber, notes, plan).connect(source),
    )
}

interface Plan<T, K, R> {
  readonly key: (value: T) => K
  readonly build: (group: Observable<T>, key: K) => Observable<R>
  readonly most: number
  readonly idle: number
}

interface Group<T, K> {
  readonly key: K
  readonly branch: Branch<T>
  lastUse: number
}

/**
 * Always true:
 * - an open group runs; at most one open group has a given key;
 * - the open groups are in the order of their last item, so the first was idle longest;
 * - at most `most` groups run.
 */
class Groups<T, K, R> implements BranchOwner, InputOwner<T>, Runnable {
  private readonly _input: OneItemInput<T>
  private readonly _downstream: Downstream<R>
  private readonly _subscription = new Subscription()
  /** Groups that take items. */
  private readonly _open = new Map<K, Group<T, K>>()
  /** Groups whose pipeline has not ended. */
  private readonly _running = new Set<Group<T, K>>()
  /** The key and the position of the item in the input. */
  private _key: K | undefined = undefined
  private _position = -1
  private _timer: TimerEntry | null = null
  private _isOver = false
  private _isHanding = false

  constructor(
    private readonly _subscriber: Subscriber<R>,
    notes: StageNotes,
    private readonly _plan: Plan<T, K, R>,
  ) {
    this._downstream = new Downstream(_subscriber, false)
    this._input = new OneItemInput(notes, this._downstream.scope, this)
  }

  connect(source: Observable<T>): void {
    this._subscriber.add(() => this._end())
    this._input.connect(this._subscription, source)
  }

  arrived(): void {
    if (this._isOver) return
    this._findKey()
    this.run()
  }

  completed(): void {
    this.run()
  }

  private _findKey(): void {
    this._position++
    try {
      this._key = under(null, () => this._plan.key(this._input.item))
    } catch (cause) {
      this.failed(failedIn(cause, this._input.intake.name, this._position))
    }
  }

  branchChanged(): void {
    if (!this._isHanding && !this._isOver) queue.push(this)
  }

  branchMissed(items: number): void {
    this._input.intake.missed(items)
  }

  /** An item has come, the source has completed, a group has demand, or a group has ended. */
  run(): void {
    if (this._isHanding || this._isOver) return
    const input = this._input
    this._isHanding = true
    while (input.hasItem && !this._isOver && this._hand(input.item)) {
      input.take()
      if (input.hasItem) this._findKey()
    }
    this._isHanding = false
    if (this._isOver || !input.isExhausted) return
    for (const group of this._open.values()) this._close(group)
    this._checkEnd()
  }

  /** Returns false while it has to wait: for the group to have demand, or for another group to end. */
  private _hand(value: T): boolean {
    const key = this._key as K // found when the item came
    let group = this._open.get(key)
    if (group === undefined) {
      if (this._running.size >= this._plan.most) return this._makeRoom()
      group = this._begin(key)
      if (this._isOver || !this._open.has(key)) return !this._isOver // a group that ended at once takes no item
    }
    const { branch } = group
    if (branch.isAwaited) return false
    if (branch.downstream === null) {
      branch.missed++ // it has left, and its pipeline runs on
      return true
    }
    if (!branch.isOpen) {
      branch.wait()
      return false
    }
    this._used(group)
    branch.downstream.next(value)
    return true
  }

  private _makeRoom(): false {
    if (this._open.size < this._running.size) return false // a group is about to end
    const [idlest] = this._open.values()
    if (idlest !== undefined) this._close(idlest)
    queue.push(this) // the group may have ended at once
    return false
  }

  private _begin(key: K): Group<T, K> {
    const group = { key, branch: new Branch<T>(this), lastUse: 0 }
    this._open.set(key, group)
    this._running.add(group)
    let results: Observable<R>
    try {
      results = under(null, () => this._plan.build(group.branch.observable, key))
    } catch (cause) {
      this.failed(failedIn(cause, this._input.intake.name, this._position))
      return group
    }
    subscribeUntil(this._subscription, this._downstream.scope, results, {
      next: (value) => this._downstream.next(value),
      error: (cause) => this.failed(passedBy(cause, this._input.intake)),
      complete: () => this._ended(group),
    })
    return group
  }

  private _used(group: Group<T, K>): void {
    this._open.delete(group.key)
    this._open.set(group.key, group) // now the last
    if (this._plan.idle === Infinity) return
    group.lastUse = time.timers.now()
    this._watch(group)
  }

  /** One timer for all groups: for the group that was idle longest when it was set. */
  private _watch(group: Group<T, K>): void {
    this._timer ??= time.timers.add(group.lastUse + this._plan.idle, () => {
      this._timer = null
      queue.push({ run: () => this._closeIdle() })
    })
  }

  private _closeIdle(): void {
    const now = time.timers.now()
    for (const group of this._open.values()) {
      if (group.lastUse + this._plan.idle > now) return this._watch(group)
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
    group.branch.ended() // there may be room
  }

  private _checkEnd(): void {
    if (!this._input.isExhausted || this._running.size > 0 || this._isOver) return
    this._end()
    this._downstream.complete()
  }

  sourceFailed(error: HeldError): void {
    this.failed(error.release())
  }

  failed(cause: unknown): void {
    if (this._isOver) return
    this._end()
    this._downstream.error(cause)
  }

  private _end(): void {
    if (this._isOver) return
    this._isOver = true
    if (this._timer !== null) time.timers.remove(this._timer)
    this._subscription.unsubscribe()
  }
}
