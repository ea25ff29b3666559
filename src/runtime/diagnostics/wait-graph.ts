/**
 * Who waits for whom: the goroutines of a ledger, what each waits for, and who could let it go on.
 *
 *     goroutine ──waits for──▶ lock ──held by──▶ goroutine
 *        └──────waits for──▶ chan, waitGroup … ──used by──▶ goroutines
 *        └──────waits for──▶ goroutine (a join)
 *
 * Along locks and joins the arrows are exact: it goes on only when that one does. A cycle of them is a partial deadlock, whatever else goes on.
 * Along channels they say who has used them before, which is a hint, not a proof.
 */
import type { Operation } from '../operation/operation.js'
import { Spawned } from '../goroutine/goroutine.js'
import { placeOf, type Account, type Ledger } from './tracker.js'
import { kindOf, partsOf, thingsOf } from './things.js'

/** One goroutine that lives, as plain data: `JSON.stringify` takes it as it is. */
export interface GoroutineState {
  readonly id: number
  readonly name: string
  /** `waiting` at an operation, `runnable`, or `async`: a function that goes on by promises, of which it is not known where it stands. */
  readonly state: 'waiting' | 'runnable' | 'async'
  /** What it waits for, in the words of Go's dumps (`chan receive`); null unless it waits. */
  readonly waitsFor: string | null
  /** ms it has been waiting; 0 unless it waits. */
  readonly waited: number
  /** The things it waits for (`chan 1`); several where it is a select. */
  readonly on: readonly string[]
  /** The locks it holds. */
  readonly holds: readonly string[]
  /** Who could have let it go on: holders of the lock, the goroutine it joins, others that have used the channel. */
  readonly couldBeWokenBy: readonly {
    readonly id: number
    readonly name: string
    readonly state: 'waiting' | 'runnable' | 'async' | 'ended'
  }[]
  /** Who started it; null where that was no goroutine. */
  readonly startedBy: number | null
  /** The line of code that started it; null where places are not kept. */
  readonly startedAt: string | null
}

export interface Dump {
  /** The shape of this; it changes with the number. */
  readonly version: 1
  readonly goroutines: readonly GoroutineState[]
  /** Goroutines that wait for each other in a ring, by their ids: partial deadlocks. One that waits for a lock it holds itself is a ring of one. */
  readonly cycles: readonly (readonly number[])[]
}

export function dumpOf(ledger: Ledger, now: number): Dump {
  const accounts = [...ledger.alive.values()]
  return { version: 1, goroutines: accounts.map((one) => stateOf(one, ledger, now)), cycles: cyclesOf(ledger) }
}

function stateOf(account: Account, ledger: Ledger, now: number): GoroutineState {
  const { goroutine, since, startedBy } = account
  const state = lifeOf(goroutine)
  const things = state === 'waiting' ? thingsWaitedFor(goroutine) : []
  return {
    id: goroutine.id,
    name: goroutine.name,
    state,
    waitsFor: state === 'waiting' ? goroutine.waitsFor : null,
    waited: state === 'waiting' ? Math.max(0, now - since) : 0,
    on: things.map((thing) => ledger.names.of(thing)),
    holds: ledger.heldBy(goroutine).map((lock) => ledger.names.of(lock)),
    couldBeWokenBy: [...new Set(things.flatMap((thing) => wakersOf(thing, ledger)))]
      .filter((waker) => waker !== goroutine || things.some((thing) => ledger.holdersOf(thing).includes(goroutine)))
      .map((waker) => ({ id: waker.id, name: waker.name, state: waker.hasEnded ? ('ended' as const) : lifeOf(waker) })),
    startedBy: startedBy?.id ?? null,
    startedAt: placeOf(account),
  }
}

function lifeOf(goroutine: Spawned): 'waiting' | 'runnable' | 'async' {
  if (goroutine.isAsync) return 'async'
  return goroutine.waitsFor === 'runnable' ? 'runnable' : 'waiting'
}

function thingsWaitedFor({ operation }: Spawned): readonly object[] {
  return operation === null ? [] : thingsOf(operation)
}

function wakersOf(thing: object, ledger: Ledger): readonly Spawned[] {
  if (thing instanceof Spawned) return [thing]
  const holders = ledger.holdersOf(thing)
  if (holders.length > 0) return holders.filter((one) => one !== null)
  return ledger.usersOf(thing)
}

/** Those without whom it cannot go on: of a choice it is not known, for any of its cases will do. */
function needed(goroutine: Spawned, ledger: Ledger): readonly Spawned[] {
  const { operation } = goroutine
  if (operation === null || lifeOf(goroutine) !== 'waiting' || isChoice(operation)) return []
  const [thing] = thingsOf(operation)
  if (thing === undefined) return []
  if (thing instanceof Spawned) return [thing]
  return isLock(thing) ? ledger.holdersOf(thing).filter((one) => one !== null) : []
}

function isChoice(operation: Operation<unknown>): boolean {
  const parts = partsOf(operation)
  return parts.length > 1 || parts.some(isChoice)
}

/** Of a semaphore another may give back what it needs. */
function isLock(thing: object): boolean {
  return kindOf(thing) === 'mutex' || kindOf(thing) === 'rwMutex'
}

/** Rings of goroutines that need each other, each once, from its lowest id. */
function cyclesOf(ledger: Ledger): number[][] {
  const cycles = new Map<string, number[]>()
  for (const start of ledger.alive.keys()) {
    const ring = ringFrom(start, ledger)
    const members = ring?.toSorted((a, b) => a - b).join()
    if (ring !== null && members !== undefined && !cycles.has(members)) cycles.set(members, ring)
  }
  return [...cycles.values()]
}

/** Breadth first from one goroutine back to itself; a writer waits for each of the readers, so there may be several ways. */
function ringFrom(start: Spawned, ledger: Ledger): number[] | null {
  const cameFrom = new Map<Spawned, Spawned>()
  const open = [start]
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    for (const next of blockersOf(at, ledger)) {
      if (next === start) return wayTo(at, start, cameFrom)
      if (cameFrom.has(next) || next.hasEnded) continue
      cameFrom.set(next, at)
      open.push(next)
    }
  }
  return null
}

/** A reader that queues behind a waiting writer needs that writer to be done first. */
function blockersOf(goroutine: Spawned, ledger: Ledger): readonly Spawned[] {
  const direct = needed(goroutine, ledger)
  if (goroutine.waitsFor !== 'sync.RWMutex.RLock') return direct
  const [rw] = thingsWaitedFor(goroutine)
  const writers = [...ledger.alive.keys()].filter(
    (one) => one.waitsFor === 'sync.RWMutex.Lock' && thingsWaitedFor(one)[0] === rw && lifeOf(one) === 'waiting',
  )
  return [...direct, ...writers]
}

function wayTo(end: Spawned, start: Spawned, cameFrom: ReadonlyMap<Spawned, Spawned>): number[] {
  const way = [end.id]
  for (let at = end; at !== start;) {
    at = cameFrom.get(at) as Spawned // each was reached from another, up to the start
    way.unshift(at.id)
  }
  return way
}

function nameOf({ id, name }: { readonly id: number; readonly name: string }): string {
  return `${name}#${id}`
}

/**
 * The dump for a person to read: a line for each goroutine in the manner of Go's dumps, what it waits for and who could have woken it under it, and
 * the partial deadlocks.
 */
export function textOf({ goroutines, cycles }: Dump): string {
  const lines = goroutines.flatMap(linesOf)
  const names = new Map(goroutines.map((one) => [one.id, one]))
  for (const ring of cycles) lines.push(cycleText(ring, names))
  return lines.join('\n')
}

export function cycleText(ring: readonly number[], names: ReadonlyMap<number, GoroutineState>): string {
  const say = (id: number): string => {
    const one = names.get(id)
    return one === undefined ? `goroutine ${id}` : `${nameOf(one)} [${one.waitsFor}${one.on.length > 0 ? ` ${one.on.join(', ')}` : ''}]`
  }
  const [first] = ring
  if (ring.length === 1 && first !== undefined) return `partial deadlock: ${say(first)} waits for itself`
  return `partial deadlock: ${ring.map(say).join(' waits for ')}, which waits for the first`
}

function linesOf(one: GoroutineState): string[] {
  const head = one.waitsFor ?? (one.state === 'async' ? 'await' : 'runnable')
  const lines = [`goroutine ${one.id} [${head}${waitedText(one.waited)}]: ${one.name}`]
  if (one.on.length > 0) {
    const wakers = one.couldBeWokenBy.map(({ id, name, state }) => `${nameOf({ id, name })} (${state})`)
    lines.push(
      `    waits for ${one.on.join(', ')}; could be woken by ${wakers.length > 0 ? wakers.join(', ') : 'nobody that has used it so far'}`,
    )
  }
  if (one.holds.length > 0) lines.push(`    holds ${one.holds.join(', ')}`)
  if (one.startedAt !== null) lines.push(`    started at ${one.startedAt}${one.startedBy === null ? '' : ` by goroutine ${one.startedBy}`}`)
  return lines
}

function waitedText(ms: number): string {
  return ms < 1 ? '' : `, ${Math.round(ms)} ms`
}
