import { connect, createInbox, type NatsConnection } from '@nats-io/transport-node'
import { plan } from 'millrace/nats'
import { setTimeout as pause } from 'node:timers/promises'
import { countOf } from '../../nats/nats.js'
import { startServer, type NatsServer } from '../../server.js'
import type { ServerPlace } from '../../server-process.js'
import type { KillBroker, KillEngine, KillSizes } from '../engine.js'

const RECONNECT = { reconnectTimeWait: 50, reconnectJitter: 0, maxReconnectAttempts: -1, ignoreClusterUpdates: true, noAsyncTraces: true }

interface ConsumerState {
  readonly num_pending: number
  readonly num_ack_pending: number
}

class NatsBroker implements KillBroker {
  constructor(
    private readonly _server: NatsServer,
    private readonly _nc: NatsConnection,
    private readonly _sizes: KillSizes,
  ) {}

  get host(): string {
    return this._server.host
  }
  get port(): number {
    return this._server.port
  }
  kill(): Promise<void> {
    return this._server.kill()
  }
  start(): Promise<void> {
    return this._server.start()
  }
  async publish(first: number, end: number, keys: number): Promise<void> {
    for (let n = first; n < end; n++) this._nc.publish(`in.${n % keys}`, String(n))
    while ((await countOf(this._nc, 'in')) < end) await pause(1)
  }
  count(): Promise<number> {
    return countOf(this._nc, 'out')
  }
  async left(): Promise<number> {
    const { use, partitions } = this._sizes
    const consumers = use === 'log' ? Array.from({ length: partitions }, (_, i) => `millrace-${i}`) : ['millrace']
    let left = 0
    for (const consumer of consumers) {
      const info = await this._nc.request(`$JS.API.CONSUMER.INFO.in.${consumer}`)
      const { num_pending: waiting, num_ack_pending: underWay } = info.json<ConsumerState>()
      left += waiting + underWay
    }
    return left
  }
  values(): Promise<readonly number[]> {
    return valuesOf(this._nc, 'out')
  }
  async stores(): Promise<boolean> {
    const answer = await this._nc.request('out.probe', '-1', { timeout: 1000 }).catch(() => null)
    return answer?.string().includes('"seq"') === true
  }
  async close(): Promise<void> {
    await this._nc.close()
    await this._server.close()
  }
}

/** The values of a stream, in their order, by pulls that a client can keep up with. */
async function valuesOf(nc: NatsConnection, stream: string): Promise<readonly number[]> {
  const count = await countOf(nc, stream)
  const all: number[] = []
  const config = { name: 'tally', ack_policy: 'none', deliver_policy: 'all', inactive_threshold: 60e9, mem_storage: true }
  const body = JSON.stringify({ stream_name: stream, config })
  const made = await nc.request(`$JS.API.CONSUMER.CREATE.${stream}.tally`, body, { timeout: 10_000 })
  const { error } = made.json<{ readonly error?: { readonly description: string } }>()
  if (error !== undefined) throw new Error(error.description)
  const inbox = createInbox()
  const sub = nc.subscribe(inbox, { max: count })
  const pull = (): void => nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.tally`, '{"batch":5000,"no_wait":true}', { reply: inbox })
  pull()
  for await (const message of sub) {
    all.push(Number(message.string()))
    if (all.length % 5000 === 0) pull()
  }
  return all
}

async function open(sizes: KillSizes, place: ServerPlace): Promise<KillBroker> {
  const server = await startServer(place)
  const nc = await connect({ servers: `${server.host}:${server.port}`, ...RECONNECT })
  const { use, partitions, lease, window } = sizes
  if (use === 'log') await plan(nc, { log: 'in', partitions, lease, window }).apply()
  else await plan(nc, { queue: 'in', lease, window }).apply()
  await plan(nc, { queue: 'out' }).apply()
  return new NatsBroker(server, nc, sizes)
}

export const nats: KillEngine = {
  name: 'NATS',
  id: 'nats',
  uses: ['log', 'queue'],
  hasIds: true,
  unconfirmed: 256,
  points: 2,
  disk: 16,
  open,
}
