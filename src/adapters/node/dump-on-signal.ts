/** A look into a running program: a signal prints who is there and who waits for whom. Go's runtime does so on SIGQUIT, and ends; ours goes on. */
import { addProbe, dumpOf, Ledger, textOf } from '../../runtime/internal.js'

export interface DumpOptions {
  /** Default SIGQUIT, which a terminal sends for Ctrl-\. */
  readonly signal?: `SIG${string}`
  /** As JSON, one line, in the shape of `Dump` of `millrace/testing`; default is text. */
  readonly json?: boolean
}

/**
 * From now on the signal prints, to standard error, all goroutines that were started since: what each waits for and how long, which locks it holds, who
 * could wake it, where it was started, and the rings of those that wait for each other. It costs 3 µs a goroutine, and holds each until it ends; it
 * does not keep the process alive. Answers how to stop it.
 *
 * @example
 * ```ts
 * dumpOnSignal() // then: kill -QUIT <pid>
 * ```
 */
export function dumpOnSignal({ signal = 'SIGQUIT', json = false }: DumpOptions = {}): () => void {
  const now = (): number => performance.now()
  const ledger = new Ledger(now, true)
  addProbe(ledger)
  const print = (): void => {
    const dump = dumpOf(ledger, now())
    const { length } = dump.goroutines
    process.stderr.write(json ? `${JSON.stringify(dump)}\n` : `${length} goroutine${length === 1 ? '' : 's'}\n${textOf(dump)}\n`)
  }
  process.on(signal, print)
  return () => void process.off(signal, print)
}
