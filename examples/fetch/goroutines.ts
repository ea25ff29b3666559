/** The fetcher as goroutines over channels, as one would write it in Go: a feeder, the workers, and whoever reads the pages. */
import {
  type Chan,
  type Context,
  type Goroutine,
  type Receiver,
  type Sender,
  chan,
  errgroup,
  go,
  range,
  rateLimiter,
  select,
} from 'millrace'
import type { Limits } from './config.js'
import { lookAt } from './enrich.js'
import { fetchOne } from './fetch-one.js'
import type { Page } from './page.js'

export function goroutines(ctx: Context, limits: Limits, urls: AsyncIterator<string>, report: (page: Page) => void): Goroutine<void> {
  return go(function* fetchAll() {
    const jobs: Chan<string> = chan()
    const pages: Chan<Page> = chan()

    const group = errgroup(ctx)
    group.go((ctx) => feed(ctx, limits, urls, jobs))
    for (let i = 0; i < limits.concurrency; i++) group.go((ctx) => worker(ctx, limits, jobs, pages))
    go(function* closePages() {
      const end = yield* group.wait().attempt()
      pages.close(end._tag === 'Left' ? end.left : undefined)
    })

    for (const it = range(pages); yield* it.next();) report(it.value)
  })
}

/** Sends one URL after the other, at the pace of the limiter, until there is none left. */
function* feed(ctx: Context, limits: Limits, urls: AsyncIterator<string>, jobs: Sender<string>): Generator<never, void> {
  const limiter = rateLimiter(limits.rate, limits.burst)
  for (;;) {
    const step = yield* select({ url: urls.next(), end: ctx.done() })
    if (step.case === 'end') return
    if (step.value.done) return jobs.close()
    // Not `wait().within(ctx)`: as in Go it fails at once where the token would come after the deadline, and others have time until then.
    const turn = yield* select({ token: limiter.wait(), end: ctx.done() })
    if (turn.case === 'end') return
    yield* jobs.send(step.value.value).within(ctx)
  }
}

function* worker(ctx: Context, limits: Limits, jobs: Receiver<string>, pages: Sender<Page>): Generator<never, void> {
  for (const it = range(jobs); yield* it.next().within(ctx);) {
    const fetched = yield* select({ page: fetchOne(ctx, it.value, limits.requestTimeout) }).within(ctx)
    yield* pages.send(lookAt(fetched.value)).within(ctx)
  }
}
