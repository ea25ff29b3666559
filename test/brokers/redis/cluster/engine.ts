/** The cluster as an engine of the kill matrix. */
import type { Cluster } from 'ioredis'
import { plan } from 'millrace/redis'
import { partitionOf, streamOf } from '../../../../src/adapters/redis/partition.js'
import type { KillBroker, KillEngine, KillSizes } from '../../kills/engine.js'
import { RedisCluster } from './cluster.js'

export class ClusterBroker implements KillBroker {
  readonly host = '127.0.0.1'
  /** The streams of `in`: one for each partition. */
  private readonly _streams: readonly string[]

  constructor(
    readonly cluster: RedisCluster,
    private readonly _client: Cluster,
    { use, partitions }: KillSizes,
  ) {
    this._streams = use === 'log' ? Array.from({ length: partitions }, (_, i) => streamOf('in', i)) : ['in']
  }

  /** Of one server; it tells of the others. */
  get port(): number {
    return this.cluster.nodes[0].port
  }
  async kill(): Promise<void> {
    await this.cluster.kill(await this.cluster.primaryOf('out'))
  }
  start(): Promise<void> {
    return this.cluster.heal()
  }
  async publish(first: number, end: number, keys: number): Promise<void> {
    const all = Array.from({ length: end - first }, (_, i) => {
      const key = String((first + i) % keys)
      return this._client.xadd(this._streams[partitionOf(key, this._streams.length)], '*', 'value', String(first + i), 'key', key)
    })
    await Promise.all(all)
  }
  count(): Promise<number> {
    return this._client.xlen('out')
  }
  /** Settled messages are removed from their stream. */
  async left(): Promise<number> {
    let left = 0
    for (const stream of this._streams) left += await this._client.xlen(stream)
    return left
  }
  async values(): Promise<readonly number[]> {
    const entries = await this._client.xrange('out', '-', '+')
    return entries.map(([, fields]) => Number(fields[fields.indexOf('value') + 1]))
  }
  async stores(): Promise<boolean> {
    return await this._client.xadd('out', '*', 'value', '-1').then(
      () => true,
      () => false,
    )
  }
  async close(): Promise<void> {
    this._client.disconnect()
    await this.cluster.close()
  }
}

export const redisCluster: KillEngine = {
  name: 'a cluster of Redis',
  id: 'redis cluster',
  uses: ['log', 'queue'],
  hasIds: true,
  unconfirmed: 256,
  points: 1,
  disk: 16,
  open: (sizes) => opened(sizes, false),
}

export const redisReplicas: KillEngine = { ...redisCluster, name: 'a cluster of Redis with replicas', open: (sizes) => opened(sizes, true) }

async function opened(sizes: KillSizes, hasReplicas: boolean): Promise<ClusterBroker> {
  const cluster = await RedisCluster.start([], hasReplicas)
  const client = cluster.connect()
  const { use, partitions } = sizes
  await plan(client, use === 'log' ? { log: 'in', partitions } : { queue: 'in' }).apply()
  return new ClusterBroker(cluster, client, sizes)
}
