/** A Redis of its own for a suite, on a port of its own. */
import { execFileSync, spawn } from 'node:child_process'
import { findRedis } from '../../../scripts/brokers.mjs'
import { freePort } from '../processes.js'
import { ServerProcess, type ServerPlace } from '../server-process.js'

/** Of the server under test, as 7. */
export function majorVersion(): number {
  return Number(/v=(\d+)/.exec(execFileSync(findRedis(), ['--version'], { encoding: 'utf8' }))?.[1])
}

export class RedisServer extends ServerProcess {
  readonly host: string
  port = 0

  /** `settings`: further words of the command line. */
  constructor(
    private readonly _settings: readonly string[] = [],
    { host = '127.0.0.1', folder }: ServerPlace = {},
  ) {
    super('redis', folder)
    this.host = host
  }

  /** Starts the server, on the same port and files as before. */
  async start(): Promise<void> {
    if (this.port === 0) this.port = await freePort()
    // With `everysec` the server may delay a write by 2 s while the disk is slow, and confirms it all the same.
    const stored = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
    const hosts = [...new Set(['127.0.0.1', this.host])]
    const place = ['--bind', ...hosts, '--protected-mode', 'no', '--port', String(this.port), '--dir', this.folder]
    const child = spawn(findRedis(), [...place, ...stored, ...this._settings], { stdio: ['ignore', 'pipe', 'ignore'] })
    await this.ready(child, child.stdout, 'Ready to accept connections')
  }
}
