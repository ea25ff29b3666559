/** What goroutines wait for, in words: the things behind an operation, their kinds, and names for them. For dumps, traces and test kits. */
import { Channel } from '../channel/channel.js'
import { Spawned } from '../goroutine/goroutine.js'
import { mutex } from '../sync/mutex.js'
import type { Operation } from '../operation/operation.js'
import { rwMutex } from '../sync/rw-mutex.js'
import { semaphore } from '../sync/semaphore.js'
import { waitGroup } from '../sync/wait-group.js'

/** Where operations keep what they are of. A choice keeps others, and so does what wraps one. */
interface Parts {
  readonly operations?: readonly Operation<unknown>[]
  readonly _ops?: readonly Operation<unknown>[]
  readonly inner?: Operation<unknown>
  readonly ticket?: { readonly condition: object }
}

const places = [
  'channel',
  'mutex',
  'rw',
  'group',
  'semaphore',
  'goroutine',
  'timer',
  'once',
  'locks',
  'bucket',
  'watch',
  'context',
] as const

/** The operations this one is made of. */
export function partsOf(operation: Operation<unknown>): readonly Operation<unknown>[] {
  const { operations, _ops, inner } = operation as unknown as Parts // any of them may be missing
  return operations ?? _ops ?? (inner === undefined ? [] : [inner])
}

/** What this operation waits for: one thing, or several where it is a choice. */
export function thingsOf(operation: Operation<unknown>): readonly object[] {
  const parts = partsOf(operation)
  if (parts.length > 0) return parts.flatMap(thingsOf)
  const { ticket } = operation as unknown as Parts // as above
  if (ticket !== undefined) return [ticket.condition]
  const own = operation as unknown as Partial<Record<string, unknown>> // a look at its fields
  return places.map((place) => own[place]).filter((thing): thing is object => typeof thing === 'object' && thing !== null)
}

/** By class; made when first asked for. */
let kinds: ReadonlyMap<object, string> | null = null

function findKinds(): ReadonlyMap<object, string> {
  return new Map([
    [Channel.prototype, 'chan'],
    [prototypeOf(mutex()), 'mutex'],
    [prototypeOf(rwMutex()), 'rwMutex'],
    [prototypeOf(semaphore(1)), 'semaphore'],
    [prototypeOf(waitGroup()), 'waitGroup'],
  ])
}

function prototypeOf(thing: object): object {
  return Object.getPrototypeOf(thing) as object // of an instance of a class
}

export function kindOf(thing: object): string {
  kinds ??= findKinds()
  return kinds.get(prototypeOf(thing)) ?? thing.constructor.name.toLowerCase()
}

/** Names by kind and order of first meeting: `chan 1`, `mutex 1`, `chan 2`. */
export class Names {
  private readonly _names = new WeakMap<object, string>()
  private readonly _counts = new Map<string, number>()

  of(thing: object): string {
    if (thing instanceof Spawned) return `${thing.name}#${thing.id}`
    const known = this._names.get(thing)
    if (known !== undefined) return known
    const kind = kindOf(thing)
    const count = (this._counts.get(kind) ?? 0) + 1
    this._counts.set(kind, count)
    const name = `${kind} ${count}`
    this._names.set(thing, name)
    return name
  }
}
