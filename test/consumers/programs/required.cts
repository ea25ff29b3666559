// A CommonJS module of TypeScript: Node's require() loads the ES module, and its types are the same.
import { chan, go } from 'millrace'
import { fromReceiver, workerPool } from 'millrace/operators'

const jobs = chan<number>(1)
go(function* () {
  yield* jobs.send(1)
})
export const results = fromReceiver(jobs).pipe(workerPool(1, (n) => n * 2))
