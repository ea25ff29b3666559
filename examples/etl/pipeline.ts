/** From the file to the database, as a declaration: at the pace of the slowest stage, with a bounded number of rows inside. */
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse'
import { backoff, fromPromise, rateLimiter, semaphore, type Context, type Goroutine, type RateLimiter, type Semaphore } from 'millrace'
import { fromReadable, lines, throughDuplex } from 'millrace/node/operators'
import { batch, decode, progress, retryEach, run, workerPool } from 'millrace/operators'
import { fetchOp } from 'millrace/web'
import { filter, map, tap, type Observable } from 'rxjs'
import type { Job } from './job.js'
import { orderRow, type EnrichedRow, type OrderRow, type Row } from './order.js'

/** Requests that wait, run or have finished, for each that runs: while one pauses, the others go on. */
const WINDOW = 10

interface Limited {
  readonly origin: string
  readonly limiter: RateLimiter
  readonly slots: Semaphore
}

export function pipeline(
  ctx: Context,
  { path, origin, workers, rate, perRequest, perBatch, store, report, batches }: Job,
): Goroutine<void> {
  const host = { origin, limiter: rateLimiter(rate, workers), slots: semaphore(workers) }
  const { checkpoint } = store
  const saved = rowsOf(path).pipe(
    map((row, i): Row => ({ line: i + 1, row })),
    filter(({ line }) => line > checkpoint),
    decode(orderRow, ({ value, cause }) => store.reject((value as Row).line, cause.message)),
    batch({ size: perRequest }),
    workerPool(WINDOW * workers, (rows, ctx) => enrich(ctx, rows, host), { ordered: true }),
    retryEach(backoff({ first: 50, attempts: 10 })),
    batch({ size: perBatch }),
    tap((groups) => store.save(groups.flat())),
    progress(({ left }) => report(left), { every: 200, ...(batches !== undefined && { total: batches }) }),
  )
  return run(ctx, saved)
}

function rowsOf(path: string): Observable<unknown> {
  const text = fromReadable(() => createReadStream(path)).pipe(throughDuplex(() => createGunzip()))
  return text.pipe(path.endsWith('.csv.gz') ? throughDuplex<Buffer, unknown>(() => parse({ columns: true })) : lines())
}

/** A retry takes a token and a slot too, and holds none during its pause. A schedule of `backoff` honors the Retry-After of a StatusError. */
function* enrich(ctx: Context, rows: readonly OrderRow[], { origin, limiter, slots }: Limited): Generator<never, EnrichedRow[]> {
  using _slot = yield* slots.acquire().within(ctx)
  yield* limiter.wait().within(ctx)
  const customers = rows.map(({ row }) => row.customer)
  using response = yield* fetchOp(`${origin}/discounts?customers=${customers.join()}`, { ctx, throwStatus: true }).timeout(5_000)
  const discounts = (yield* fromPromise(response.json())) as number[] // of the host, one for each customer
  return rows.map((row, i) => ({ ...row, percent: discounts[i] }))
}
