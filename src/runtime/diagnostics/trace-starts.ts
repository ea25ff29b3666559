/** The place where each goroutine was started, for the reports of failures. */
import { captureOrigin, placeOf, type Origin } from './start-place.js'
import { showPlaces } from '../goroutine/crash.js'
import type { Task } from '../goroutine/task.js'
import { addProbe, type Observed } from '../scheduler/probe.js'

const origins = new WeakMap<Observed, Origin>()

/**
 * From now on the reports of crashes and late failures say where the goroutine was started: `started at main
 * (/app/main.ts:12:3)`. Call it when the program starts, while you look for a fault: each `go` then takes some 5 µs more, and
 * operations are slower. It holds for the rest of the process; a second call changes nothing. `dumpOnSignal` of
 * `millrace/node` includes it.
 *
 * @example
 * ```ts
 * traceStarts()
 * onLateFailure((error, { name }) => console.log(name, error))
 * ```
 */
export function traceStarts(): void {
  if (!showPlaces(startOf)) return
  addProbe({ spawn: (goroutine) => void origins.set(goroutine, captureOrigin(goroutine as Task)) }) // the runtime reports Tasks only
}

function startOf(goroutine: Observed): string | null {
  const origin = origins.get(goroutine)
  return origin === undefined ? null : placeOf(origin)
}
