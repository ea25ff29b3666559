/** A worker of the kill matrix, in a process of its own: takes the messages of `in`, and publishes each to `out`. */
import { connect } from '@nats-io/transport-node'
import { fromPromise, sleep } from 'millrace'
import { byKey, drain, settle, through } from 'millrace/broker'
import { fromNats, toNats } from 'millrace/nats'
import { main } from 'millrace/node'
import { workerPool } from 'millrace/operators'
import type { WorkerSettings } from './settings.js'

const { host, port, use, partitions, window, lease, hasIds, longest } = JSON.parse(process.argv[2]) as WorkerSettings

main(function* (ctx) {
  const options = {
    servers: `${host}:${port}`,
    reconnectTimeWait: 50,
    reconnectJitter: 0,
    maxReconnectAttempts: -1,
    pingInterval: lease / 2,
  }
  const nc = yield* fromPromise(connect({ ...options, ignoreClusterUpdates: true, noAsyncTraces: true, waitOnFirstConnect: true }))
  const log = { log: 'in', partitions, window } as const
  const source = fromNats<number>(nc, { ...(use === 'log' ? log : { queue: 'in' }), beat: Math.min(500, lease / 3), prefetch: 64 })
  const work = (n: number) => sleep(n % (longest + 1)).map(() => n)
  const stage = use === 'log' ? byKey<number, number>((delivery) => delivery.key, 16, work) : workerPool(16, through(work))
  const to = toNats<number>(nc, {
    subject: ({ key }) => `out.${key}`,
    ...(hasIds && { id: ({ position }) => `${position.partition}:${position.offset}` }),
  })
  console.log('begins')
  yield* drain(ctx, source.pipe(stage, to, settle())).join()
  yield* fromPromise(nc.close())
  console.log('drained')
})
