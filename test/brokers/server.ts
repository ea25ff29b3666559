/** A nats-server of its own for a test: on a port of its own, with files of its own, ended by its process id. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findServer } from '../../scripts/brokers.mjs'

export interface ServerOptions {
  /** Further lines of the configuration. */
  readonly config?: string
}

export class NatsServer {
  private readonly _folder = mkdtempSync(join(tmpdir(), 'millrace-nats-'))
  private _process: ChildProcess | null = null
  port = -1

  constructor(private readonly _options: ServerOptions = {}) {}

  /** Starts the server, on the same port and files as before. */
  async start(): Promise<void> {
    const { _folder: folder } = this
    const config = [
      `listen: 127.0.0.1:${this.port}`,
      `jetstream { store_dir: ${JSON.stringify(join(folder, 'store'))} }`,
      this._options.config ?? '',
    ]
    writeFileSync(join(folder, 'nats.conf'), config.join('\n'))
    const child = (this._process = spawn(findServer(), ['-c', join(folder, 'nats.conf')], { stdio: ['ignore', 'ignore', 'pipe'] }))
    const end = (): void => void child.kill('SIGKILL') // also where a test has not come to its end
    process.once('exit', end)
    child.once('exit', () => process.off('exit', end))
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
    this.port = Number(/Listening for client connections on 127\.0\.0\.1:(\d+)/.exec(log)?.[1])
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
