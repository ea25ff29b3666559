/** A worker of the kill matrix, in a process of its own: takes the messages of `in`, and publishes each to `out`. */
import { fromPromise, sleep, type Context } from 'millrace'
import { byKey, drain, settle, through, type Delivery } from 'millrace/broker'
import { main } from 'millrace/node'
import { workerPool } from 'millrace/operators'
import { links } from './links.js'
import { TAKES_OVER, type WorkerSettings } from './settings.js'

const settings = JSON.parse(process.argv[2]) as WorkerSettings
const { engine, use, longest } = settings

/** The messages of one ownership of a partition have one context. */
const ownerships = new WeakSet<Context>()

function keyOf({ key, ctx }: Delivery<number>): string | null {
  if (!ownerships.has(ctx)) {
    ownerships.add(ctx)
    console.log(TAKES_OVER)
  }
  return key
}

main(function* (ctx) {
  const { source, to, close } = yield* fromPromise(links[engine](settings))
  const work = (n: number) => sleep(n % (longest + 1)).map(() => n)
  const stage = use === 'log' ? byKey<number, number>(keyOf, 16, work) : workerPool(16, through(work))
  console.log('begins')
  try {
    yield* drain(ctx, source.pipe(stage, to, settle())).join()
  } finally {
    yield* fromPromise(close()) // else the process stays
  }
  console.log('drained')
})
