/**
 * Prints a dump of the running program when a signal arrives. Go's runtime does so on SIGQUIT and then exits; here the
 * program goes on.
 */
import { constants } from 'node:os'
import { checkFlag, checkRecord, mistyped, dumpOf, dumpText, joinProbe, showPlaces, Tracker, type Task } from '../../runtime/internal.js'

/** Options of `dumpOnSignal`. */
export interface DumpOptions {
  /** The signal that prints a dump. Default SIGQUIT, which a terminal sends for Ctrl-\. */
  readonly signal?: `SIG${string}`
  /** Prints a line of JSON, in the shape of `Dump` of `millrace/testing`. Default false: text. */
  readonly json?: boolean
}

/**
 * Prints a dump to stderr each time the process receives the signal. The dump lists every goroutine started since this
 * call: the operation and the resources of its wait, the time of the wait, the locks that it holds, the goroutines that
 * could wake it, the line of its start. Partial deadlocks follow. Reports of crashes and late failures name that line
 * too. Tracking costs 3 µs a goroutine and keeps a goroutine in memory until its end, but does not keep the process
 * alive.
 *
 * Returns a function that stops the printing and the tracking.
 *
 * @example
 * ```ts
 * dumpOnSignal() // then: kill -QUIT <pid>
 * ```
 */
export function dumpOnSignal(options: DumpOptions = {}): () => void {
  checkRecord('dumpOnSignal(options)', 'an object', options, ['signal', 'json'])
  const { signal = 'SIGQUIT', json = false } = options
  if (!(signal in constants.signals)) throw mistyped('dumpOnSignal({ signal })', 'the name of a signal, such as "SIGQUIT"', signal)
  checkFlag('dumpOnSignal({ json })', json)
  const tracker = new Tracker(() => performance.now(), true)
  const remove = joinProbe(tracker)
  const hidePlaces = showPlaces((goroutine) => tracker.startedAt(goroutine as Task)) // the runtime reports Tasks only
  const print = (): void => {
    const dump = dumpOf(tracker)
    const { length } = dump.goroutines
    process.stderr.write(json ? `${JSON.stringify(dump)}\n` : `${length} goroutine${length === 1 ? '' : 's'}\n${dumpText(dump)}\n`)
  }
  process.on(signal, print)
  return () => {
    process.off(signal, print)
    remove()
    hidePlaces()
  }
}
