/** A PostgreSQL of its own for a suite: on a port of its own, with files of its own, ended by its process id. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../processes.js'

const versions = '/usr/lib/postgresql'

/** The folder of the programs of the newest PostgreSQL here. Throws where there is none. */
export function findPostgres(): string {
  const bins = existsSync(versions)
    ? readdirSync(versions)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => join(versions, version, 'bin'))
    : []
  const found = bins.find((bin) => existsSync(join(bin, 'initdb')))
  if (found === undefined) throw new Error('no PostgreSQL: `apt-get install postgresql` installs one')
  return found
}

export class PostgresServer {
  private readonly _folder = mkdtempSync(join(tmpdir(), 'millrace-postgres-'))
  private readonly _bin = findPostgres()
  private readonly _user = process.getuid?.() === 0 ? idsOf('postgres') : {} // a server refuses to run as root
  private _process: ChildProcess | null = null
  private _log = ''
  port = 0

  async start(): Promise<void> {
    const data = join(this._folder, 'data')
    if (this.port === 0) {
      const { uid, gid } = this._user
      if (uid !== undefined) chownSync(this._folder, uid, gid as number) // both are there
      execFileSync(join(this._bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync'], {
        ...this._user,
        cwd: this._folder,
        stdio: 'ignore',
      })
      this.port = await freePort()
    }
    const settings = ['-h', '127.0.0.1', '-k', this._folder, '-p', String(this.port), '-c', 'max_connections=100', '-c', 'fsync=off']
    this._process = spawn(join(this._bin, 'postgres'), ['-D', data, ...settings], {
      ...this._user,
      cwd: this._folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this._process.stderr?.on('data', (text: Buffer) => (this._log = `${this._log}${text.toString()}`.slice(-2000)))
    while (!(await accepts(this.port))) if (this._process.exitCode !== null) throw new Error(`PostgreSQL ended: ${this._log}`)
  }

  /** As kill -9: the server comes back with what was committed. */
  async kill(): Promise<void> {
    const child = this._process
    this._process = null
    if (child === null || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGQUIT') // `immediate`: no clean end, and its children end too
    await ended
  }

  async close(): Promise<void> {
    await this.kill()
    rmSync(this._folder, { recursive: true, force: true })
  }
}

function idsOf(user: string): { readonly uid?: number; readonly gid?: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** Whether the server lets a client in: it answers a startup message, and does not say that it is starting up. */
async function accepts(port: number): Promise<boolean> {
  const parameters = Buffer.from('user\0postgres\0database\0postgres\0\0')
  const head = Buffer.alloc(8)
  head.writeInt32BE(8 + parameters.length, 0)
  head.writeInt32BE(196608, 4)
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1')
    const end = (is: boolean): void => {
      socket.destroy()
      setTimeout(
        () => {
          resolve(is)
        },
        is ? 0 : 20,
      )
    }
    socket.once('connect', () => socket.write(Buffer.concat([head, parameters])))
    socket.once('data', (answer: Buffer) => {
      end(answer.toString('latin1', 0, 1) === 'R')
    })
    socket.once('error', () => {
      end(false)
    })
  })
}
