/**
 * Misuses that a run shows although the run ends well: an operation made and never performed, and work added to a wait
 * group after the last wait on the group. Built on probe events alone.
 *
 * An operation counts as performed when the operation itself, or an operation with this part, is performed.
 *
 *     ──add from zero──▶ running ──wait returns at zero──▶ waited for ──add from zero──▶ late … ──wait returns──▶ …
 *
 * A late add is a finding when no later wait on the group returns. Go's rule is wider: an `Add` from zero must happen
 * before the `Wait` under every schedule, which only an order of events (happens-before) shows. This rule needs none,
 * since the schedule in which the wait comes first is among the explored schedules. The rule accepts rounds, each with
 * its wait, and misses an early wait where a later wait on the same group makes up for that wait.
 */
import { queue, Receive, Receiving, type Names, type Operation, type Spawned } from '../../runtime/internal.js'

/** The operations that a program makes in order to perform them. Others are made once, with their resource. */
const MADE_TO_PERFORM = /^(chan (send|receive)|sleep|sync\.(Mutex|RWMutex)\.R?Lock|sync\.WaitGroup\.Wait|semaphore\.Acquire)$/

/** Operations made by goroutines of the run, and operations performed. */
export class Unperformed {
  private readonly _made: Operation<unknown>[] = []
  private readonly _performed = new Set<object>()

  reset(): void {
    this._made.length = 0
    this._performed.clear()
  }

  make(operation: object): void {
    if (queue.running !== null) this._made.push(operation as Operation<unknown>) // the probe reports operations only
  }

  perform(operation: object): void {
    this._performed.add(operation)
  }

  /** The first operation made and never performed, in words; null where there is none. */
  first(): string | null {
    const { _made: made, _performed: performed } = this
    for (const operation of made) for (const part of operation.parts()) performed.add(part)
    for (const operation of made) {
      if (performed.has(operation)) continue
      if (operation.parts().length > 0 || isMadeToPerform(operation)) return operation.describe()
    }
    return null
  }
}

/** A cursor and a source of a channel keep a receive of their own, which they perform for each value, if at all. */
function isMadeToPerform(operation: Operation<unknown>): boolean {
  if (operation instanceof Receiving && !(operation instanceof Receive)) return false
  return MADE_TO_PERFORM.test(operation.describe())
}

interface Addition {
  /** The goroutine that added from zero; null for code outside any goroutine. */
  readonly by: Spawned | null
  isLate: boolean
}

/** The last addition from zero to each wait group. */
export class LateAdds {
  private readonly _additions = new Map<object, Addition>()

  constructor(private readonly _say: (did: string, group: object) => void) {}

  reset(): void {
    this._additions.clear()
  }

  add(group: object): void {
    this._additions.set(group, { by: queue.running as Spawned | null, isLate: false }) // the queue runs goroutines only
    this._say('adds to', group)
  }

  /** Follows `add` or `wait`. */
  lateAdd(group: object): void {
    const addition = this._additions.get(group)
    if (addition !== undefined) addition.isLate = true
  }

  wait(group: object): void {
    const addition = this._additions.get(group)
    if (addition !== undefined) addition.isLate = false
    this._say('has waited for', group)
  }

  /** The first addition that no wait followed, in words; null where there is none. */
  first(names: Names): string | null {
    for (const [group, { by, isLate }] of this._additions) {
      if (isLate) return `${by === null ? 'code outside any goroutine' : names.of(by)} adds to ${names.of(group)}`
    }
    return null
  }
}
