/** Counts what a test has open: streams that are not closed, and listeners on streams that are. */
import { readdirSync, readlinkSync } from 'node:fs'
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

/** The descriptors of this process; 0 where the host does not show them. */
export function descriptors(): number {
  return descriptorNames().length
}

/** The descriptors of a file, or of what is below a directory: a host opens others whenever it likes. */
export function descriptorsOf(path: string): number {
  return descriptorNames().filter((fd) => targetOf(fd).startsWith(path)).length
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
