// A program for an edge host. The host calls `main` for each request, and allows no timer, no fetch and no random number before that.
import { after, background, backoff, chan, go, select, withRetry } from 'millrace'
import { batch, collect, fromIterable, workerPool } from 'millrace/operators'
import * as web from 'millrace/web'
import { fromBody, toReadableStream } from 'millrace/web/operators'

globalThis.main = async () => {
  const jobs = chan(1)
  const first = await go(function* () {
    yield* jobs.send('job')
    return yield* select({ job: jobs.receive(), late: after(10_000) })
  }).join()
  let attempts = 0
  const answer = await withRetry(backoff({ first: 1 }), async () => {
    if (++attempts < 2) throw new Error('down')
    return `attempt ${attempts}`
  })
  const double = async (item) => item * 2
  const items = await collect(background, fromIterable([1, 2, 3]).pipe(workerPool(2, double), batch({ size: 2, within: 1000 }))).join()
  const response = new Response(toReadableStream(fromIterable([new TextEncoder().encode('bytes')])))
  const [bytes] = await collect(background, fromBody(response)).join()
  return JSON.stringify([first, answer, items, new TextDecoder().decode(bytes), typeof web.fetchOp])
}
