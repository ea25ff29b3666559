/**
 * A frame: the reads of one invocation that later writes may go by. The transform makes one for each invocation of a
 * function with such reads; cells have one for each strand.
 *
 *     site of a read ──▶ stamp
 *     site of a call ──▶ answer: stamps of the reads that the function returned before it waited, and its frame for later ones
 *     values from the caller ──▶ the list of a write, over frames of the caller
 */
import type { Snapshot } from './clocks.js'
import type { Place, Stack, Where } from './places.js'
import type { Strand, TaskInfo, Used } from './strand.js'

/** A read at a site. */
export interface Stamp {
  readonly place: Place
  readonly where: Where
  /** Grows from access to access. */
  readonly order: number
  /** The number of writes of the place before. */
  readonly version: number
  readonly strand: Strand
  readonly section: number
  readonly task: TaskInfo
  readonly point: Snapshot
  readonly held: readonly Used[]
  /** The stack of the read, where stacks of all accesses are kept. */
  readonly stack: Stack
  readonly frame: Frame
  readonly flags: number
  /** The result of the function comes of it. */
  readonly isReturned: boolean
  /** The length of the array, where that was read. */
  size: number | null
  /** A write has gone by this test; later writes do not: `if (busy < 2) { busy++; await work(); busy-- }`. */
  isAnswered: boolean
}

/**
 * The reads that a write goes by, three entries each: the frame, the site, and how (`DATA`, `CONTROL`, `INDEX`).
 * A frame is null where no engine was in force when the invocation began.
 */
export type GoesBy = readonly (Frame | number | null)[]

/** The value that is written comes of the read. */
export const DATA = 0
/** The write stands under, or after, a test of the read. */
export const CONTROL = 1
/** The index that is written comes of a read of the members of the array. */
export const INDEX = 2
/** In place of a site: the values that the caller has passed. */
export const PASSED = -1

/** Takes the reads that a list stands for. */
export interface Visitor {
  visits(stamp: Stamp): void
}

/** The reads that the result of a call comes of. */
export class Answer {
  readonly stamps: Stamp[] = []
  /** Of the promise of an async function, or the frame of a generator. */
  source: { readonly frame: Frame | null } | null = null
  /** The answer under way around this call. */
  outer: Answer | null = null

  constructor(
    /** The frame and the task of the caller. */
    readonly frame: Frame,
    readonly isReturned: boolean,
  ) {}

  add(stamp: Stamp): void {
    if (this.stamps.length === MOST_RETURNED) this.stamps.shift()
    this.stamps.push(stamp)
  }

  visit(place: Place, visitor: Visitor, calls: number): void {
    for (const stamp of this.stamps) if (stamp.place === place) visitor.visits(stamp)
    if (calls < MOST_CALLS) this.source?.frame?.visitReturned(place, visitor, calls + 1)
  }
}
/** Reads of a function that its caller may go by, before it waits. */
const MOST_RETURNED = 8
/** How far a value is followed through calls. */
const MOST_CALLS = 4

export class Frame {
  /** Null before the first: most invocations wait without a read that a write goes by. */
  private _stamps: Map<number, Stamp> | null = null
  private _answers: Map<number, Answer> | null = null
  /** What the promise of an async function comes after: see `Continuations`. */
  promise: { body: Strand | null; frame: Frame | null } | null = null
  /** The wait that was over last. */
  wait: Where = null

  constructor(
    /** Of an async function outside of goroutines; null for the code that runs. */
    readonly task: TaskInfo | null,
    /** The reads that the values from the caller come of. */
    private readonly _passed: GoesBy | null = null,
  ) {}

  stamp(site: number, stamp: Stamp): void {
    ;(this._stamps ??= new Map<number, Stamp>()).set(site, stamp)
    if (stamp.isReturned && this.promise !== null) this.promise.frame = this
  }

  at(site: number): Stamp | null {
    return this._stamps?.get(site) ?? null
  }

  forget(site: number): void {
    this._stamps?.delete(site)
  }

  /** A call begins whose result matters. */
  ask(site: number, isReturned: boolean): Answer {
    const answer = new Answer(this, isReturned)
    ;(this._answers ??= new Map<number, Answer>()).set(site, answer)
    if (isReturned && this.promise !== null) this.promise.frame = this
    return answer
  }

  answerAt(site: number): Answer | null {
    return this._answers?.get(site) ?? null
  }

  /** Tells each read of a place that an entry of a list stands for: its own, or those that came through calls, by values or by tests. */
  // eslint-disable-next-line max-params -- called at each write: a record would be allocated
  visit(place: Place, site: number, how: number, visitor: Visitor, calls = 0): void {
    if (calls > MOST_CALLS) return
    if (site === PASSED) {
      const passed = this._passed ?? []
      for (let i = 0; i < passed.length; i += 3) {
        const from = passed[i + 1] as number // by the form of the list
        if (passed[i + 2] === how) frameAt(passed, i)?.visit(place, from, how, visitor, calls + 1)
      }
      return
    }
    const stamp = this._stamps?.get(site)
    if (stamp?.place === place) visitor.visits(stamp)
    this._answers?.get(site)?.visit(place, visitor, calls)
  }

  /** The reads of a place that the function has returned. */
  visitReturned(place: Place, visitor: Visitor, calls: number): void {
    for (const stamp of this._stamps?.values() ?? []) if (stamp.isReturned && stamp.place === place) visitor.visits(stamp)
    for (const answer of this._answers?.values() ?? []) if (answer.isReturned) answer.visit(place, visitor, calls)
  }
}

/** The frame of an entry of a list. */
export function frameAt(goesBy: GoesBy, index: number): Frame | null {
  const frame = goesBy[index]
  return frame instanceof Frame ? frame : null
}
