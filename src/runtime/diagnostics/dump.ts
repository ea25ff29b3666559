/**
 * The dump: every goroutine that lives, as data and as text. The text follows the dumps of Go's runtime:
 *
 *     goroutine 7 [chan receive, 3 s]: worker
 *         waits for chan 1; could be woken by feeder#6 (waiting)
 *         holds mutex 1
 *         started at main (/app/main.ts:12:3) by goroutine 6
 *
 * The indented lines need a tracker; a dump from a table alone has the first line of each goroutine.
 */
import { mistyped } from '../base/arguments.js'
import type { Task } from '../goroutine/task.js'
import { queue } from '../scheduler/run-queue.js'
import { elsewhere } from './elsewhere.js'
import type { GoroutineTable } from './goroutine-table.js'
import { goroutineName } from './names.js'
import { Tracker } from './tracker.js'
import { isWaiting, ringsIn, wakersOf } from './wait-graph.js'

/** @inline */
type State = 'waiting' | 'runnable' | 'async'

/** A goroutine that holds a lock, as plain data. */
export interface LockHolder {
  readonly lock: string
  readonly id: number
  readonly name: string
  readonly state: State | 'ended'
  /** The resources that the holder itself waits for; none unless `waiting`. */
  readonly on: readonly string[]
  /** The operation that the holder itself waits for; null unless `waiting`. */
  readonly waitsFor: string | null
}

/** A goroutine that lives, as plain data that `JSON.stringify` takes. */
export interface GoroutineState {
  readonly id: number
  readonly name: string
  /** `waiting` at an operation, `runnable`, or `async`: an async function, which may wait for any promise. */
  readonly state: State
  /** The operation that the goroutine waits for, in the words of Go's dumps (`chan receive`); null unless `waiting`. */
  readonly waitsFor: string | null
  /** ms since the begin of the wait; 0 unless `waiting`. */
  readonly waited: number
  /** The resources that the goroutine waits for (`chan 1`); several for a select. */
  readonly on: readonly string[]
  /** The goroutines that hold a lock that this goroutine waits for. */
  readonly heldBy: readonly LockHolder[]
  /** The locks that the goroutine holds. */
  readonly holds: readonly string[]
  /**
   * The goroutines that could wake this goroutine: holders of the lock, the joined goroutine, other users of the
   * channel.
   */
  readonly couldBeWokenBy: readonly {
    readonly id: number
    readonly name: string
    readonly state: State | 'ended'
  }[]
  /** The id of the goroutine that started this goroutine; null for a start outside any goroutine. */
  readonly startedBy: number | null
  /** The line of code that started the goroutine; null unless places are tracked. */
  readonly startedAt: string | null
}

/** The goroutines that live and the partial deadlocks among them. */
export interface Dump {
  /** The version of this shape. */
  readonly version: 1
  readonly goroutines: readonly GoroutineState[]
  /**
   * Partial deadlocks: rings of goroutines that wait for each other, by id. A goroutine that waits for its own lock is
   * a ring by itself.
   */
  readonly cycles: readonly (readonly number[])[]
}

/** A dump of the goroutines of the table, in order of ids. */
export function dumpOf(table: GoroutineTable): Dump {
  return dumpOfSome(table.live(), table)
}

function dumpOfSome(goroutines: readonly Task[], table: GoroutineTable | null): Dump {
  return {
    version: 1,
    goroutines: goroutines.map((goroutine) => stateOf(goroutine, table)),
    cycles: table instanceof Tracker ? ringsIn(table) : [],
  }
}

function stateOf(goroutine: Task, table: GoroutineTable | null): GoroutineState {
  const state = lifeOf(goroutine)
  const waits = state === 'waiting'
  return {
    id: goroutine.id,
    name: goroutine.name,
    state,
    waitsFor: waits ? goroutine.waitsFor : null,
    waited: waits && table !== null ? table.waited(goroutine) : 0,
    ...(table instanceof Tracker ? relationsOf(goroutine, table) : noRelations),
  }
}

type Relations = Pick<GoroutineState, 'on' | 'heldBy' | 'holds' | 'couldBeWokenBy' | 'startedBy' | 'startedAt'>

const noRelations: Relations = { on: [], heldBy: [], holds: [], couldBeWokenBy: [], startedBy: null, startedAt: null }

function relationsOf(goroutine: Task, tracker: Tracker): Relations {
  const waits = lifeOf(goroutine) === 'waiting'
  const wakers = waits ? wakersOf(goroutine, tracker) : []
  return {
    on: waits ? tracker.resourceNames(goroutine) : [],
    heldBy: waits ? holdersFor(goroutine, tracker) : [],
    holds: tracker.heldBy(goroutine).map((lock) => tracker.names.of(lock)),
    couldBeWokenBy: wakers.map((waker) => ({ id: waker.id, name: waker.name, state: waker.hasEnded ? 'ended' : lifeOf(waker) })),
    startedBy: tracker.startedBy(goroutine)?.id ?? null,
    startedAt: tracker.startedAt(goroutine),
  }
}

function holdersFor(goroutine: Task, tracker: Tracker): LockHolder[] {
  return tracker.resourcesOf(goroutine).flatMap((lock) => {
    const holders = tracker.holdersOf(lock).filter((holder) => holder !== null)
    return holders.map((holder) => holderOf(holder, tracker.names.of(lock), tracker))
  })
}

function holderOf(holder: Task, lock: string, tracker: Tracker): LockHolder {
  const { id, name, hasEnded } = holder
  const state = hasEnded ? 'ended' : lifeOf(holder)
  const waits = state === 'waiting'
  return { lock, id, name, state, on: waits ? tracker.resourceNames(holder) : [], waitsFor: waits ? holder.waitsFor : null }
}

function lifeOf(goroutine: Task): State {
  if (goroutine.isAsync) return 'async'
  return isWaiting(goroutine) ? 'waiting' : 'runnable'
}

/** The dump as text, for a person to read: the lines of each goroutine, then a line for each partial deadlock. */
export function dumpText(input: Dump): string {
  checkDump(input)
  const { goroutines, cycles } = input
  const byId = new Map(goroutines.map((goroutine) => [goroutine.id, goroutine]))
  return [...goroutines.flatMap(linesOf), ...cycles.map((ring) => ringText(ring, byId))].join('\n')
}

function checkDump(input: unknown): void {
  const { goroutines, cycles } = (input as Partial<Dump> | null | undefined) ?? {} // from JavaScript it may be anything
  if (!Array.isArray(goroutines) || !Array.isArray(cycles)) throw mistyped('dumpText(input)', 'a Dump, as dump() returns it', input)
}

function linesOf(goroutine: GoroutineState): string[] {
  const { id, name, state, waitsFor, waited, on, heldBy, couldBeWokenBy, holds, startedAt, startedBy } = goroutine
  const lines = [`goroutine ${id} [${waitsFor ?? (state === 'async' ? 'await' : 'runnable')}${age(waited)}]: ${name}`]
  if (heldBy.length > 0) lines.push(`    waits for ${heldText(goroutine)}`)
  else if (on.length > 0) {
    const wakers = couldBeWokenBy.map((waker) => `${goroutineName(waker)} (${waker.state})`)
    const named = wakers.length > 0 ? wakers.join(', ') : 'nobody that has used it so far'
    lines.push(`    waits for ${on.join(', ')}; could be woken by ${named}`)
  }
  if (holds.length > 0) lines.push(`    holds ${holds.join(', ')}`)
  if (startedAt !== null) lines.push(`    started at ${startedAt}${startedBy === null ? '' : ` by goroutine ${startedBy}`}`)
  return lines
}

/** What a goroutine waits for, and behind each lock its holders: `mutex 1, held by worker#4, which has ended`. */
export function heldText({ on, heldBy }: Pick<GoroutineState, 'on' | 'heldBy'>): string {
  return on.map((name) => [name, ...heldBy.filter(({ lock }) => lock === name).map(holderText)].join(', ')).join('; ')
}

function holderText(holder: LockHolder): string {
  const { state, on, waitsFor } = holder
  const who = `held by ${goroutineName(holder)}`
  if (state === 'ended') return `${who}, which has ended`
  if (state === 'waiting') return `${who}, which waits for ${on.length > 0 ? on.join(', ') : waitsFor}`
  return `${who}, which ${state === 'async' ? 'is an async function' : 'is runnable'}`
}

/**
 * A duration in whole seconds, minutes or hours, and nothing below a second: two runs of the same program then give the
 * same text.
 */
export function age(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 1) return ''
  if (seconds < 60) return `, ${seconds} s`
  return seconds < 3600 ? `, ${Math.floor(seconds / 60)} min` : `, ${Math.floor(seconds / 3600)} h`
}

/** A partial deadlock as a line of text. */
export function ringText(ring: readonly number[], byId: ReadonlyMap<number, GoroutineState>, what = 'partial deadlock'): string {
  const say = (id: number): string => {
    const goroutine = byId.get(id)
    if (goroutine === undefined) return `goroutine ${id}`
    const { waitsFor, on } = goroutine
    return `${goroutineName(goroutine)} [${waitsFor}${on.length > 0 ? ` ${on.join(', ')}` : ''}]`
  }
  const [first] = ring
  if (ring.length === 1 && first !== undefined) return `${what}: ${say(first)} waits for itself`
  return `${what}: ${ring.map(say).join(' waits for ')}, which waits for the first`
}

/**
 * The text for a program with a main: main first, then the other goroutines of the table, then the number of goroutines
 * outside the table, then the goroutines of threads.
 */
export function programDump(main: Task, table: GoroutineTable | null): string {
  const others = table === null ? [] : table.live().filter((goroutine) => goroutine !== main)
  const text = dumpText(dumpOfSome([main, ...others], table))
  const untracked = queue.live - 1 - others.length
  const rest = untracked > 0 ? [`and ${untracked} more that ${untracked === 1 ? 'was' : 'were'} not traced`] : []
  const threads = [...elsewhere].flatMap((texts) => [...texts()]).map((one) => `\n${one}`)
  return `${[text, ...rest, ...threads].join('\n')}\n`
}
