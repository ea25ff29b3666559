/**
 * A frame: the reads of one invocation that later writes may go by. The transform makes one for each invocation of a
 * function with such reads; cells have one for each strand.
 */
import type { Snapshot } from './clocks.js'
import type { Place, Stack, Where } from './places.js'
import type { Strand, TaskInfo } from './strand.js'

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
  readonly held: readonly object[]
  /** The stack of the read, where stacks of all accesses are kept. */
  readonly stack: Stack
  readonly frame: Frame
  /** A write has gone by this test; later writes do not: `if (busy < 2) { busy++; await work(); busy-- }`. */
  isAnswered: boolean
}

/**
 * The reads that a write goes by, three entries each: the frame, the site, and whether the write only stands under a test of the read.
 * A frame is null where no engine was in force when the invocation began.
 */
export type GoesBy = readonly (Frame | number | boolean | null)[]

export class Frame {
  private readonly _stamps = new Map<number, Stamp>()

  constructor(
    /** Of an async function outside of goroutines; null for the code that runs. */
    readonly task: TaskInfo | null,
  ) {}

  /** What the promise of an async function comes after: see `Continuations`. */
  promise: { body: Strand | null } | null = null

  /** The wait that was over last. */
  wait: Where = null

  stamp(site: number, stamp: Stamp): void {
    this._stamps.set(site, stamp)
  }

  at(site: number): Stamp | null {
    return this._stamps.get(site) ?? null
  }

  forget(site: number): void {
    this._stamps.delete(site)
  }
}
