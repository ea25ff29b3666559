/** The laws about kills and takeovers, in a cluster of which a primary is killed. */
import { Cluster } from 'ioredis'
import { laws } from 'millrace/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { Proxy } from '../../proxy.js'
import { openAt, type RedisPlace, type WorkerWay } from '../harness.js'
import { RedisCluster } from './cluster.js'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await RedisCluster.start()
})
afterAll(() => cluster.close())

/** The addresses that the servers tell are mapped to proxies. */
async function workerWay(): Promise<WorkerWay> {
  const proxies = cluster.nodes.map(({ port }) => new Proxy(port))
  const near = await Promise.all(proxies.map(async (proxy) => ({ host: '127.0.0.1', port: await proxy.listen() })))
  const natMap = Object.fromEntries(cluster.nodes.map(({ port }, i) => [`127.0.0.1:${port}`, near[i]]))
  const client = new Cluster(near, { natMap })
  client.on('error', () => {})
  return {
    client,
    cut() {
      client.disconnect() // not afterwards: a client that has lost all servers would connect anew
      for (const proxy of proxies) proxy.cut()
      return Promise.resolve()
    },
    hold(isHeld) {
      for (const proxy of proxies) proxy.hold(isHeld)
    },
  }
}

const place: RedisPlace = {
  connect: () => cluster.connect(),
  connectWorker: workerWay,
  kill: async (stream) => cluster.kill(await cluster.primaryOf(stream)),
  restart: () => cluster.heal(),
}

const wanted = ['kill of a worker', 'kill of the broker', 'kill of both', 'takeover in order', 'drain']
describe.each(['log', 'queue'] as const)('A cluster of Redis, a %s', (use) => {
  const all = laws.broker(openAt(place, use), { realTime: true, lease: 900 })
  for (const law of all.filter(({ name }) => wanted.some((of) => name === `${of}, ${use}`))) it(law.name, () => law.check())
})
