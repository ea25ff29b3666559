/**
 * A strand: the code that has one clock. It goes on in sections, from one wait to the next. A section of JavaScript is
 * atomic, so a release in a section counts from the end of the section: `go(f); x = 1` is no race, as `f` cannot start
 * before. At level `go` it counts from the point of the release, as in Go.
 *
 *     section ──border──▶ over ──access, release──▶ next section
 *
 * Always true: `vc` is copied before it changes where a snapshot or another strand has it.
 */
import { covers, HOST, isBefore, type Clocks, type Epoch, type Snapshot } from './clocks.js'
import type { Frame } from './frame.js'
import type { Access, Place, Where } from './places.js'

/** The goroutine, or other code, that a strand runs. Text only: the engine keeps no goroutine alive. */
export interface TaskInfo {
  readonly name: string
  /** It is a goroutine, or was started by one. */
  readonly isGoroutine: boolean
  /** The name of the code that started it. */
  readonly by: string | null
  /** Where it was started; null where that is not kept. */
  readonly start: Where
}

/** Two accesses of a place, of which one may be a race. They are judged at the end of the section of the second. */
export interface Candidate {
  readonly place: Place
  readonly first: Access
  readonly second: Access
}

/** A lock, channel or context, in words alone: the strand of the host lives as long as the run, and keeps none of them alive. */
export interface Used {
  /** `mutex`; empty for a thing that has no name in reports. */
  readonly kind: string
}

/** Reports name what both have used: a strand that lives long has used more than they can say. */
const MOST_USED = 64

export class Strand {
  chain: number
  clock: number
  vc: number[]
  /** The number of the section. */
  section = 0
  /** The section is over: the next access begins another. */
  isOver = true
  /** Locks and permits that it holds. */
  held: readonly Used[] = []
  /** The last things that it has used, for reports. */
  used: Set<Used> | null = null
  pending: Candidate[] | null = null
  /** What cells have been read by this strand: a write of the same cell goes by it. */
  cells: Frame | null = null
  /** The number of the last write before its start, and the strand and section of its start. */
  startedBy: Strand | null = null
  startSection = 0
  startOrder = 0
  /** The clock at which an `await`, a reaction or a timer goes on: at that clock the chain is not free. */
  continuedAt = -1
  /** The host let it go on. A goroutine that it wakes comes after all that has been, as after other code of the host. */
  isRelayed = false
  private _snapshot: Snapshot | null = null
  private _isShared = true

  /** It goes on from a point, which is the snapshot of another strand. Its chain is chosen with its first section. */
  constructor(
    private readonly _clocks: Clocks,
    from: Snapshot,
    public task: TaskInfo,
    private readonly _isHost = false,
  ) {
    this.chain = from.chain
    this.clock = from.clock
    this.vc = from.vc as number[] // copied before it changes
  }

  /** The point reached. In a section it stands for the whole section. */
  snapshot(): Snapshot {
    if (this._snapshot === null) {
      this._snapshot = { chain: this.chain, clock: this.clock, vc: this.vc }
      this._isShared = true
    }
    return this._snapshot
  }

  /** Everything up to the snapshot comes before the code of this strand from now on. */
  join(point: Snapshot): void {
    if (covers(this, point)) return
    this._own()
    const { vc } = this
    const theirs = point.vc
    const both = Math.min(vc.length, theirs.length)
    for (let i = 0; i < both; i++) if (theirs[i] > vc[i]) vc[i] = theirs[i]
    for (let i = both; i < theirs.length; i++) vc.push(theirs[i])
    if (point.clock > (vc[point.chain] ?? 0)) put(vc, point.chain, point.clock)
  }

  uses(thing: Used): void {
    const used = (this.used ??= new Set())
    used.add(thing)
    if (used.size > MOST_USED) for (const oldest of used) return void used.delete(oldest)
  }

  sees(epoch: Epoch): boolean {
    return isBefore(epoch, this)
  }

  begin(): void {
    this.isOver = false
    this.section++
    this.tick()
  }

  /** The clock goes on; in a chain of its own where another strand has continued the chain. The chain of the host is the host's. */
  tick(): void {
    const { heads } = this._clocks
    this._snapshot = null
    if (heads[this.chain] !== this.clock || (this.chain === HOST && !this._isHost)) {
      this._own()
      put(this.vc, this.chain, Math.max(this.vc[this.chain] ?? 0, this.clock))
      this.chain = this._clocks.newChain(this.vc)
    }
    this.clock = ++heads[this.chain]
  }

  private _own(): void {
    this._snapshot = null
    if (!this._isShared) return
    this.vc = this.vc.slice()
    this._isShared = false
  }
}

/** Without holes: V8 reads an array that never had one faster. */
function put(vc: number[], chain: number, clock: number): void {
  while (vc.length < chain) vc.push(0)
  vc[chain] = clock
}
