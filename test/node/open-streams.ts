/** Counts what a test has open: streams that are not closed, and listeners on streams that are. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Duplex, Readable, Writable } from 'node:stream'

type AnyStream = Readable | Writable | Duplex

export class OpenStreams {
  private readonly _streams: AnyStream[] = []

  add<S extends AnyStream>(stream: S): S {
    this._streams.push(stream)
    return stream
  }

  /** Streams that are not closed. */
  readonly count = (): number => this._streams.filter(({ closed }) => !closed).length
}

/**
 * The descriptors of a file, or of the files below a directory: a host opens others whenever it likes. 0 where the host
 * does not show them.
 */
export function descriptorsOf(path: string): number {
  return targets().filter((target) => target.startsWith(path)).length
}

/** The sockets of this process on a port, at either end. 0 where the host does not show them. */
export function socketsOn(port: number): number {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const tables = ['/proc/self/net/tcp', '/proc/self/net/tcp6'].filter((table) => existsSync(table))
  const rows = tables.flatMap((table) => readFileSync(table, 'utf8').split('\n')).map((row) => row.trim().split(/ +/))
  const inodes = rows.filter(([, local, remote]) => local?.endsWith(end) || remote?.endsWith(end)).map((row) => row[9])
  return targets().filter((target) => inodes.some((inode) => target === `socket:[${inode}]`)).length
}

function targets(): string[] {
  return descriptorNames().map(targetOf)
}

function descriptorNames(): string[] {
  try {
    return readdirSync('/proc/self/fd')
  } catch {
    return []
  }
}

/** The path that is open; empty for a descriptor that has been closed meanwhile. */
function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}

/** The listeners on a stream, by event. */
export function listenersOf(stream: AnyStream): Record<string, number> {
  return Object.fromEntries(stream.eventNames().map((name) => [String(name), stream.listenerCount(name)]))
}

/** Lets the host have some turns. */
export async function turns(n = 5): Promise<void> {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve))
}
