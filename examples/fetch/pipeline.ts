/** The fetcher as a declaration: what flows, how fast, and how much of it at once. */
import { type Context, type Goroutine, rateLimiter } from 'millrace'
import type { StageLink } from 'millrace/broker'
import { fromIterable, rateLimit, run, workerPool } from 'millrace/operators'
import { tap } from 'rxjs'
import type { Limits } from './config.js'
import { enriching } from './enrich.js'
import { fetchOne } from './fetch-one.js'
import type { Page } from './page.js'

/** With a link the pages are looked at in other processes, and else here. */
export function pipeline(
  ctx: Context,
  limits: Limits,
  urls: AsyncIterable<string>,
  report: (page: Page) => void,
  link?: StageLink,
): Goroutine<void> {
  const { concurrency } = limits
  const pages = fromIterable(urls).pipe(
    rateLimit(rateLimiter(limits.rate, limits.burst)),
    workerPool(concurrency, (url, ctx) => fetchOne(ctx, url, limits.requestTimeout)),
    link === undefined ? enriching.pool(concurrency) : enriching.over(link, { workers: concurrency }),
    tap(report),
  )
  return run(ctx, pages)
}
