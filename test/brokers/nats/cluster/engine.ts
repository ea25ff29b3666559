/** The cluster as an engine of the kill matrix: three replicas of everything, and servers that are killed by their part in the cluster. */
import { headers, type NatsConnection } from '@nats-io/transport-node'
import { plan } from 'millrace/nats'
import type { KillBroker, KillEngine, KillSizes } from '../../kills/engine.js'
import { NatsCluster, NODES } from './cluster.js'

interface ConsumerState {
  readonly num_pending: number
  readonly num_ack_pending: number
}
interface Stored {
  readonly message: { readonly data: string }
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
    // Each key in turn, and by id: a message that had no answer, as while the stream has no leader, is published again.
    for (let n = first; n < end; n += keys)
      await Promise.all(Array.from({ length: Math.min(keys, end - n) }, (_, i) => this._publish(n + i, keys)))
  }
  private async _publish(n: number, keys: number): Promise<void> {
    const h = headers()
    h.set('Nats-Msg-Id', String(n))
    await this.cluster.ask(this.nc, `in.${n % keys}`, n, h)
  }
  async count(): Promise<number> {
    return (await this._stateOf('out')).messages
  }
  private async _stateOf(stream: string): Promise<StreamState['state']> {
    return (await this.cluster.ask<StreamState>(this.nc, `$JS.API.STREAM.INFO.${stream}`)).state
  }
  async left(): Promise<number> {
    const { use, partitions } = this._sizes
    const consumers = use === 'log' ? Array.from({ length: partitions }, (_, i) => `millrace-${i}`) : ['millrace']
    let left = 0
    for (const consumer of consumers) {
      const info = await this.cluster.ask<ConsumerState>(this.nc, `$JS.API.CONSUMER.INFO.in.${consumer}`)
      const { num_pending: waiting, num_ack_pending: underWay } = info
      left += waiting + underWay
    }
    return left
  }

  async values(): Promise<readonly number[]> {
    const { last_seq: last } = await this._stateOf('out')
    const all: number[] = []
    while (all.length < last)
      all.push(
        ...(await Promise.all(Array.from({ length: Math.min(100, last - all.length) }, (_, i) => this._valueAt(all.length + 1 + i)))),
      )
    return all
  }
  private async _valueAt(seq: number): Promise<number> {
    const { message } = await this.cluster.ask<Stored>(this.nc, '$JS.API.STREAM.MSG.GET.out', { seq })
    return Number(atob(message.data))
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
