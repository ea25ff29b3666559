import type { Observable, OperatorFunction, Subscriber } from 'rxjs'
import { checkCount, checkFunction, checkTime, queue, QueuedTimer, time } from '../../../runtime/internal.js'
import { stageNotes, type StageNotes, type StageOptions } from '../../demand/unpaced.js'
import { described, under } from '../../demand/scope.js'
import { failedIn, type HeldError } from '../../demand/errors.js'
import { Branch } from '../../engine/branch.js'
import { Branching } from '../../engine/branching.js'

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
 * next item of that key begins a new group. A group may end early; an item whose group ends before it has taken that
 * item is dropped.
 *
 * Shape: the results of all groups together, as they come. Holds 1 item, and what the groups hold; a full group pauses
 * the source. A group that unsubscribes from its items while its pipeline runs on receives no more of them. Completes
 * when the source and all groups have completed. An error of the source follows the items: it reaches each group that
 * takes items once, and the stage fails with it when all groups have ended. Fails at once with an error of `key`, of
 * `build` or of a group. A subscriber that leaves unsubscribes from the source and every group. Throws RangeError for a
 * `most` below 1.
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
  const notes = stageNotes('groupByKey', options, ['most', 'idle'])
  const { most = 1000, idle = Infinity } = options ?? {}
  checkCount('groupByKey(…, { most })', 1, most)
  checkTime('groupByKey(…, { idle })', idle)
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
  /** It was completed while it took items: its pipeline is about to end. */
  isEnding: boolean
}

/**
 * Always true:
 * - an open group runs; at most one open group has a given key;
 * - the open groups are in the order of their last item, so the first was idle longest;
 * - at most `most` groups run.
 */
class Groups<T, K, R> extends Branching<T, R> {
  /** Groups that take items. */
  private readonly _open = new Map<K, Group<T, K>>()
  /** Groups whose pipeline has not ended. */
  private readonly _running = new Map<Branch<T>, Group<T, K>>()
  /** The key and the position of the item in the input. */
  private _key: K | undefined = undefined
  private _position = -1
  /** The position of the item that began a group last. */
  private _began = -1
  /** One timer for all groups: for the group that was idle longest when it was set. */
  private readonly _idle = new QueuedTimer(this.scope, () => this._closeIdle())
  /** Groups that are about to end. */
  private _ending = 0

  constructor(
    subscriber: Subscriber<R>,
    notes: StageNotes,
    private readonly _plan: Plan<T, K, R>,
  ) {
    super(subscriber, notes)
  }

  connect(source: Observable<T>): void {
    this.connectSource(source)
  }

  protected begin(): void {
    this._position++
    try {
      this._key = under(null, () => this._plan.key(this.input.item))
    } catch (cause) {
      this.failed(failedIn(cause, this.input.intake.name, this._position))
    }
  }

  /** Returns false while it has to wait: for the group to have demand, or for another group to end. */
  protected hand(value: T): boolean {
    const key = this._key as K // found when the item came
    let group = this._open.get(key)
    if (group === undefined) {
      if (this._began === this._position) return true // its group has ended without it, and the next would too
      if (this._running.size >= this._plan.most) return this._makeRoom()
      group = this._beginGroup(key)
      if (this.isOver || !this._open.has(key)) return !this.isOver // a group that ended at once takes no item
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
    if (this._ending > 0) return false
    const idlest = this._idlest()
    if (idlest === undefined) return false // every pipeline runs on although its group is over
    this._close(idlest)
    queue.push(this) // the group may have ended at once
    return false
  }

  /** A group that takes items, if there is one: the pipeline of a group that has left runs on without them. */
  private _idlest(): Group<T, K> | undefined {
    for (const group of this._open.values()) if (group.branch.downstream !== null) return group
    const [left] = this._open.values()
    return left
  }

  private _beginGroup(key: K): Group<T, K> {
    const group = { key, branch: new Branch<T>(this), lastUse: time.timers.now(), isEnding: false }
    this._began = this._position
    this._open.set(key, group)
    this._running.set(group.branch, group)
    let results: Observable<R>
    try {
      results = this.build(() => this._plan.build(group.branch.observable, key))
    } catch (cause) {
      this.failed(failedIn(cause, this.input.intake.name, this._position))
      return group
    }
    this.connectResults(group.branch, results)
    return group
  }

  private _used(group: Group<T, K>): void {
    this._open.delete(group.key)
    this._open.set(group.key, group) // now the last
    if (this._plan.idle === Infinity) return
    group.lastUse = time.timers.now()
    this._watch(group)
  }

  private _watch(group: Group<T, K>): void {
    if (!this._idle.isRunning) this._idle.start(group.lastUse + this._plan.idle - time.timers.now())
  }

  private _closeIdle(): void {
    const now = time.timers.now()
    for (const group of this._open.values()) {
      if (this.isOver) return // with a group that has ended the stage may end
      if (group.lastUse + this._plan.idle > now) return this._watch(group)
      if (!this._isAwaited(group)) this._close(group)
    }
  }

  /** The item in the input waits for the group to have demand. */
  private _isAwaited(group: Group<T, K>): boolean {
    return this.input.hasItem && this._open.get(this._key as K) === group // found when the item came
  }

  private _close(group: Group<T, K>): void {
    this._open.delete(group.key)
    group.isEnding = group.branch.downstream !== null
    if (group.isEnding) this._ending++
    group.branch.end(null)
  }

  protected runningBranches(): Iterable<Branch<T>> {
    return this._running.keys()
  }

  protected endBranches(error: HeldError | null): void {
    for (const { branch } of [...this._open.values()]) if (!this.isOver) branch.end(error)
    this._checkEnd()
  }

  protected branchEnded(branch: Branch<T>): void {
    const { key, isEnding } = this._running.get(branch) as Group<T, K> // a group runs until its pipeline ends
    this._running.delete(branch)
    if (isEnding) this._ending--
    if (this._open.get(key)?.branch === branch) this._open.delete(key)
    if (this.isOver) return
    this._checkEnd()
    branch.ended() // there may be room
  }

  private _checkEnd(): void {
    if (this.input.isExhausted && this._running.size === 0) this.finish()
  }

  protected override end(): void {
    this._idle.stop()
    super.end()
  }
}
