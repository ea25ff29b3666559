/** A Redis of its own for a suite: on a port of its own, with files of its own, ended by its process id. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findRedis } from '../../../scripts/brokers.mjs'
import { endWithUs, freePort } from '../processes.js'

export class RedisServer {
  private readonly _folder = mkdtempSync(join(tmpdir(), 'millrace-redis-'))
  private _process: ChildProcess | null = null
  private _log = ''
  port = 0

  /** `settings`: further words of the command line. */
  constructor(private readonly _settings: readonly string[] = []) {}

  /** Starts the server, on the same port and files as before. */
  async start(): Promise<void> {
    if (this.port === 0) this.port = await freePort()
    // With `everysec` the server may delay a write by 2 s while the disk is slow, and confirms it all the same.
    const stored = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
    const place = ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this._folder]
    const child = spawn(findRedis(), [...place, ...stored, ...this._settings], { stdio: ['ignore', 'pipe', 'ignore'] })
    this._process = child
    endWithUs(child)
    child.stdout.on('data', (text: Buffer) => (this._log = `${this._log}${text.toString()}`.slice(-2000)))
    while (!(await answers(this.port))) if (child.exitCode !== null) throw new Error(`Redis ended: ${this._log}`)
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

/** Whether the server answers, and does not load its files any more. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1')
    const end = (is: boolean): void => {
      socket.destroy()
      if (is) resolve(true)
      else setTimeout(resolve, 20, false)
    }
    socket.once('connect', () => socket.write('PING\r\n'))
    socket.once('data', (answer: Buffer) => {
      end(/^\+PONG|^-NOAUTH/.test(answer.toString()))
    })
    socket.once('error', () => {
      end(false)
    })
  })
}
