import { background } from 'millrace'
import { settle, through } from 'millrace/broker'
import { onUnpaced, run, workerPool } from 'millrace/operators'
import { take, type Observable } from 'rxjs'

/** The first messages of a source, which are settled, and its warnings meanwhile. */
export async function warningsOf(
  source: Observable<never>,
  count: number,
): Promise<{ readonly read: readonly unknown[]; readonly warnings: readonly string[] }> {
  const warnings: string[] = []
  const off = onUnpaced(({ message }) => void warnings.push(message))
  const read: unknown[] = []
  try {
    const taken = source.pipe(take(count), workerPool(1, through((n) => void read.push(n))), settle()) // prettier-ignore
    await run(background, taken).join()
  } finally {
    off()
  }
  return { read, warnings }
}
