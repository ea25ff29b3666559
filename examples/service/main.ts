/** A service under a load of its own, or until a signal. `npm run service -- --help` says how. */
import { all, onLateFailure, type Context } from 'millrace'
import { main, serveUntil } from 'millrace/node'
import { complain } from '../fetch/errors.js'
import { parseConfig, type Config } from './config.js'
import { load } from './load.js'
import { Counts, linesOf, Tally } from './report.js'
import { service } from './service.js'
import { startUpstreams } from './upstreams.js'

main(
  async (ctx, intake) => {
    try {
      await serve(ctx, intake, parseConfig(process.argv.slice(2)))
      return 0
    } catch (error) {
      return complain(error)
    }
  },
  { drain: 5_000 },
)

/** `intake` ends with the first signal, and `ctx` when the drain is over. */
async function serve(ctx: Context, intake: Context, config: Config): Promise<void> {
  await using site = config.upstreams.length === 3 ? null : await startUpstreams(1)
  const [price, stock, reviews] = config.upstreams
  const counts = new Counts()
  const tally = new Tally()
  onLateFailure(() => void counts.late++) // a hedge has won, or the client has left
  const app = service(config, site?.upstreams ?? { price, stock, reviews }, ctx, counts)
  const origin = await app.listen({ host: '127.0.0.1', port: config.port })
  console.log(`listening on ${origin}`)

  const clients = config.seconds > 0 ? load(ctx, origin, config.seconds, tally) : intake.done()
  await all(ctx, [serveUntil(app.server, { intake, ctx }), clients])
  console.log('drained')
  for (const line of linesOf(tally, counts, site?.calls ?? null)) console.log(line)
}
