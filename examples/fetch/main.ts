/** Fetches many URLs: at a bounded rate, with bounded concurrency, under one deadline. `npm start -- --help` says how. */
import { type Context, DeadlineExceededError, withTimeout } from 'millrace'
import { SignalError, main } from 'millrace/node'
import { Backlog } from './backlog.js'
import { type Config, parseConfig } from './config.js'
import { formatDuration } from './duration.js'
import { complain } from './errors.js'
import { goroutines } from './goroutines.js'
import { connectTo } from './over.js'
import { type Page, notFetched } from './page.js'
import { pipeline } from './pipeline.js'
import { Report } from './report.js'
import { startSite } from './site.js'
import { checkSources, countUrls, readUrls } from './urls.js'

const styles = { pipeline, goroutine: goroutines }

main(async (ctx) => {
  try {
    return await fetchAll(ctx, parseConfig(process.argv.slice(2)))
  } catch (error) {
    return complain(error)
  } finally {
    process.stdin.destroy() // whoever writes to it would hold us
  }
})

/** Answers the exit status: 0 when every URL was tried, 1 when the run was cut short. After a signal, `main` sets its own. */
async function fetchAll(ctx: Context, config: Config): Promise<number> {
  await using site = config.sources.length === 0 ? await startSite() : undefined
  const sources = site?.urls ?? config.sources
  await checkSources(sources)

  const total = await countUrls(sources, ctx.signal)
  using report = new Report(config.out, total)
  const backlog = new Backlog(readUrls(sources))
  const settle = (page: Page): void => {
    backlog.settle(page.url)
    report.page(page)
  }

  await using elsewhere = config.over === undefined ? undefined : await connectTo(config.over)

  using deadline = withTimeout(ctx, config.timeout)
  process.stdout.on('error', (error) => deadline.cancel(error)) // its reader has gone
  const end = await styles[config.style](deadline, config, backlog, settle, elsewhere?.link).join().attempt()

  const cut: unknown = deadline.signal.reason
  if (end._tag === 'Right') report.end()
  else if (cut instanceof SignalError) report.end(`interrupted: ${cut.message}`)
  else if (cut instanceof DeadlineExceededError) {
    // A list that somebody is still writing need not end: of that, only what has been read is reported.
    for await (const url of total === undefined ? backlog.underWay() : backlog.rest()) {
      if (ctx.signal.aborted) break
      report.page(notFetched(url, cut.message))
    }
    report.end(`cut short after ${formatDuration(config.timeout)}: ${cut.message}`)
  } else throw end.left
  return end._tag === 'Right' ? 0 : 1
}
