/** A server and connections for a test of the adapter. */
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'
import { afterEach } from 'vitest'
import { startServer, type NatsServer, type ServerOptions } from '../server.js'

const RECONNECT = { reconnectTimeWait: 50, reconnectJitter: 0, maxReconnectAttempts: -1, ignoreClusterUpdates: true }

/** `open()` starts a server; what it has opened is closed after each test. */
export function servers(): (options?: ServerOptions) => Promise<Opened> {
  const opened: Opened[] = []
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close()
  })
  return async (options) => {
    const server = await startServer(options)
    const made = new Opened(server)
    opened.push(made)
    return made
  }
}

export class Opened {
  private readonly _connections: NatsConnection[] = []

  constructor(readonly server: NatsServer) {}

  async connect(options: NodeConnectionOptions = {}): Promise<NatsConnection> {
    const nc = await connect({ port: this.server.port, ...RECONNECT, ...options })
    this._connections.push(nc)
    return nc
  }
  async close(): Promise<void> {
    for (const nc of this._connections) await nc.close()
    await this.server.close()
  }
}

/** The number of messages of a stream. */
export async function countOf(nc: NatsConnection, stream: string): Promise<number> {
  const answer = await nc.request(`$JS.API.STREAM.INFO.${stream}`, '', { timeout: 10_000 })
  return answer.json<{ readonly state: { readonly messages: number } }>().state.messages
}
