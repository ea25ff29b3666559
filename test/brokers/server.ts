/** A nats-server of its own for a test, on a port of its own. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findServer } from '../../scripts/brokers.mjs'
import { ServerProcess, type ServerPlace } from './server-process.js'

export interface ServerOptions extends ServerPlace {
  /** Further lines of the configuration. */
  readonly config?: string
  /** Further settings of JetStream. */
  readonly jetStream?: string
}

export class NatsServer extends ServerProcess {
  port = -1
  readonly host: string

  constructor(private readonly _options: ServerOptions = {}) {
    super('nats', _options.folder)
    this.host = _options.host ?? '127.0.0.1'
  }

  /** Starts the server, on the same port and files as before. */
  async start(): Promise<void> {
    const config = [
      `listen: ${this.host}:${this.port}`,
      `jetstream { store_dir: ${JSON.stringify(join(this.folder, 'store'))}\n ${this._options.jetStream ?? ''} }`,
      this._options.config ?? '',
    ]
    writeFileSync(join(this.folder, 'nats.conf'), config.join('\n'))
    const child = spawn(findServer(), ['-c', join(this.folder, 'nats.conf')], { stdio: ['ignore', 'ignore', 'pipe'] })
    const log = await this.ready(child, child.stderr, 'Server is ready')
    this.port = Number(/Listening for client connections on [\d.]+:(\d+)/.exec(log)?.[1])
  }
}

export async function startServer(options?: ServerOptions): Promise<NatsServer> {
  const server = new NatsServer(options)
  await server.start()
  return server
}
