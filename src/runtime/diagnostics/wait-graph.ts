/**
 * The wait graph: which goroutine could let which other goroutine go on.
 *
 *     goroutine ──waits for──▶ lock ──held by──▶ goroutine
 *        └──────waits for──▶ chan, waitGroup … ──used by──▶ goroutines
 *        └──────waits for──▶ goroutine (a join)
 *
 * Edges along locks and joins are exact: the goroutine goes on only when the other goroutine does. A ring of exact
 * edges is a partial deadlock, even while other goroutines run. Edges along channels say which goroutines have used the
 * channel: a hint, not a proof.
 */
import { Task } from '../goroutine/task.js'
import { Case } from '../operation/case.js'
import { PARKED } from '../operation/performer.js'
import type { Resource } from '../operation/resource.js'
import type { Waiter } from '../operation/waiter.js'
import type { Tracker } from './tracker.js'

/** The goroutines that could wake this goroutine: holders of a lock, the joined goroutine, other users of a channel. */
export function wakersOf(goroutine: Task, tracker: Tracker): readonly Task[] {
  const resources = tracker.resourcesOf(goroutine)
  const wakers = new Set(resources.flatMap((resource) => wakersThrough(resource, tracker)))
  const holdsItself = resources.some((resource) => tracker.holdersOf(resource).includes(goroutine))
  if (!holdsItself) wakers.delete(goroutine)
  return [...wakers]
}

function wakersThrough(resource: Resource, tracker: Tracker): readonly Task[] {
  if (resource instanceof Task) return [resource]
  const holders = tracker.holdersOf(resource)
  return holders.length > 0 ? holders.filter((holder) => holder !== null) : tracker.usersOf(resource)
}

/**
 * The goroutines without which this goroutine cannot go on. A choice needs none of its cases in particular; a semaphore
 * needs no holder in particular, because any goroutine may release a permit.
 */
function neededBy(goroutine: Task, tracker: Tracker): readonly Task[] {
  if (!isWaiting(goroutine) || isInChoice(goroutine)) return []
  const [resource] = tracker.resourcesOf(goroutine)
  if (resource === undefined) return []
  if (resource instanceof Task) return [resource]
  if (resource.kind !== 'mutex' && resource.kind !== 'rwMutex') return []
  const ahead = resource.waitersAhead?.(goroutine) ?? []
  return [...tracker.holdersOf(resource), ...ahead].filter((waiter) => waiter instanceof Task)
}

export function isWaiting(goroutine: Task): boolean {
  return goroutine.step === PARKED
}

/** A goroutine in a choice of two or more waits through cases and is not parked itself. */
function isInChoice(waiter: Waiter): boolean {
  const { raw } = waiter
  return raw instanceof Case && (raw.sibling !== null || isInChoice(raw))
}

/** Rings of goroutines that need each other, as ids. Each ring appears once, from its lowest id. */
export function ringsIn(tracker: Tracker): number[][] {
  const rings = new Map<string, number[]>()
  for (const start of tracker.live()) {
    const ring = ringFrom(start, tracker)
    const members = ring?.toSorted((a, b) => a - b).join()
    if (ring !== null && members !== undefined && !rings.has(members)) rings.set(members, ring)
  }
  return [...rings.values()]
}

/**
 * Searches breadth first from a goroutine back to itself. A writer needs every reader, so there may be several ways.
 */
function ringFrom(start: Task, tracker: Tracker): number[] | null {
  const cameFrom = new Map<Task, Task>()
  const open = [start]
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    for (const next of neededBy(at, tracker)) {
      if (next === start) return idsTo(at, start, cameFrom)
      if (cameFrom.has(next) || next.hasEnded) continue
      cameFrom.set(next, at)
      open.push(next)
    }
  }
  return null
}

function idsTo(end: Task, start: Task, cameFrom: ReadonlyMap<Task, Task>): number[] {
  const ids = [end.id]
  for (let at = end; at !== start;) {
    at = cameFrom.get(at) as Task // each goroutine was reached from another, back to the start
    ids.unshift(at.id)
  }
  return ids
}
