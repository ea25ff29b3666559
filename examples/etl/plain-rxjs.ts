/** The same in RxJS alone: `mergeMap` with a limit, `retry` for each request, `bufferCount`. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse'
import {
  bufferCount,
  concatMap,
  defer,
  filter,
  from,
  fromEvent,
  lastValueFrom,
  map,
  mergeMap,
  retry,
  takeUntil,
  tap,
  timeout,
  timer,
  type Observable,
} from 'rxjs'
import { fromFetch } from 'rxjs/fetch'
import type { Job } from './job.js'
import { orderRow, type EnrichedRow, type OrderRow } from './order.js'

class Unavailable extends Error {
  constructor(readonly response: Response) {
    super(`status ${response.status}`)
  }
}

export async function plainRxjs(
  signal: AbortSignal,
  { path, origin, workers, rate, perRequest, perBatch, store, report }: Job,
): Promise<void> {
  const text = createReadStream(path).pipe(createGunzip()) // an error of the file is not passed on
  const rows: AsyncIterable<unknown> = path.endsWith('.csv.gz') ? text.pipe(parse({ columns: true })) : createInterface({ input: text })
  const { checkpoint } = store
  let slot = Date.now()

  const enrich = (orders: OrderRow[]): Observable<EnrichedRow[]> =>
    defer(() => {
      slot = Math.max(slot + 1_000 / rate, Date.now())
      return timer(slot - Date.now())
    }).pipe(
      concatMap(() => fromFetch(`${origin}/discounts?customers=${orders.map(({ row }) => row.customer).join()}`)),
      concatMap((response) => {
        if (!response.ok) throw new Unavailable(response)
        return response.json() as Promise<number[]>
      }),
      timeout(5_000),
      retry({ count: 9, delay: pause }),
      map((discounts) => orders.map((order, i) => ({ ...order, percent: discounts[i] }))),
    )

  const saved = from(rows).pipe(
    map((row, i) => ({ line: i + 1, row })),
    filter(({ line }) => line > checkpoint),
    map((row) => ({ row, decoded: orderRow.safeParse(row) })),
    tap(({ row, decoded }) => void (decoded.success || store.reject(row.line, decoded.error.message))),
    concatMap(({ decoded }) => (decoded.success ? [decoded.data] : [])),
    bufferCount(perRequest),
    mergeMap(enrich, workers),
    bufferCount(perBatch),
    tap((groups) => store.save(groups.flat())),
    tap(() => report(null)),
    takeUntil(fromEvent(signal, 'abort')),
  )
  await lastValueFrom(saved, { defaultValue: null })
  if (signal.aborted) throw signal.reason
}

function pause(error: unknown, attempt: number): Observable<unknown> {
  const backoff = 50 * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
  const named = error instanceof Unavailable ? Number(error.response.headers.get('retry-after') ?? 0) : 0
  return timer(Math.max(backoff, 1_000 * named))
}
