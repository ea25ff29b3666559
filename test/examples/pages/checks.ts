/** What the page reports: each line is a fact about its threads. */
import { background, chan, onCrash, withTimeout } from 'millrace'
import { fromIterable, collect, workerPool } from 'millrace/operators'
import { ThreadLostError, threadPool } from 'millrace/threads'
import type * as Work from './work.js'

const seen = (cause: unknown): string => (cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause))

/** Leaves the results, or the error, where the test finds them. */
export async function report(checked: Promise<unknown>): Promise<void> {
  Object.assign(globalThis, { results: await checked.catch(seen) })
}

export async function checks({ work }: typeof Work): Promise<Record<string, unknown>> {
  const results: Record<string, unknown> = { isolated: crossOriginIsolated }
  Object.assign(globalThis, { soFar: results })
  const warnings = warningsFrom(console)
  const pool = threadPool({ size: 2, grace: Infinity, startTimeout: Infinity })
  results['hash'] = await work.hash.on(pool)(new Uint8Array([1, 2, 3]))
  results['isWorker'] = await work.isWorker.on(pool)()
  const chunks = Array.from({ length: 40 }, (_, n) => new Uint8Array([n]))
  const hashes = await collect(background, fromIterable(chunks).pipe(workerPool(4, work.hash.on(pool), { ordered: true }))).join()
  results['pipeline'] = hashes.length === 40 && hashes[1] === ((5381 * 33) ^ 1) >>> 0
  results['error'] = await work.fail
    .on(pool)()
    .then(
      () => 'none',
      (cause: RangeError & { code: string }) =>
        [cause instanceof RangeError, cause.message, cause.code, (cause.cause as Error).message].join(),
    )
  const [numbers, doubled] = [chan<number>(3), chan<number>(3)]
  for (const n of [1, 2, 3]) numbers.trySend(n)
  numbers.close()
  await work.doubled.on(pool)(numbers, doubled)
  const all: number[] = []
  for await (const n of doubled) all.push(n)
  results['channel'] = all.join()
  results['spin'] = await work.spin.on(pool)(withTimeout(background, 1000)).then(seen, seen) // less may pass before it begins
  {
    await using impatient = threadPool({ size: 1, grace: 1, startTimeout: Infinity })
    await impatient.ready(work.forever)
    const forever = work.forever.on(impatient)().timeout(50)
    results['forever'] = await forever.then(seen, (cause: Error) => cause.name)
    results['lost'] = impatient.stats().lost
  }
  results['after'] = await work.hash.on(pool)(new Uint8Array())
  results['leave'] = await work.leave.on(pool)().then(() => 'returned', (cause) => cause instanceof ThreadLostError) // prettier-ignore
  const crashed = new Promise((resolve) => onCrash((error) => resolve(seen(error))))
  await work.throwLater.on(pool)()
  results['throwLater'] = await crashed
  results['afterAll'] = await work.hash.on(pool)(new Uint8Array())
  await pool.close()
  results['threads'] = pool.stats().threads
  results['warnings'] = warnings.map((text) => /page is not cross-origin isolated.*headers/.test(text))
  return results
}

/** The warnings from now on. */
function warningsFrom(to: Console): string[] {
  const warnings: string[] = []
  to.warn = (...texts: readonly unknown[]) => void warnings.push(texts.join(' '))
  return warnings
}
