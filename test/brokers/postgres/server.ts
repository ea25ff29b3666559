/** A PostgreSQL of its own for a suite, on a port of its own. */
import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../processes.js'
import { ServerProcess } from '../server-process.js'

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

export class PostgresServer extends ServerProcess {
  private readonly _bin = findPostgres()
  private readonly _user = process.getuid?.() === 0 ? idsOf('postgres') : {} // a server refuses to run as root
  port = 0

  constructor() {
    super('postgres')
  }

  async start(): Promise<void> {
    const data = join(this.folder, 'data')
    if (this.port === 0) {
      const { uid, gid } = this._user
      if (uid !== undefined) chownSync(this.folder, uid, gid as number) // both are there
      execFileSync(join(this._bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync', '--lc-messages=C'], {
        ...this._user,
        cwd: this.folder,
        stdio: 'ignore',
      })
      this.port = await freePort()
    }
    const settings = ['-h', '127.0.0.1', '-k', this.folder, '-p', String(this.port), '-c', 'max_connections=100', '-c', 'fsync=off']
    const child = spawn(join(this._bin, 'postgres'), ['-D', data, ...settings], {
      ...this._user,
      cwd: this.folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    await this.ready(child, child.stderr, 'ready to accept connections')
  }

  /** As kill -9: the server comes back with what was committed. By `immediate` there is no clean end, and its children end too. */
  override kill(): Promise<void> {
    return super.kill('SIGQUIT')
  }
}

function idsOf(user: string): { readonly uid?: number; readonly gid?: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
