/** The place where each goroutine was started, for the reports of failures. */
import { captureOrigin, placeOf, type Origin } from './start-place.js'
import { showPlaces } from '../goroutine/crash.js'
import type { Task } from '../goroutine/task.js'
import { joinProbe, type Observed } from '../scheduler/probe.js'

/**
 * From now on the reports of crashes and late failures say where the goroutine was started: `started at main
 * (/app/main.ts:12:3)`. Call it when the program starts, while you look for a fault: each `go` then captures a stack, and
 * operations are slower. `dumpOnSignal` of `millrace/node` includes it. Returns a function that ends this; calls may be
 * ended in any order.
 *
 * @example
 * ```ts
 * traceStarts()
 * onLateFailure((error, { name }) => console.log(name, error))
 * ```
 */
export function traceStarts(): () => void {
  const origins = new WeakMap<Observed, Origin>()
  const hidePlaces = showPlaces((goroutine) => {
    const origin = origins.get(goroutine)
    return origin === undefined ? null : placeOf(origin)
  })
  const remove = joinProbe({
    spawn: (goroutine) => void origins.set(goroutine, captureOrigin(goroutine as Task)), // the runtime reports Tasks only
  })
  return () => {
    remove()
    hidePlaces()
  }
}
