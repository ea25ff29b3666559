/** A worker of the kill matrix, in a process of its own: takes the messages of `in`, and publishes each to `out`. */
import { after, fromPromise, select, sleep, type Context } from 'millrace'
import { byKey, drain, settle, through, type Delivery } from 'millrace/broker'
import { dumpOnSignal, main } from 'millrace/node'
import { workerPool } from 'millrace/operators'
import { tap, type Observable } from 'rxjs'
import { links } from './links.js'
import { TAKES_OVER, WORKS, type WorkerSettings } from './settings.js'

const settings = JSON.parse(process.argv[2]) as WorkerSettings
const { engine, use, longest, fault, atOnce } = settings

/** The messages of one ownership of a partition have one context. */
const ownerships = new WeakSet<Context>()

function keyOf({ key, ctx }: Delivery<number>): string | null {
  if (!ownerships.has(ctx)) {
    ownerships.add(ctx)
    console.log(TAKES_OVER)
  }
  return key
}

/** With a fault: messages are settled 200 ms before they go on. */
function settledFirst(deliveries: Observable<Delivery<number>>): Observable<Delivery<number>> {
  const settling = tap((delivery: Delivery<number>) => {
    delivery.done()
  })
  return deliveries.pipe(
    settling,
    workerPool(64, (delivery) => sleep(200).map(() => delivery)),
  )
}

if (fault === 'ends-at-once') process.on('SIGTERM', () => process.exit(143))

function* inTime(closed: Promise<unknown>): Generator<never, void> {
  const { case: how } = yield* select({ closed: fromPromise(closed), late: after(5000) })
  if (how === 'late') throw new Error('the client did not close within 5 s')
}

if (settings.dumps) dumpOnSignal()
process.on('SIGQUIT', () => {
  console.error(`what keeps the process: ${process.getActiveResourcesInfo().join(', ')}`)
})

main(function* (ctx) {
  const { source, to, close } = yield* fromPromise(links[engine](settings))
  let begun = 0
  const work = (n: number) => {
    if (++begun % 25 === 0) console.log(WORKS)
    return sleep(n % (longest + 1)).map(() => n)
  }
  const stage = use === 'log' ? byKey<number, number>(keyOf, atOnce, work) : workerPool(atOnce, through(work))
  const worked = source.pipe(stage)
  console.log('begins')
  try {
    yield* drain(ctx, fault === 'settles-first' ? settledFirst(worked).pipe(to) : worked.pipe(to, settle())).join()
  } finally {
    yield* inTime(close()) // else the process stays
  }
  console.log('drained')
})
