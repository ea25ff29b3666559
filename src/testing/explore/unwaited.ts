/**
 * Work that was added to a wait group too late: somebody has waited on the group, it was added to from zero after that, and when all is over nobody has
 * waited again. Whoever waited went on too early, under this schedule.
 *
 *     ──add from zero──▶ under way ──wait returns, count is zero──▶ waited for ──add from zero──▶ unwaited …
 *
 * Go's rule is wider: an `Add` from zero must happen before the `Wait`, whatever the schedule, which only an order of events (happens-before) can tell.
 * This one needs none, as the schedule in which the wait comes first is among those explored; and reuse by rounds, each with its wait, keeps it. It
 * does not see a wait that was too early where a later one on the same group makes up for it.
 *
 * A wait counts when it returns: a case of a select that is not chosen, and one who gives up, have not waited.
 */
import { waitGroup } from '../../runtime/index.js'
import { PENDING, queue, type Names, type Spawned } from '../../runtime/internal.js'
import { prototypeOf, StandIns, type Method } from './stand-ins.js'

/** A wait group as the stand-ins find it. */
interface Group {
  readonly count: number
}

interface State {
  wasWaitedFor: boolean
  /** Who added to it from zero; null stands for one who is no goroutine. */
  adder: Spawned | null
  isUnwaited: boolean
}

export class Unwaited {
  private readonly _groups = new Map<Group, State>()
  private readonly _standIns = new StandIns()

  constructor(private readonly _say: (did: string, group: object) => void) {}

  reset(): void {
    this._groups.clear()
  }

  watch(): void {
    const adding = (original: Method): Method => {
      const added = this._added.bind(this)
      return function (this: object, ...args) {
        const group = this as Group // whose method it is
        const before = group.count
        const result = original.apply(this, args)
        if (before === 0 && group.count > 0) added(group)
        return result
      }
    }
    const waiting = (original: Method): Method => {
      const waited = this._waited.bind(this)
      return function (this: object, ...args) {
        const result = original.apply(this, args)
        if (result !== PENDING) waited((this as { readonly group: Group }).group) // a wait keeps its group
        return result
      }
    }
    const group = waitGroup()
    this._standIns.put(prototypeOf(group), ['add', 'go'], adding)
    this._standIns.put(prototypeOf(group.wait()), ['poll', 'finish'], waiting)
  }

  unwatch(): void {
    this._standIns.restore()
  }

  /** Of the run: what nobody waits for, in words; null where there is none. */
  first(names: Names): string | null {
    for (const [group, { adder, isUnwaited }] of this._groups) {
      if (!isUnwaited) continue
      const by = adder === null ? 'one outside any goroutine' : names.of(adder)
      return `${by} adds to ${names.of(group)}`
    }
    return null
  }

  private _added(group: Group): void {
    const state = this._stateOf(group)
    state.adder = queue.running as Spawned | null // what the queue runs
    state.isUnwaited = state.wasWaitedFor
    this._say('adds to', group)
  }

  /** Granted at zero, it may be found above when the waiter goes on: that was added too late for this wait, at least. */
  private _waited(group: Group): void {
    const state = this._stateOf(group)
    state.wasWaitedFor = true
    state.isUnwaited = group.count > 0
    this._say('has waited for', group)
  }

  private _stateOf(group: Group): State {
    const known = this._groups.get(group)
    if (known !== undefined) return known
    const state: State = { wasWaitedFor: false, adder: null, isUnwaited: false }
    this._groups.set(group, state)
    return state
  }
}
