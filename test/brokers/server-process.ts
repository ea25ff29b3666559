/** A server of its own for a suite: with files of its own, ended by its process id. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { endWithUs } from './processes.js'

export interface ServerPlace {
  /** The address on which the server listens; default 127.0.0.1. */
  readonly host?: string
  /** The folder of its files; default: a new one. */
  readonly folder?: string
}

export abstract class ServerProcess {
  protected readonly folder: string
  private _process: ChildProcess | null = null

  constructor(
    private readonly _name: string,
    folder = mkdtempSync(join(tmpdir(), `millrace-${_name}-`)),
  ) {
    this.folder = folder
  }

  /** Completes with the log, when that says that the server is ready. */
  protected async ready(child: ChildProcess, output: Readable, line: string): Promise<string> {
    this._process = child
    endWithUs(child)
    let log = ''
    await new Promise<void>((resolve, reject) => {
      output.on('data', (text: Buffer) => {
        log = `${log}${text.toString()}`.slice(-20_000)
        if (log.includes(line)) resolve()
      })
      child.once('error', reject)
      child.once('exit', () => {
        reject(new Error(`${this._name} ended: ${log}`))
      })
    })
    return log
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
    rmSync(this.folder, { recursive: true, force: true })
  }
}
