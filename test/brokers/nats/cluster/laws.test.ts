/** The laws about kills and takeovers, in a cluster whose leader is killed. */
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll } from 'vitest'
import { openAt } from '../harness.js'
import { lawsOf } from '../laws.js'
import { NatsCluster, NODES } from './cluster.js'

let cluster: NatsCluster
beforeAll(async () => {
  cluster = await NatsCluster.start()
})
afterAll(() => cluster.close())

const place = {
  get port() {
    return cluster.port
  },
  replicas: NODES,
  kill: async (nc: NatsConnection) => cluster.kill(await cluster.leaderOf(nc, 'in')),
  restart: () => cluster.heal(),
  async close(nc: NatsConnection) {
    for (const stream of ['in', 'out', 'millrace-owners']) await cluster.ask(nc, `$JS.API.STREAM.DELETE.${stream}`)
  },
}

const wanted = [
  'kill of a worker, log',
  'kill of a worker, queue',
  'kill of the broker, log',
  'kill of the broker, queue',
  'kill of both, log',
  'takeover in order, log',
  'zombie, log',
  'drain, log',
]
lawsOf(
  'A cluster of NATS JetStream',
  (settings) => openAt(place, settings),
  (all) => all.filter(({ name }) => wanted.includes(name)),
)
