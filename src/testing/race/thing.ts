/** What a run knows of a channel, lock, wait group, context or goroutine. The object itself is not kept. */
import type { Snapshot } from './clocks.js'
import type { MadeUp } from './misuse.js'
import type { Strand, Used } from './strand.js'

export class Thing {
  /** What strands keep of it. */
  readonly name: Used
  /** Of senders, for the values in the buffer, in order. */
  readonly sent: (Snapshot | null)[] = []
  /** Of receivers, for the sends that they have made room for. */
  readonly received: (Snapshot | null)[] = []
  sends = 0
  released: readonly Snapshot[] = []
  readers: readonly Snapshot[] = []
  readonly holders: Strand[] = []
  /** Of the steps on each entry; null before the first. */
  entries: Map<unknown, readonly Snapshot[]> | null = null
  /** The closes and sends of a channel, the waits and first adds of a wait group; null before the first. */
  madeUp: MadeUp | null = null
  /** A channel whose close may meet a send. */
  isLeft = false
  /** The earliest `add` of each chain; null before the first. */
  adds: readonly Snapshot[] | null = null

  constructor(object: object) {
    this.name = { kind: 'kind' in object && typeof object.kind === 'string' ? object.kind : '' }
  }
}
