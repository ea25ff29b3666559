/**
 * The same in RxJS alone, as one would write it. It has the same bounds on what is asked at once, and none on what waits: the files are read as
 * fast as the disk gives, whatever the lookups do, and no client's group ever ends.
 *
 * Each lookup is a promise, also where the answer is there: inner observables that complete at once nest over a backlog until the stack is
 * full, and RxJS 7 then stops without a word.
 */
import { concatMap, filter, from, fromEvent, groupBy, lastValueFrom, map, mergeMap, of, takeUntil, tap } from 'rxjs'
import { parse, type Entry } from './entry.js'
import type { Job } from './job.js'

export async function plainRxjs(signal: AbortSignal, { batches, workers, networks, clients, tables }: Job): Promise<void> {
  const stop = signal.aborted ? of(null) : fromEvent(signal, 'abort')
  const entries = from(batches).pipe(
    concatMap((batch) => batch),
    map(parse),
    tap((entry) => void (entry === null && tables.malformed++)),
    filter((entry): entry is Entry => entry !== null),
    mergeMap(async (entry) => networks.locate(entry), workers), // not in order
    groupBy((entry) => entry.client),
    mergeMap((client) => client.pipe(concatMap(async (entry) => clients.visit(entry)))), // with a limit it would wait for groups that never end
    tap((entry) => tables.add(entry)),
    takeUntil(stop),
  )
  await lastValueFrom(entries, { defaultValue: null })
  signal.throwIfAborted()
}
