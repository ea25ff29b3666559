/** Three nats-servers of one cluster on loopback, and one address for all of them. */
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTo, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { connect, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node'
import { freePort } from '../../processes.js'
import { startServer, type NatsServer } from '../../server.js'

export const NODES = 3

const RECONNECT = { reconnectTimeWait: 50, reconnectJitter: 0, maxReconnectAttempts: -1, ignoreClusterUpdates: true, noAsyncTraces: true }

interface Answer {
  readonly error?: { readonly description: string }
}
interface StreamInfo {
  readonly cluster?: { readonly leader?: string }
}

export class NatsCluster {
  private readonly _down = new Set<number>()
  private readonly _front: Front

  private constructor(readonly nodes: readonly NatsServer[]) {
    this._front = new Front(() => nodes.filter((_, i) => !this._down.has(i)).map(({ port }) => port))
  }

  /** Starts the servers, and waits until they have a leader. */
  static async start(): Promise<NatsCluster> {
    const routes = await Promise.all(Array.from({ length: NODES }, freePort))
    const urls = routes.map((port) => `nats://127.0.0.1:${port}`).join(', ')
    const configOf = (port: number, i: number): string =>
      `server_name: n${i}\ncluster { name: millrace, listen: "127.0.0.1:${port}", routes: [${urls}] }`
    const cluster = new NatsCluster(await Promise.all(routes.map((port, i) => startServer({ config: configOf(port, i) }))))
    await cluster._front.listen()
    return cluster
  }

  /** The port of the address for all: a connection to it goes to a server that runs. */
  get port(): number {
    return this._front.port
  }

  async connect(): Promise<NatsConnection> {
    return connect({ port: this.port, ...RECONNECT })
  }

  /** An answer of JetStream, which may have no leader for a time. */
  async ask<T>(nc: NatsConnection, subject: string, body: unknown = {}, headers?: MsgHdrs): Promise<T> {
    for (;;) {
      if (nc.isClosed()) throw new Error('the connection is closed')
      const answer = await nc.request(subject, JSON.stringify(body), { timeout: 2000, ...(headers && { headers }) }).catch(() => null)
      const is = answer?.json<T & Answer>()
      if (is !== undefined && is.error === undefined) return is
      await pause(50)
    }
  }

  /** The number of the server that leads a stream. */
  async leaderOf(nc: NatsConnection, stream: string): Promise<number> {
    for (;;) {
      const leader = (await this.ask<StreamInfo>(nc, `$JS.API.STREAM.INFO.${stream}`)).cluster?.leader
      if (leader !== undefined) return Number(leader.slice(1))
      await pause(50)
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
  }
  async close(): Promise<void> {
    this._front.close()
    for (const node of this.nodes) await node.close()
  }
}

/** One address in front of servers, as a deployment has one: each connection goes to a server that runs, in turns. */
class Front {
  private readonly _server: Server
  private readonly _sockets = new Set<Socket>()
  private _turn = 0
  port = 0

  constructor(private readonly _ports: () => readonly number[]) {
    this._server = createServer((near) => {
      const ports = this._ports()
      const far = connectTo(ports[this._turn++ % ports.length], '127.0.0.1')
      const over = (): void => {
        for (const socket of [near, far]) {
          this._sockets.delete(socket)
          socket.destroy()
        }
      }
      for (const socket of [near, far]) {
        this._sockets.add(socket)
        socket.setNoDelay(true).on('error', over).on('close', over)
      }
      near.pipe(far).pipe(near)
    })
  }

  async listen(): Promise<void> {
    this._server.listen(0, '127.0.0.1')
    await once(this._server, 'listening')
    this.port = (this._server.address() as { readonly port: number }).port // it listens on a port
  }

  close(): void {
    this._server.close()
    for (const socket of this._sockets) socket.destroy()
  }
}
