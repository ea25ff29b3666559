/** Primaries of one cluster of Redis on loopback, each with a third of the slots, and perhaps replicas. */
import { setTimeout as pause } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'
import { freePort } from '../../processes.js'
import { RedisServer } from '../server.js'

export const PRIMARIES = 3
const SLOTS = 16_384

export class RedisCluster {
  private readonly _down = new Set<number>()
  private readonly _clients: Redis[] = []

  private constructor(readonly nodes: readonly RedisServer[]) {}

  /**
   * Starts the primaries with their slots, and waits until each of them says that the cluster is well. With replicas there is one of each primary:
   * server 3 is that of server 0.
   */
  static async start(settings: readonly string[] = [], hasReplicas = false): Promise<RedisCluster> {
    const started = Array.from({ length: hasReplicas ? 2 * PRIMARIES : PRIMARIES }, async () => {
      const bus = String(await freePort()) // by default that of the clients and 10,000, which may be no port
      const timeout = ['--cluster-node-timeout', '1000']
      const server = new RedisServer(['--cluster-enabled', 'yes', '--cluster-port', bus, ...timeout, ...settings])
      await server.start()
      return { server, bus }
    })
    const all = await Promise.all(started)
    const cluster = new RedisCluster(all.map(({ server }) => server))
    const firstOf = (i: number): number => Math.floor((i * SLOTS) / PRIMARIES)
    for (let i = 0; i < PRIMARIES; i++) {
      await cluster.at(i).call('CLUSTER', 'ADDSLOTSRANGE', firstOf(i), firstOf(i + 1) - 1)
      await cluster.at(i).call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)
    }
    for (const { server, bus } of all.slice(1)) await cluster.at(0).call('CLUSTER', 'MEET', '127.0.0.1', server.port, bus)
    await cluster.isWell()
    for (let i = PRIMARIES; i < all.length; i++) await cluster._replicates(i)
    return cluster
  }

  /** Makes a server the replica of a primary, and waits until it has what that has. */
  private async _replicates(i: number): Promise<void> {
    const id = String(await this.at(i - PRIMARIES).call('CLUSTER', 'MYID'))
    const asks = (): Promise<boolean> => this.at(i).call('CLUSTER', 'REPLICATE', id).then(() => true, () => false) // prettier-ignore
    while (!(await asks())) await pause(20) // until it has heard of the primary
    while (!(await this.at(i).info('replication')).includes('master_link_status:up')) await pause(20)
  }

  /** The replica of a primary takes its place, after it has what that has; the primary is its replica then. */
  async failover(i: number): Promise<void> {
    const replica = this.at(i + PRIMARIES)
    await replica.call('CLUSTER', 'FAILOVER')
    while (!(await replica.info('replication')).includes('role:master')) await pause(20)
  }

  /** A client of one server. */
  at(i: number): Redis {
    return (this._clients[i] ??= clientOf(this.nodes[i].port))
  }

  connect(): Cluster {
    const cluster = new Cluster(this.nodes.map(({ port }) => ({ host: '127.0.0.1', port })))
    cluster.on('error', () => {}) // servers are killed on purpose
    return cluster
  }

  /** Waits until each server that runs says that all slots are served. */
  async isWell(): Promise<void> {
    for (const i of this.nodes.keys())
      while (!this._down.has(i) && !String(await this.at(i).call('CLUSTER', 'INFO').catch(String)).includes('cluster_state:ok'))
        await pause(20)
  }

  /** The number of the primary of a key. */
  async primaryOf(key: string): Promise<number> {
    for (const i of this.nodes.keys())
      if (!this._down.has(i) && (await this.at(i).exists(key).then(() => true, () => false))) return i // prettier-ignore
    throw new Error(`no primary has the slot of ${key}`)
  }

  /** Forgets the errors that the servers have counted. */
  async forgetErrors(): Promise<void> {
    for (const i of this.nodes.keys()) await this.at(i).config('RESETSTAT')
  }
  /** The commands that were sent to a server without their slot. */
  async redirections(): Promise<number> {
    const all = await Promise.all(this.nodes.map((_, i) => this.at(i).info('errorstats')))
    return all.map((text) => Number(/errorstat_MOVED:count=(\d+)/.exec(text)?.[1] ?? 0)).reduce((sum, n) => sum + n)
  }
  /** The reads that wait. */
  async waiting(): Promise<number> {
    const all = await Promise.all(this.nodes.map((_, i) => this.at(i).info('clients')))
    return all.map((text) => Number(/blocked_clients:(\d+)/.exec(text)?.[1])).reduce((sum, n) => sum + n)
  }

  /** Moves the keys of a slot to another server, which has the slot when the move ends. */
  async move(key: string): Promise<{ ends(): Promise<void> }> {
    const from = await this.primaryOf(key)
    const to = (from + 1) % PRIMARIES
    const slot = Number(await this.at(0).call('CLUSTER', 'KEYSLOT', key))
    const ids = await Promise.all(this.nodes.map((_, i) => this.at(i).call('CLUSTER', 'MYID').then(String)))
    await this.at(to).call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[from])
    await this.at(from).call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[to])
    const moves = async (): Promise<number> => {
      const keys = (await this.at(from).call('CLUSTER', 'GETKEYSINSLOT', slot, 10)) as string[] // the names of keys
      for (const one of keys) await this.at(from).migrate('127.0.0.1', this.nodes[to].port, one, 0, 5000)
      return keys.length
    }
    await moves()
    return {
      ends: async () => {
        while ((await moves()) > 0);
        for (const i of [to, from, 3 - to - from]) await this.at(i).call('CLUSTER', 'SETSLOT', slot, 'NODE', ids[to])
      },
    }
  }

  async kill(i: number): Promise<void> {
    this._down.add(i)
    await this.nodes[i].kill()
  }
  /** Starts the servers that were killed. */
  async heal(): Promise<void> {
    await Promise.all([...this._down].map((i) => this.nodes[i].start()))
    this._down.clear()
    await this.isWell()
  }
  async close(): Promise<void> {
    for (const client of this._clients) client.disconnect()
    for (const node of this.nodes) await node.close()
  }
}

function clientOf(port: number): Redis {
  const client = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 50 })
  client.on('error', () => {})
  return client
}
