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
 * between goroutines only, since of the locks of others' making the engine knows nothing.
 */
import { isBefore } from './clocks.js'
import { Frame, type GoesBy, type Stamp } from './frame.js'
import { MOST_KEPT, type Access, type Gap, type Place, type Stack } from './places.js'
import type { Race } from './report.js'
import type { Strand } from './strand.js'

export class StaleRule {
  constructor(
    private readonly _report: (race: Race) => void,
    private readonly _stackNow: () => Stack,
  ) {}

  /** Called for each write, before the place has it. */
  check(place: Place, write: Access, strand: Strand, goesBy: GoesBy | null): void {
    for (const isControl of [false, true]) {
      const read = goesBy === null ? null : newest(place, goesBy, isControl)
      if (read === null || (isControl && read.isAnswered)) continue
      read.isAnswered ||= isControl
      if (read.strand !== strand || read.section !== strand.section) this._checkOwn(place, write, strand, read)
    }
    const point = strand.snapshot()
    for (const gap of place.gaps)
      if (gap.write !== write && !isBefore(gap.write, point) && !isBefore(write, gap.read.point)) this._found(place, gap, write)
  }

  private _checkOwn(place: Place, write: Access, strand: Strand, read: Stamp): void {
    const gap: Gap = { read, wait: read.frame.wait, write }
    write.isKept = true
    for (const other of place.write === null ? place.writes : [place.write, ...place.writes])
      if (other !== write && isBetween(other, gap, strand)) this._found(place, gap, other)
    place.gaps = [...place.gaps.slice(1 - MOST_KEPT), gap]
  }

  private _found(place: Place, gap: Gap, other: Access): void {
    const { read, wait, write } = gap
    const isSeen = other.version > read.version && other.version < write.version
    if (!isSeen && !(write.task.isGoroutine && other.task.isGoroutine)) return
    other.isKept = true
    if (typeof write.where === 'number') write.stack ??= this._stackNow()
    const text = `stale write of ${place.name}: it goes by a read from before a wait, and another write ${isSeen ? 'came' : 'can come'} in between`
    this._report({ rule: 'stale', place, first: other, second: write, read, wait, isSeen, text })
  }
}

/** The other write is neither before the read, nor ordered between the read and the write. */
function isBetween(other: Access, { read }: Gap, strand: Strand): boolean {
  if (isBefore(other, read.point)) return false
  return !strand.sees(other) || (other.point !== null && !isBefore(read.point, other.point))
}

function newest(place: Place, goesBy: GoesBy, isControl: boolean): Stamp | null {
  let found: Stamp | null = null
  for (let i = 0; i < goesBy.length; i += 3) {
    const frame = goesBy[i]
    if (!(frame instanceof Frame) || goesBy[i + 2] !== isControl) continue
    const stamp = frame.at(goesBy[i + 1] as number) // by the form of the list
    if (stamp !== null && stamp.place === place && (found === null || stamp.order > found.order)) found = stamp
  }
  return found
}
