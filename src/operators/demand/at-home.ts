import type { Observer } from 'rxjs'
import { queue } from '../../runtime/internal.js'
import type { Demand } from './demand.js'

/**
 * A foreign source emits in the async context of any code: of the request that calls `next` of a Subject, of a timer.
 * From here on its items are in the async context of the pipeline. A source of the package, which emits in a turn, is there.
 */
export function atHome<T>(demand: Demand, { next, error, complete }: Observer<T>): Observer<T> {
  return {
    next: (value) => (demand.turn > 0 ? next(value) : callAt(demand, next, value)),
    error: (cause: unknown) => (demand.turn > 0 ? error(cause) : callAt(demand, error, cause)),
    complete: () => (demand.turn > 0 ? complete() : callAt(demand, complete, undefined)),
  }
}

function callAt<V>(demand: Demand, f: (value: V) => void, value: V): void {
  const scope = demand.scope ?? queue.neutral
  if (scope === null) f(value)
  else scope.runInAsyncScope(() => f(value))
}
