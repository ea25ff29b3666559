/** Loads a file of orders into a database. `npm run etl -- --help` says how. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from 'millrace'
import { main, SignalError } from 'millrace/node'
import { complain } from '../fetch/errors.js'
import { parseConfig, type Config } from './config.js'
import { brokenOf, generate } from './generate.js'
import { startHost, type Host } from './host.js'
import type { Job } from './job.js'
import { pipeline } from './pipeline.js'
import { plainAsync } from './plain-async.js'
import { plainRxjs } from './plain-rxjs.js'
import { Bar } from './progress.js'
import { Store } from './store.js'

main(async (ctx) => {
  try {
    await load(ctx, parseConfig(process.argv.slice(2)))
    return 0
  } catch (error) {
    if (error instanceof SignalError) return 1 // `main` sets the status of a signal
    return complain(error)
  }
})

const styles = {
  millrace: (ctx: Context, job: Job) => pipeline(ctx, job).join(),
  async: (ctx: Context, job: Job) => plainAsync(ctx.signal, job),
  rxjs: (ctx: Context, job: Job) => plainRxjs(ctx.signal, job),
}

async function load(ctx: Context, config: Config): Promise<void> {
  const path = config.file ?? (await generate(config.data, config.format, config.orders, ctx.signal))
  const total = config.file === undefined ? config.orders : undefined
  const db = join(config.data, `orders-${config.style}.db`)
  if (config.fresh) for (const end of ['', '-wal', '-shm']) rmSync(db + end, { force: true })

  using store = new Store(db)
  await using host = await startHost(config.rate + config.workers, store.checkpoint)
  using bar = new Bar(store, total)
  const { checkpoint: begun } = store
  process.stderr.write(`begins after row ${begun}\n`)
  const { workers, rate, perRequest, style } = config
  const perBatch = Math.ceil(config.batch / perRequest)
  const batches = total === undefined ? undefined : Math.ceil((total - brokenOf(total) - begun) / (perRequest * perBatch))
  const started = performance.now()
  try {
    await styles[style](ctx, { path, origin: host.origin, workers, rate, perRequest, perBatch, store, report: bar.show, batches })
  } finally {
    bar[Symbol.dispose]()
    summarize(store, host, performance.now() - started)
  }
}

function summarize(store: Store, { statuses }: Host, ms: number): void {
  const { orders, different, rejected } = store.counts()
  const memory = Math.round(process.resourceUsage().maxRSS / 1024)
  process.stderr.write(`${orders} rows of ${different} orders, ${rejected} rejected, checkpoint ${store.checkpoint}\n`)
  process.stderr.write(`${(ms / 1_000).toFixed(1)} s, peak memory ${memory} MB, responses ${JSON.stringify(statuses)}\n`)
}
