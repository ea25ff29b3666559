/** A nats-server of its own for a test: on a port of its own, with files of its own, ended by its process id. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findServer } from '../../scripts/brokers.mjs'
import { endWithUs } from './processes.js'

export interface ServerOptions {
  /** Further lines of the configuration. */
  readonly config?: string
  /** The address on which the server listens; default 127.0.0.1. */
  readonly host?: string
  /** The folder of its files; default: a new one. */
  readonly folder?: string
}

export class NatsServer {
  private readonly _folder: string
  private _process: ChildProcess | null = null
  port = -1
  readonly host: string

  constructor(private readonly _options: ServerOptions = {}) {
    const { host = '127.0.0.1', folder = mkdtempSync(join(tmpdir(), 'millrace-nats-')) } = _options
    this.host = host
    this._folder = folder
  }

  /** Starts the server, on the same port and files as before. */
  async start(): Promise<void> {
    const { _folder: folder } = this
    const config = [
      `listen: ${this.host}:${this.port}`,
      `jetstream { store_dir: ${JSON.stringify(join(folder, 'store'))} }`,
      this._options.config ?? '',
    ]
    writeFileSync(join(folder, 'nats.conf'), config.join('\n'))
    const child = (this._process = spawn(findServer(), ['-c', join(folder, 'nats.conf')], { stdio: ['ignore', 'ignore', 'pipe'] }))
    endWithUs(child)
    let log = ''
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (text: Buffer) => {
        log += text.toString()
        if (log.includes('Server is ready')) resolve()
      })
      child.once('error', reject)
      child.once('exit', () => {
        reject(new Error(`nats-server ended: ${log}`))
      })
    })
    this.port = Number(/Listening for client connections on [\d.]+:(\d+)/.exec(log)?.[1])
  }

  get pid(): number {
    return this._process?.pid as number // it runs
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this._process
    this._process = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  async close(): Promise<void> {
    await this.kill()
    rmSync(this._folder, { recursive: true, force: true })
  }
}

export async function startServer(options?: ServerOptions): Promise<NatsServer> {
  const server = new NatsServer(options)
  await server.start()
  return server
}
