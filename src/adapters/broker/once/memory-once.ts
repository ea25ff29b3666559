import { checkRecord, checkTime, mistyped, time } from '../../../runtime/internal.js'
import type { OnceClaim, OnceStore } from './once.js'

interface Entry {
  owner: string | null
  /** ms: the end of the lease. */
  leaseUntil: number
  /** ms: the store forgets the id. */
  until: number
}

/** A store of `once` in memory. */
export interface MemoryOnce extends OnceStore {
  claim(id: string, owner: string, times: { readonly lease: number; readonly within: number }): OnceClaim
  /** The ids that are remembered, whether their effect is done or under way. */
  readonly size: number
}

/**
 * Makes a store for `once` in memory, for tests: it outlives the workers of `memoryBroker`, and no process. In the time of a
 * bubble or an exploration its leases are in that time.
 *
 * @example
 * ```ts
 * const store = memoryOnce()
 * const greet = once<User>(store, { within: 60_000 }, ({ name }) => visit(name))
 * ```
 */
export function memoryOnce(): MemoryOnce {
  return new InMemory()
}

class InMemory implements MemoryOnce {
  private readonly _entries = new Map<string, Entry>()

  get size(): number {
    return this._entries.size
  }

  claim(id: string, owner: string, times: { readonly lease: number; readonly within: number }): OnceClaim {
    checkRecord('claim(id, owner, times)', '{ lease, within }', times, ['lease', 'within'])
    const { lease, within }: Partial<typeof times> = times // from JavaScript they may be missing
    if (lease === undefined || within === undefined) throw mistyped('claim(id, owner, times)', '{ lease, within }', times)
    checkTime('claim(id, owner, { lease })', lease)
    checkTime('claim(id, owner, { within })', within)
    const now = time.timers.now()
    for (const [key, { until }] of this._entries) if (until <= now) this._entries.delete(key)
    const entry = this._entries.get(id)
    if (entry?.owner === null) return { state: 'done' }
    if (entry !== undefined && entry.owner !== owner && entry.leaseUntil > now) return { state: 'busy', wait: entry.leaseUntil - now }
    this._entries.set(id, { owner, leaseUntil: now + lease, until: now + Math.max(lease, within) })
    return { state: 'claimed', isUnsure: entry !== undefined && entry.owner !== owner }
  }

  finish(id: string, _owner: string, within: number): void {
    const now = time.timers.now()
    this._entries.set(id, { owner: null, leaseUntil: now, until: now + within })
  }

  release(id: string, owner: string): void {
    if (this._entries.get(id)?.owner === owner) this._entries.delete(id)
  }
}
