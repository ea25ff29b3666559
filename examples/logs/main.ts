/** Reads gzipped access logs into a table by minute and top lists, in flat memory. `npm run logs -- --help` says how. */
import type { Context } from 'millrace'
import { main, SignalError } from 'millrace/node'
import { complain } from '../fetch/errors.js'
import { parseConfig, type Config } from './config.js'
import { generate } from './generate.js'
import type { Job } from './job.js'
import { BrokenFileError, linesOf, sizeOf } from './lines.js'
import { pipeline } from './pipeline.js'
import { plainRxjs } from './plain-rxjs.js'
import { Progress } from './progress.js'
import { Clients, Networks } from './services.js'
import { Tables } from './tables.js'

main(async (ctx) => {
  try {
    return await readLogs(ctx, parseConfig(process.argv.slice(2)))
  } catch (error) {
    return complain(error)
  }
})

const styles = {
  millrace: (ctx: Context, job: Job) => pipeline(ctx, job).join(),
  rxjs: (ctx: Context, job: Job) => plainRxjs(ctx.signal, job),
}

/** Answers the exit status; what has been read by then is in the tables, however it ends. */
async function readLogs(ctx: Context, { files: given, size, data, out, workers, latency, top, style }: Config): Promise<number> {
  const files = given.length > 0 ? given : await generate(data, size, ctx.signal)
  const total = await sizeOf(files)
  const tables = new Tables(out, top)
  const progress = new Progress(total, tables)
  let cutShort: string | null = null
  try {
    const batches = linesOf(files, progress.read)
    await styles[style](ctx, { batches, workers, networks: new Networks(latency), clients: new Clients(latency), tables })
    return 0
  } catch (error) {
    cutShort = (error as Error).message
    if (!(error instanceof SignalError) && !(error instanceof BrokenFileError)) throw error
    return 1 // after a signal, `main` sets its own
  } finally {
    progress.end(cutShort)
    tables.end(cutShort)
  }
}
