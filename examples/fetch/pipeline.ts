/** The fetcher as a declaration: what flows, how fast, and how much of it at once. */
import { type Context, type Goroutine, rateLimiter } from 'millrace'
import { fromIterable, rateLimit, run, workerPool } from 'millrace/operators'
import { tap } from 'rxjs'
import type { Limits } from './config.js'
import { type Page, fetchOne } from './fetch-one.js'

export function pipeline(ctx: Context, limits: Limits, urls: AsyncIterable<string>, report: (page: Page) => void): Goroutine<void> {
  const pages = fromIterable(urls).pipe(
    rateLimit(rateLimiter(limits.rate, limits.burst)),
    workerPool(limits.concurrency, (url, ctx) => fetchOne(ctx, url, limits.requestTimeout)),
    tap(report),
  )
  return run(ctx, pages)
}
