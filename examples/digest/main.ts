/** Hashes and compresses all files of a folder on every core. `npm run digest -- --help` says how. */
import type { Context } from 'millrace'
import { main, SignalError } from 'millrace/node'
import { walk } from 'millrace/node/operators'
import { run } from 'millrace/operators'
import { filter } from 'rxjs'
import { complain } from '../fetch/errors.js'
import { parseConfig, type Config } from './config.js'
import { onPiscina } from './piscina.js'
import { onOurThreads, type Work } from './pipeline.js'
import { Progress } from './progress.js'
import { mega, Summary } from './summary.js'

main(async (ctx) => {
  try {
    return await digestFolder(ctx, parseConfig(process.argv.slice(2)))
  } catch (error) {
    return complain(error)
  }
})

/** Returns the exit status. What has been digested by then is in the summary, however the run ends. */
async function digestFolder(ctx: Context, { folder, threads, top, list, with: pool }: Config): Promise<number> {
  const files = await countOf(ctx, folder)
  const summary = new Summary()
  const started = performance.now()
  try {
    using progress = new Progress(files, summary)
    const done: Work['done'] = (path, outcome) => {
      if (outcome._tag === 'Left') summary.fail(path, outcome.left)
      else summary.add(outcome.right)
      if (list && outcome._tag === 'Right') process.stdout.write(`${outcome.right.sha256}  ${path}\n`)
      progress.show()
    }
    await { millrace: onOurThreads, piscina: onPiscina }[pool](ctx, { folder, threads, done })
    return summary.unread.length === 0 ? 0 : 1
  } catch (error) {
    if (!(error instanceof SignalError)) throw error
    process.stderr.write(`cut short: ${error.message}\n`)
    return 1 // after a signal, `main` sets its own
  } finally {
    report(summary, { top, list, seconds: (performance.now() - started) / 1_000 })
  }
}

async function countOf(ctx: Context, folder: string): Promise<number> {
  let files = 0
  await run(ctx, walk(folder).pipe(filter(({ isFile }) => isFile && ++files > 0))).join()
  return files
}

function report(summary: Summary, { top, list, seconds }: { top: number; list: boolean; seconds: number }): void {
  const { total, unread } = summary
  for (const { path, reason } of unread) process.stderr.write(`${path}: ${reason}\n`)
  if (!list) console.table(summary.top(top))
  process.stderr.write(
    `${total.files} files, ${mega(total.bytes)} MB in ${seconds.toFixed(1)} s, ${mega(total.bytes / seconds)} MB a second\n`,
  )
}
