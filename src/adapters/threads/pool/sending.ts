/** What a pool sends to a thread: the data that it starts with, and the words for a call that cannot be sent. */
import { findProbe, GoroutineTable, Tracker } from '../../../runtime/internal.js'
import type { Port, ThreadEvents, ThreadHost } from '../hosts/host.js'
import { hasWaiters } from '../shared/waits.js'
import { HeldPort } from '../stillness/held-port.js'
import { stillnessOf } from '../stillness/stillness.js'
import type { Boot, FunctionName } from '../wire/batch.js'
import type { Claims } from '../wire/claims.js'
import { UnclonableError } from '../wire/errors.js'
import { unclonablePart } from '../wire/unclonable.js'
import type { Call } from './call.js'
import type { PoolSettings } from './pool.js'

/** The data that a thread starts with. */
export function bootOf(entry: FunctionName, { words }: Claims, { memory, recycle }: PoolSettings): Boot {
  const recycleAt = recycle.memory === Infinity ? null : recycle.memory
  return { words, entry: entry.server ?? entry.url, isServer: entry.server !== null, memory, recycleAt, traces: tracesHere() }
}

/** A thread traces its goroutines as this side does. */
function tracesHere(): Boot['traces'] {
  const table = findProbe((probe) => probe instanceof Tracker) ?? findProbe((probe) => probe instanceof GoroutineTable)
  if (table === null) return 'nothing'
  return table instanceof Tracker ? 'places' : 'goroutines'
}

/** The port of a new thread; where the host can tell that it is still, the port holds the process only while the thread can act. */
export function startThread(host: ThreadHost, boot: Boot, events: ThreadEvents, names: () => readonly string[]): Port {
  const { onEmpty } = host
  if (onEmpty === null) return host.start(boot, events)
  return new HeldPort((held) => host.start(boot, held), events, stillnessOf(onEmpty, hasWaiters), names)
}

/** The error of a call of which a value cannot be cloned. */
export function notSent({ fn }: Call, part: string, way: 'to' | 'back from', cause?: unknown): UnclonableError {
  return new UnclonableError(`${fn.name}: ${part}, which cannot be sent ${way} a thread`, fn.name, { cause })
}

/** The part of a call that cannot be cloned: of an argument, or of a value of its context. */
export function refusedPart({ args, context }: Call): string | null {
  const values = typeof context === 'object' ? Object.entries(context) : []
  const parts = [
    ...args.map((arg, i) => unclonablePart(arg, args.length === 1 ? 'the argument' : `argument ${i + 1}`)),
    ...values.map(([name, value]) => unclonablePart(value, `the value of the context key ${JSON.stringify(name)}`)),
  ]
  return parts.find((found) => found !== null) ?? null
}
