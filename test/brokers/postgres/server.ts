/** A PostgreSQL of its own for a suite, on a port of its own. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { appendFileSync, chownSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../processes.js'
import { ServerProcess, type ServerPlace } from '../server-process.js'

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
  readonly host: string
  port = 0

  /** `settings`: further words of the command line. */
  constructor(
    { host = '127.0.0.1', folder }: ServerPlace = {},
    private readonly _settings: readonly string[] = [],
  ) {
    super('postgres', folder)
    this.host = host
  }

  /** Starts the server, on the same port and files as before. */
  async start(): Promise<void> {
    const data = join(this.folder, 'data')
    if (this.port === 0) {
      const { uid, gid } = this._user
      if (uid !== undefined) chownSync(this.folder, uid, gid as number) // both are there
      const settings = ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync', '--lc-messages=C', '--wal-segsize=1']
      execFileSync(join(this._bin, 'initdb'), settings, { ...this._user, cwd: this.folder, stdio: 'ignore' })
      appendFileSync(join(data, 'pg_hba.conf'), 'host all all all trust\n')
      this.port = await freePort()
    }
    const hosts = [...new Set(['127.0.0.1', this.host])].join(',')
    const place = ['-D', data, '-h', hosts, '-k', this.folder, '-p', String(this.port)]
    const settings = ['-c', 'max_connections=100', '-c', 'fsync=off', ...this._settings]
    const child = spawn(join(this._bin, 'postgres'), [...place, ...settings], {
      ...this._user,
      cwd: this.folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    await this.ready(child, child.stderr, 'ready to accept connections')
  }

  /** No clean end: the server comes back with what was committed. By `immediate`, which is SIGQUIT, its children end too. */
  override async kill(signal: 'SIGQUIT' | 'SIGKILL' = 'SIGQUIT'): Promise<void> {
    const children = signal === 'SIGKILL' ? this._killChildren() : []
    await super.kill(signal)
    while (areAlive(children)) await pause(5) // they hold the shared memory, without which no server starts on these files
  }

  /** The children have sessions of their own, so that no signal to a group reaches them. Returns their process ids. */
  private _killChildren(): readonly string[] {
    const { pid } = this
    try {
      process.kill(pid, 'SIGSTOP') // it starts no more of them
      const { stdout } = spawnSync('ps', ['--ppid', String(pid), '-o', 'pid='], { encoding: 'utf8' })
      const children = stdout.match(/\d+/g) ?? []
      for (const child of children) process.kill(Number(child), 'SIGKILL')
      return children
    } catch {
      return [] // it has ended
    }
  }
}

/** Whether one of the processes has not ended; a zombie has. */
function areAlive(pids: readonly string[]): boolean {
  if (pids.length === 0) return false
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', pids.join()], { encoding: 'utf8' })
  return stdout.split('\n').some((state) => state !== '' && !state.startsWith('Z'))
}

function idsOf(user: string): { readonly uid?: number; readonly gid?: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
