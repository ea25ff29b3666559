/** Counts what a test has open: streams that are not closed, and listeners on streams that are. */
import { readdirSync } from 'node:fs'
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
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0
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
