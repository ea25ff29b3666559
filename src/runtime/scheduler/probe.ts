/**
 * The probe: one nullable hook that sees the events of the runtime. Without a probe, an event costs a branch. Dumps,
 * traces and test kits are built on it. Its methods are called synchronously, and must not perform operations.
 *
 * Always true: a probe of a user is called through a guard, so that its errors do not reach the code that it watches.
 */
import { mistyped } from '../base/arguments.js'
import { uncaught } from '../base/host.js'
import { shared } from '../base/shared.js'
import { queue } from './run-queue.js'

/** Each method is optional, and is called as its event happens. */
export interface Probe {
  /** A goroutine was created; it starts soon. */
  spawn?(goroutine: Observed): void
  /** A goroutine begins to wait; `on` is its operation in the words of Go's dumps (`chan receive`). */
  park?(goroutine: Observed, on: string): void
  /** A parked goroutine was granted its operation, and is ready. */
  wake?(goroutine: Observed): void
  /** A goroutine ended: returned, failed, or is unwound. */
  end?(goroutine: Observed): void
  /** A goroutine was canceled for the first time; it ends when it is unwound. */
  cancel?(goroutine: Observed): void
  /** A context ended: canceled, past its deadline, or by the end of its parent. */
  cancelContext?(context: object): void
  /** A value entered a channel: into its buffer, or straight to a receiver. */
  send?(channel: object): void
  /** A value left a channel, from its buffer or straight from a sender. */
  receive?(channel: object): void
  /** A channel was closed. */
  close?(channel: object): void
  /** A closed channel is closed again; that call throws. */
  closeTwice?(channel: object): void
  /** A lock or permit was granted: to the goroutine that runs, or to a waiter, which is woken next. */
  lock?(lock: object): void
  /** A lock or permit is given back by the code that runs; it may be granted to the next waiter at once. */
  unlock?(lock: object): void
  /** The counter of a wait group leaves zero. */
  add?(group: object): void
  /** The counter of a wait group leaves zero after a wait has returned: no wait has seen the end of that work yet. */
  lateAdd?(group: object): void
  /** A wait on a wait group returns. */
  wait?(group: object): void
  /**
   * An operation was made: a send, a sleep, a select. A primitive that keeps one operation for all calls (`receive()`,
   * `lock()`) makes one for each call while there is a probe.
   */
  make?(operation: object): void
  /** An operation is performed, by `yield*`, by `await`, as an observable or by `trySelect`. */
  perform?(operation: object): void
  /**
   * A call that never waits found nothing: `trySend` on a full channel, `tryReceive` of an empty one, `tryLock`, `tryAcquire`,
   * `isClosed` of an open channel, `err()` of a context that has not ended.
   */
  attempt?(thing: object): void
}

/** The goroutine as a probe sees it. */
export interface Observed {
  readonly id: number
  readonly name: string
}

/**
 * Sets the probe in place of all others; null removes them. Returns the probe before, to be set again afterwards: the
 * last that was set is taken back first. `addProbe` has no such order. An error that a probe throws is an uncaught
 * exception, and the program continues.
 */
export function setProbe(probe: Probe | null): Probe | null {
  if (probe !== null) checkProbe('setProbe(probe)', probe)
  const before = swapProbe(probe === null ? null : guarded(probe, true))
  return before === null ? null : (probes.guards.get(before) ?? before)
}

/**
 * Adds a probe to those that are there, which are called first. Returns a function that removes it; probes may be removed
 * in any order. An error that a probe throws is an uncaught exception, and the program continues. A probe does not see
 * events that it causes itself. Throws TypeError where `probe` is no object.
 *
 * @example
 * ```ts
 * const remove = addProbe({ send: () => console.log('a value was sent') })
 * chan<number>(1).trySend(1)
 * remove()
 * ```
 */
export function addProbe(probe: Probe): () => void {
  checkProbe('addProbe(probe)', probe)
  return joinProbe(guarded(probe, false))
}

/** `setProbe` for a probe of the package, which throws nothing. */
export function swapProbe(probe: Probe | null): Probe | null {
  const before = queue.probe
  queue.probe = withoutRemoved(probe)
  return before
}

/** `addProbe` for a probe of the package, which throws nothing. */
export function joinProbe(probe: Probe): () => void {
  const before = queue.probe
  probes.removed.delete(probe)
  queue.probe = before === null ? probe : both(before, probe)
  return () => {
    probes.removed.add(probe)
    queue.probe = withoutRemoved(queue.probe)
  }
}

/** Sets `by` in the place of a probe; probes that were added meanwhile stay. */
export function replaceProbe(probe: Probe, by: Probe | null): void {
  queue.probe = withoutRemoved(replaced(queue.probe, probe, by))
}

function checkProbe(where: string, probe: unknown): void {
  if (typeof probe !== 'object' || probe === null || Array.isArray(probe)) throw mistyped(where, 'an object with functions', probe)
}

/** Of the process, for all copies of the package. */
const probes = shared('millrace.probes.v2', () => ({
  /** The two probes that a combined probe calls. */
  parts: new WeakMap<Probe, readonly [Probe, Probe]>(),
  /** Guards, with the probe that `setProbe` returns for them. */
  guards: new WeakMap<Probe, Probe>(),
  removed: new WeakSet<Probe>(),
}))

function withoutRemoved(probe: Probe | null): Probe | null {
  if (probe === null || probes.removed.has(probe)) return null
  const parts = probes.parts.get(probe)
  return parts === undefined ? probe : joined(probe, parts, parts.map(withoutRemoved))
}

function replaced(probe: Probe | null, old: Probe, by: Probe | null): Probe | null {
  if (probe === null || probe === old) return probe === null ? null : by
  const parts = probes.parts.get(probe)
  return parts === undefined ? probe : joined(probe, parts, parts.map((part) => replaced(part, old, by))) // prettier-ignore
}

/** The combined probe with other parts; the same where they are the same. */
function joined(probe: Probe, parts: readonly [Probe, Probe], [first, second]: readonly (Probe | null)[]): Probe | null {
  if (first === parts[0] && second === parts[1]) return probe
  return first === null || second === null ? (first ?? second) : both(first, second)
}

/** The probe in force that `is` accepts; of several, the last that was added. Null where there is none. */
export function findProbe<P extends Probe>(is: (probe: Probe) => probe is P, probe = queue.probe): P | null {
  if (probe === null || is(probe)) return probe
  const parts = probes.parts.get(probe)
  return parts === undefined ? null : (findProbe(is, parts[1]) ?? findProbe(is, parts[0]))
}

/** Every event by name: the compiler refuses a list that lacks one. */
const events: Required<Record<keyof Probe, true>> = {
  spawn: true,
  park: true,
  wake: true,
  end: true,
  cancel: true,
  cancelContext: true,
  send: true,
  receive: true,
  close: true,
  closeTwice: true,
  lock: true,
  unlock: true,
  add: true,
  lateAdd: true,
  wait: true,
  make: true,
  perform: true,
  attempt: true,
}

type Listener = (...args: readonly unknown[]) => void

/** A probe with a listener for each event. */
function listening(listenerOf: (event: keyof Probe) => Listener): Probe {
  const listeners: Record<string, Listener> = {}
  for (const event of Object.keys(events) as (keyof Probe)[] /* the keys of `events` */) listeners[event] = listenerOf(event)
  return listeners
}

function both(first: Probe, second: Probe): Probe {
  const combined = listening((event) => (...args) => {
    ;(first[event] as Listener | undefined)?.call(first, ...args) // each event has one signature, and `args` are passed on as they came
    ;(second[event] as Listener | undefined)?.call(second, ...args) // the same event, the same signature
  })
  probes.parts.set(combined, [first, second])
  return combined
}

/** Calls a probe of the user: its errors go to the host, since they must not reach the half of an operation that calls it. */
function guarded(probe: Probe, isSet: boolean): Probe {
  if (probes.parts.has(probe) || probes.guards.has(probe)) return probe // the probe before
  let isInside = false
  const guard = listening((event) => (...args) => {
    if (isInside) return
    isInside = true
    try {
      ;(probe[event] as Listener | undefined)?.call(probe, ...args) // as above
    } catch (fault) {
      uncaught(fault)
    } finally {
      isInside = false
    }
  })
  probes.guards.set(guard, isSet ? probe : guard)
  return guard
}
