/** The program as a declaration, at the pace of its slowest stage: files are read no faster than the lookups answer. */
import type { Context, Goroutine } from 'millrace'
import { byKey, fromIterable, run, workerPool } from 'millrace/operators'
import { concatMap, filter, map, tap } from 'rxjs'
import { parse, type Entry } from './entry.js'
import type { Job } from './job.js'

export function pipeline(ctx: Context, { lines, workers, networks, clients, tables }: Job): Goroutine<void> {
  const entries = fromIterable(lines).pipe(
    concatMap((batch) => fromIterable(batch)),
    map(parse),
    tap((entry) => void (entry === null && tables.malformed++)),
    filter((entry): entry is Entry => entry !== null),
    workerPool(workers, (entry, ctx) => networks.locate(entry, ctx.signal), { ordered: true }),
    byKey(
      (entry) => entry.client,
      workers,
      (entry, ctx) => clients.visit(entry, ctx.signal),
    ),
    tap((entry) => tables.add(entry)),
  )
  return run(ctx, entries)
}
