/** A network and a disk of a server for a test, which may be cut and filled. Needs Linux, root and iproute2. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ip = (...args: readonly string[]): void => void execFileSync('ip', args, { stdio: 'pipe' })

/** Whether this process may make namespaces and mounts. */
export function mayCut(): boolean {
  const name = `mr-try-${process.pid}`
  try {
    new Disk(1).close()
    ip('netns', 'add', name)
    ip('netns', 'del', name)
    return true
  } catch {
    return false
  }
}

/** A network namespace with a link to this one. */
export class Namespace {
  static made = 0
  private readonly _n = ++Namespace.made
  readonly name = `mr${process.pid}-${this._n}`
  private readonly _link = `mrv${process.pid % 10_000}-${this._n}`
  private readonly _net = `10.${200 + (process.pid % 50)}.${this._n}`
  /** This end of the link. */
  readonly host = `${this._net}.1`

  constructor() {
    ip('netns', 'add', this.name)
    ip('link', 'add', this._link, 'type', 'veth', 'peer', 'name', 'far', 'netns', this.name)
    ip('addr', 'add', `${this.host}/24`, 'dev', this._link)
    ip('link', 'set', this._link, 'up')
    ip('-n', this.name, 'addr', 'add', `${this._net}.2/24`, 'dev', 'far')
    ip('-n', this.name, 'link', 'set', 'far', 'up')
  }
  cut(): void {
    ip('-n', this.name, 'link', 'set', 'far', 'down')
  }
  heal(): void {
    ip('-n', this.name, 'link', 'set', 'far', 'up')
  }
  close(): void {
    ip('netns', 'del', this.name)
  }
}

/** A disk of some MiB in memory. */
export class Disk {
  private readonly _path = mkdtempSync(join(tmpdir(), 'millrace-full-'))

  constructor(private readonly _size: number) {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${_size}m`, 'tmpfs', this._path], { stdio: 'pipe' })
    } catch (error) {
      rmSync(this._path, { recursive: true })
      throw error
    }
    chmodSync(this._path, 0o755)
  }

  /** A new folder on the disk. */
  folder(): string {
    return mkdtempSync(join(this._path, 'server-'))
  }

  fill(): void {
    try {
      writeFileSync(join(this._path, 'filling'), Buffer.alloc(this._size << 20, 1))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }

  free(): void {
    rmSync(join(this._path, 'filling'))
  }

  close(): void {
    execFileSync('umount', ['-l', this._path])
    rmSync(this._path, { recursive: true })
  }
}
