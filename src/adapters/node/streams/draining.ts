/** The event `drain` for many pipelines that write to one stream, as a single listener of the stream. */
import type { WritableLike } from './like.js'

interface Draining {
  readonly all: Set<() => void>
  readonly listener: () => void
}

const draining = new WeakMap<WritableLike, Draining>()

/** Calls `drained` at each `drain`. A second call with the same function changes nothing. */
export function onDrain(stream: WritableLike, drained: () => void): void {
  const { all } = draining.get(stream) ?? listen(stream)
  all.add(drained)
}

export function offDrain(stream: WritableLike, drained: () => void): void {
  const known = draining.get(stream)
  if (known === undefined || !known.all.delete(drained) || known.all.size > 0) return
  draining.delete(stream)
  stream.off('drain', known.listener)
}

function listen(stream: WritableLike): Draining {
  const all = new Set<() => void>()
  const listener = (): void => {
    for (const drained of [...all]) drained()
  }
  const made = { all, listener }
  draining.set(stream, made)
  stream.on('drain', listener)
  return made
}
