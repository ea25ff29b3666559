/** The program as a declaration, at the pace of its slowest stage: files are read no faster than the lookups answer. */
import { select, type Context, type Goroutine } from 'millrace'
import { byKey, fromGoroutine, run, workerPool } from 'millrace/operators'
import { filter, map, tap, type Observable } from 'rxjs'
import { parse, type Entry } from './entry.js'
import type { Job } from './job.js'

export function pipeline(ctx: Context, { batches, workers, networks, clients, tables }: Job): Goroutine<void> {
  const entries = linesOf(batches).pipe(
    map(parse),
    tap((entry) => void (entry === null && tables.malformed++)),
    filter((entry): entry is Entry => entry !== null),
    workerPool(workers, (entry) => networks.locate(entry), { ordered: true }),
    byKey(
      (entry) => entry.client,
      workers,
      (entry) => clients.visit(entry),
    ),
    tap((entry) => tables.add(entry)),
  )
  return run(ctx, entries)
}

/** A send waits while the stages below are full, so the next batch is not asked for before it is wanted. */
function linesOf(batches: AsyncIterableIterator<readonly string[]>): Observable<string> {
  return fromGoroutine<string>(function* lines(emit) {
    for (;;) {
      const { value: step } = yield* select({ batch: batches.next() })
      if (step.done === true) return
      for (const line of step.value) yield* emit.send(line)
    }
  })
}
