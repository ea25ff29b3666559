/**
 * Looks at pages for fetchers with `--over` the same server: `worker.ts nats://HOST:PORT`. Prints the URL of each page that it
 * begins. With a number n after the server it keeps the page after n others for ever, so that a kill is sure to find one.
 */
import { never } from 'millrace'
import { serve } from 'millrace/broker'
import { main } from 'millrace/node'
import { enrichingBy, lookAt } from './enrich.js'
import { complain } from './errors.js'
import { connectTo } from './over.js'

main(async (ctx) => {
  const [server, most = 'Infinity'] = process.argv.slice(2)
  try {
    await using elsewhere = await connectTo(server)
    let begun = 0
    const printing = enrichingBy(function* (fetched) {
      console.log(fetched.url)
      if (++begun > Number(most)) {
        console.log('keeps')
        yield* never()
      }
      return lookAt(fetched)
    })
    console.log('serves')
    await serve(ctx, elsewhere.link, printing, { workers: 4 }).join()
    return 0
  } catch (error) {
    return complain(error)
  }
})
