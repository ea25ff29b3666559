/**
 * The strands of code outside of goroutines: an async function after an `await`, a reaction of a promise, the callback of a timer. The
 * host announces them: it takes a point where the wait begins, and enters a strand that goes on from there when it is over.
 *
 *     point() … settled: point() … enter(from, after) … leave()
 */
import type { Snapshot } from './clocks.js'
import { Strand, type TaskInfo, type Used } from './strand.js'
import type { Strands } from './strands.js'

/** A point of the code that ran. */
export interface Point {
  /** The run that the point belongs to: the clocks of another mean nothing in it. */
  readonly run: Strands
  readonly at: Snapshot
  readonly task: TaskInfo
  readonly held: readonly Used[]
}

/** What a promise comes after that was settled: the point of the code that settled it, or a relay of the host. */
export type Settled = Point | Relay

/**
 * Code of the host that settles a promise and touches no place, such as the driver of a database: it orders nothing. Otherwise every race
 * across a wait for the outside would pass for ordered, since the host comes after all that has been.
 */
interface Relay {
  readonly run: Strands
  readonly host: Strand
  readonly section: number
}

export class Continuations {
  constructor(
    private readonly _strands: Strands,
    /** Level `go`: a release counts from its point and not from the end of its section. */
    private readonly _byPoint: boolean,
  ) {}

  /** The point that the code which runs has reached. With `isContinued` other code will go on from it. */
  point(isContinued: boolean): Point {
    const strand = this._strands.acting()
    if (isContinued) strand.continuedAt = strand.clock
    const point = { run: this._strands, at: strand.snapshot(), task: strand.task, held: strand.held }
    if (this._byPoint) strand.tick()
    return point
  }

  /** The code that runs settles a promise. */
  settles(): Settled {
    const strands = this._strands
    const strand = strands.current()
    return strands.isHostAtRest(strand) ? { run: strands, host: strand, section: strand.section } : this.point(false)
  }

  /** Code begins that goes on from a point; without one of this run it is code of the host. Returns its strand. */
  enter(from: Point | null, task: TaskInfo | null): Strand | null {
    const strands = this._strands
    strands.turn++
    if (from?.run !== strands) return (strands.async = null)
    const strand = new Strand(strands.clocks, from.at, task ?? from.task)
    strand.held = from.held
    return (strands.async = strand)
  }

  /** That code comes after what settled a promise. */
  after(settled: Settled | null): void {
    const strand = this._strands.async
    if (strand === null || settled?.run !== this._strands) return
    if ('at' in settled) strand.join(settled.at)
    else if (settled.host.section === settled.section) strand.isRelayed = true
    else strand.join(settled.host.snapshot())
  }

  /** It comes after what another strand of this run has done so far. */
  join(other: Strand): void {
    this._strands.async?.join(other.snapshot())
  }

  /** That code is over. */
  leave(): void {
    const strands = this._strands
    const strand = strands.async
    if (strand === null) return
    strands.borderOf(strand)
    if (strand.section > 0 && strand.continuedAt !== strand.clock) strands.clocks.free(strand.chain)
    strands.async = null
    strands.turn++
  }
}
