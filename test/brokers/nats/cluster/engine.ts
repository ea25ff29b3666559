/** The cluster as an engine of the kill matrix: three replicas of everything, and servers that are killed by their part in the cluster. */
import { createInbox, type NatsConnection } from '@nats-io/transport-node'
import { plan } from 'millrace/nats'
import { setTimeout as pause } from 'node:timers/promises'
import type { KillBroker, KillEngine, KillSizes } from '../../kills/engine.js'
import { NatsCluster, NODES } from './cluster.js'

interface ConsumerState {
  readonly num_pending: number
  readonly num_ack_pending: number
}
interface StreamState {
  readonly state: { readonly messages: number; readonly last_seq: number }
}

export class ClusterBroker implements KillBroker {
  readonly host = '127.0.0.1'

  constructor(
    readonly cluster: NatsCluster,
    readonly nc: NatsConnection,
    private readonly _sizes: KillSizes,
  ) {}

  get port(): number {
    return this.cluster.port
  }

  /** The number of the server that leads `in`. */
  leader(): Promise<number> {
    return this.cluster.leaderOf(this.nc, 'in')
  }
  async kill(): Promise<void> {
    await this.cluster.kill(await this.leader())
  }
  start(): Promise<void> {
    return this.cluster.heal()
  }

  async publish(first: number, end: number, keys: number): Promise<void> {
    for (let n = first; n < end; n++) this.nc.publish(`in.${n % keys}`, String(n))
    while ((await this._stateOf('in')).messages < end) await pause(5)
  }
  async count(): Promise<number> {
    return (await this._stateOf('out')).messages
  }
  private async _stateOf(stream: string): Promise<StreamState['state']> {
    return (await this.cluster.ask<StreamState>(this.nc, `$JS.API.STREAM.INFO.${stream}`)).state
  }
  async isSettled(): Promise<boolean> {
    const { use, partitions } = this._sizes
    const consumers = use === 'log' ? Array.from({ length: partitions }, (_, i) => `millrace-${i}`) : ['millrace']
    for (const consumer of consumers) {
      const info = await this.cluster.ask<ConsumerState>(this.nc, `$JS.API.CONSUMER.INFO.in.${consumer}`)
      const { num_pending: waiting, num_ack_pending: underWay } = info
      if (waiting + underWay > 0) return false
    }
    return true
  }

  async values(): Promise<readonly number[]> {
    const { messages: count } = await this._stateOf('out')
    const config = { name: 'tally', ack_policy: 'none', deliver_policy: 'all', inactive_threshold: 60e9, mem_storage: true }
    await this.cluster.ask(this.nc, '$JS.API.CONSUMER.CREATE.out.tally', { stream_name: 'out', config })
    const inbox = createInbox()
    const sub = this.nc.subscribe(inbox, { max: count })
    this.nc.publish('$JS.API.CONSUMER.MSG.NEXT.out.tally', JSON.stringify({ batch: count, expires: 30e9 }), { reply: inbox })
    const all: number[] = []
    for await (const message of sub) all.push(Number(message.string()))
    return all
  }
  async ownerships(): Promise<number> {
    return (await this._stateOf('millrace-owners')).last_seq
  }
  async stores(): Promise<boolean> {
    const answer = await this.nc.request('out.probe', '-1', { timeout: 1000 }).catch(() => null)
    return answer?.string().includes('"seq"') === true
  }
  async close(): Promise<void> {
    await this.nc.close()
    await this.cluster.close()
  }
}

async function open(sizes: KillSizes): Promise<KillBroker> {
  const cluster = await NatsCluster.start()
  const nc = await cluster.connect()
  const { use, partitions, lease, window } = sizes
  if (use === 'log') await plan(nc, { log: 'in', partitions, lease, window, replicas: NODES }).apply()
  else await plan(nc, { queue: 'in', lease, window, replicas: NODES }).apply()
  await plan(nc, { queue: 'out', replicas: NODES }).apply()
  return new ClusterBroker(cluster, nc, sizes)
}

export const natsCluster: KillEngine = {
  name: 'a cluster of NATS',
  id: 'nats',
  uses: ['log', 'queue'],
  hasIds: true,
  unconfirmed: 256,
  points: 1,
  disk: 16,
  open,
}
