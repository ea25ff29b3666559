/**
 * Rings of waiting goroutines that go through a channel, at the end of a run. A goroutine that waits for a channel needs
 * the only other goroutine alive that has used the channel, unless that one waits for the same. While others run this
 * would be a guess, since any goroutine may hold the channel. At the end of a run nothing runs.
 */
import type { Dump, GoroutineState } from '../../runtime/internal.js'

/** The rings as ids, each from its lowest id, without the rings of locks and joins that the dump has. */
export function channelRings({ goroutines, cycles }: Dump): readonly (readonly number[])[] {
  const byId = new Map(goroutines.map((one) => [one.id, one]))
  const known = new Set(cycles.map(membersOf))
  const rings: number[][] = []
  for (const { id } of goroutines) {
    const ring = ringFrom(id, byId)
    if (ring === null || known.has(membersOf(ring))) continue
    known.add(membersOf(ring))
    rings.push(ring)
  }
  return rings
}

function membersOf(ring: readonly number[]): string {
  return ring.toSorted((a, b) => a - b).join()
}

function ringFrom(start: number, byId: ReadonlyMap<number, GoroutineState>): number[] | null {
  const ring = [start]
  for (let next = neededBy(start, byId); next !== null && ring.length <= byId.size; next = neededBy(next, byId)) {
    if (next === start) return ring
    ring.push(next)
  }
  return null
}

/** The only goroutine without which this goroutine does not continue; null where there is none, or several. */
function neededBy(id: number, byId: ReadonlyMap<number, GoroutineState>): number | null {
  const waiter = byId.get(id)
  if (waiter?.state !== 'waiting' || waiter.on.length !== 1) return null
  const [only, ...others] = waiter.couldBeWokenBy.filter((one) => one.id !== id && one.state !== 'ended')
  if (only === undefined || others.length > 0) return null
  const other = byId.get(only.id)
  const isAlike = other?.waitsFor === waiter.waitsFor && other.on.join() === waiter.on.join()
  return isAlike ? null : only.id
}
