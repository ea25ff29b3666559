/** A process that serves the stage of the kill matrix. */
import { connect } from '@nats-io/transport-node'
import { fromPromise } from 'millrace'
import { serve } from 'millrace/broker'
import { natsLink } from 'millrace/nats'
import { main } from 'millrace/node'
import { squaring, STAGES, type StageSettings } from './squaring.js'

const { port, lease } = JSON.parse(process.argv[2]) as StageSettings

main(function* (ctx) {
  const reconnect = { reconnectTimeWait: 50, reconnectJitter: 0, maxReconnectAttempts: -1, pingInterval: lease / 2 }
  const nc = yield* fromPromise(connect({ port, ...reconnect, ignoreClusterUpdates: true, waitOnFirstConnect: true }))
  console.log('begins')
  try {
    yield* serve(ctx, natsLink(nc, { stages: STAGES, lease }), squaring(true), { workers: 8 }).join()
  } finally {
    yield* fromPromise(nc.close()) // else the process stays
  }
})
