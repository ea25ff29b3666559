/**
 * The stale rule: a section writes a place and goes by a read of it in an earlier section, and another strand writes the
 * place in between, or can.
 *
 *     read ── border ── … ── write that goes by the read
 *           other's write, neither before the read nor after the write, nor ordered in between
 *
 * A write goes by reads in two ways, which are judged apart, each by the newest read. Data: the written value is computed
 * from the read. Control: the write stands under a test of the read.
 *
 * A gap is seen where the other write came in between in this run; otherwise it is foretold. Foretold gaps are reported
 * between goroutines only, since of the locks of others' making the engine knows nothing; and only where the read stands in the
 * function of the write, since a function that is called may look again in ways of its own.
 *
 * A third way is the index of an element: it goes by a read of the length, if the element was not there yet, or by a search.
 * A write that moves that element makes it stale.
 */
import type { Reporting } from './accesses.js'
import { isBefore } from './clocks.js'
import { CONTROL, DATA, frameAt, INDEX, type GoesBy, type Stamp, type Visitor } from './frame.js'
import {
  DROPPED,
  GROWS,
  INSERTS,
  ITEMS,
  KEYED,
  MOST_KEPT,
  SHRINKS,
  TAKEN,
  type Access,
  type Gap,
  type Place,
  type Where,
} from './places.js'
import type { Race } from './report.js'
import type { Strand } from './strand.js'

/** An element of an array: the places of its members and of all of it. */
export interface Element {
  readonly size: Place
  readonly all: Place
  readonly index: number
  readonly name: string
}

export class StaleRule implements Visitor {
  private _newest: Stamp | null = null
  /** The newest, if it stands in the function of the write. */
  private _own: Stamp | null = null
  /** The flags of reads that the write does not go by. */
  private _skipped = 0

  constructor(private readonly _to: Reporting) {}

  /** Called for each write, before the place has it. */
  check(place: Place, write: Access, strand: Strand, goesBy: GoesBy | null): void {
    for (const how of [DATA, CONTROL]) {
      if (goesBy === null) break
      this._skipped = skippedBy(write, how)
      const read = this._newestOf(place, goesBy, how)
      if (read === null || (how === CONTROL && read.isAnswered)) continue
      read.isAnswered ||= how === CONTROL
      if (read.strand !== strand || read.section !== strand.section)
        this._checkOwn(place, { read, wait: waitOf(read, goesBy), write, how }, strand)
    }
    const point = strand.snapshot()
    for (const gap of place.gaps)
      if (gap.write !== write && !isBefore(gap.write, point) && !isBefore(write, gap.read.point)) this._found(place, gap, write)
  }

  /** Called for each write of an element, before the places of the array have it. */
  checkIndex({ size, all, index, name }: Element, write: Access, strand: Strand, goesBy: GoesBy): void {
    this._skipped = 0
    const read = this._newestOf(size, goesBy, INDEX)
    if (read === null || read.isAnswered || (read.strand === strand && read.section === strand.section)) return
    if (read.size !== null && index < read.size) return
    const place = read.size === null ? all : size
    for (const other of writesOf(place)) {
      if (other.strand === strand || other.order < read.order || !isBetween(other, read, strand)) continue
      const text = `stale index of ${name}: it goes by a read from before a wait, and another write came in between`
      return this._tell({ place, first: other, second: write, read, wait: waitOf(read, goesBy), isSeen: true, text })
    }
  }

  private _checkOwn(place: Place, gap: Gap, strand: Strand): void {
    const { read, write } = gap
    write.isKept = true
    for (const other of writesOf(place)) if (other !== write && isBetween(other, read, strand)) this._found(place, gap, other)
    if (read === this._own) place.gaps = [...place.gaps.slice(1 - MOST_KEPT), gap]
  }

  private _found(place: Place, gap: Gap, other: Access): void {
    const { read, wait, write } = gap
    if (suits(gap, other)) return
    const isSeen = other.version > read.version && other.version < write.version
    if (!isSeen && (!(write.task.isGoroutine && other.task.isGoroutine) || (read === this._newest && read !== this._own))) return
    const text = `stale write of ${place.name}: it goes by a read from before a wait, and another write ${isSeen ? 'came' : 'can come'} in between`
    this._tell({ place, first: other, second: write, read, wait, isSeen, text })
  }

  private _tell(race: Omit<Race, 'rule'> & { readonly first: Access }): void {
    const { first, second } = race
    first.isKept = true
    if (typeof second.where === 'number') second.stack ??= this._to.stack()
    this._to.report({ rule: 'stale', ...race })
  }

  /** The newest read that a list stands for. */
  private _newestOf(place: Place, goesBy: GoesBy, how: number): Stamp | null {
    this._newest = this._own = null
    for (let i = 0; i < goesBy.length; i += 3) {
      const frame = goesBy[i + 2] === how ? frameAt(goesBy, i) : null
      if (frame === null) continue
      const site = goesBy[i + 1] as number // by the form of the list
      frame.visit(place, site, how, this)
      if (this._newest !== null && this._newest === frame.at(site)) this._own = this._newest
    }
    return this._newest
  }

  visits(stamp: Stamp): void {
    if ((stamp.flags & this._skipped) !== 0) return
    if (this._newest === null || stamp.order > this._newest.order) this._newest = stamp
  }
}

function writesOf({ write, writes }: Place): readonly Access[] {
  return write === null ? writes : [write, ...writes]
}

/** The other write is neither before the read, nor ordered between the read and the write. */
function isBetween(other: Access, read: Stamp, strand: Strand): boolean {
  if (isBefore(other, read.point)) return false
  return !strand.sees(other) || (other.point !== null && !isBefore(read.point, other.point))
}

/**
 * Whether a collection is still as the read has shown it, for all that the write needs: what is taken out is still there when others
 * have added, and behind a test there is still room when others have taken: `while (jobs.length > 0) { await run(jobs[0]); jobs.shift() }`.
 */
function suits({ write, how }: Gap, other: Access): boolean {
  const [own, others] = [write.flags & (GROWS | SHRINKS | DROPPED), other.flags & (GROWS | SHRINKS)]
  return own === SHRINKS ? others === GROWS : how === CONTROL && own === GROWS && others === SHRINKS
}

/**
 * The flags of reads that a write does not go by: of an iteration, where the write is of one key; and of a take, where it
 * adds what comes of the member that was taken. Nobody else has that member, and where there was none, whatever others add
 * is as right: `const free = idle.pop() ?? (await connect()); …; idle.push(free)`.
 */
function skippedBy({ flags }: Access, how: number): number {
  const items = (flags & KEYED) === 0 ? 0 : ITEMS
  return how === DATA && (flags & (GROWS | INSERTS)) !== 0 ? items | TAKEN : items
}

/** The wait between: of the function that writes, if that has waited since the read. */
function waitOf(read: Stamp, goesBy: GoesBy): Where {
  return frameAt(goesBy, 0)?.wait ?? read.frame.wait
}
