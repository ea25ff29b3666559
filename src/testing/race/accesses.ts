/**
 * Reads and writes of places: the shadow state, and the order rule. Two accesses of a place in unordered sections, one of
 * them a write, are a race, unless
 * - both are updates: a section that reads and writes is atomic, so no update is lost;
 * - the write changes nothing;
 * - the read is a guard, whose other outcome the program goes on with.
 * A guard that saw the write, and an update whose result is tested, order the code that follows them: they are how a
 * program orders by hand. Level `go` knows none of these exceptions.
 */
import type { Observed } from '../../runtime/index.js'
import { merged } from './clocks.js'
import { DATA, Frame, INDEX, type GoesBy, type Stamp } from './frame.js'
import {
  Access,
  GROWS,
  GUARD,
  LOOP,
  MOST_KEPT,
  NONE,
  RETURNED,
  SHRINKS,
  TESTED,
  UPDATE,
  type Place,
  type Stack,
  type Where,
} from './places.js'
import type { Race } from './report.js'
import type { Element, StaleRule } from './stale.js'
import type { Strand } from './strand.js'
import type { Strands } from './strands.js'
import { Values } from './values.js'

/** `stale`: stale writes only; `order`: also order, between goroutines; `all`: order for every strand; `go`: as Go's detector. */
export type RaceLevel = 'stale' | 'order' | 'all' | 'go'

/** Where races go, and where places and stacks come from. An engine has one for all of its runs, as a run takes a few µs. */
export interface Reporting {
  readonly report: (race: Race) => void
  /** Where a call of a function of this name stands. */
  readonly whereOf: (name: string) => Where
  /** Where a goroutine was started. */
  readonly startOf: (goroutine: Observed) => Where
  /** The stack of the code that runs, where stacks are kept. */
  readonly stack: () => Stack
  /** The same for an access at a site, where those of all accesses are kept. */
  readonly stackOfEach: () => Stack
}

export class Accesses {
  /** Counts accesses. */
  order = 0
  /** Values that go through calls. */
  readonly values = new Values()
  private readonly _pairs = new Map<number, number>()

  constructor(
    private readonly _strands: Strands,
    private readonly _stale: StaleRule,
    private readonly _level: RaceLevel,
    private readonly _to: Reporting,
  ) {}

  /** A read of a cell. A write of the cell by the same strand goes by its last read. */
  readCell(place: Place, where: Where): void {
    const strand = this._strands.acting()
    this.read(place, where, 0, (strand.cells ??= new Frame(null)))
  }

  writeCell(place: Place, where: Where, value: unknown, flags = 0): void {
    const { cells } = this._strands.acting()
    const goesBy = cells?.at(place.id) == null ? null : [cells, place.id, DATA]
    this.write(place, where, flags, value, goesBy)
    cells?.forget(place.id)
  }

  read(place: Place, where: Where, flags: number, frame: Frame | null): void {
    const site = typeof where === 'number' ? where : place.id
    const strand = this._strands.acting()
    const { read: last, write } = place
    const asked = write?.strand === strand && write.section === strand.section ? flags | UPDATE : flags // it reads its own write
    const task = frame?.task ?? strand.task
    if (frame !== null) frame.stamp(site, this._stamp(place, strand, where, flags, frame))
    const { asking } = this.values
    if ((flags & RETURNED) !== 0 && asking !== null) asking.add(this._stamp(place, strand, where, flags, asking.frame))
    if (last?.isIn(strand) === true && last.version === place.version) return
    const read = this._nextRead(place, strand, where, asked, task)
    read.stack = this._to.stackOfEach()
    read.version = place.version
    if (write !== null && write.strand !== strand && (!strand.sees(write) || isLoopOf(write, strand))) this._suspect(place, write, read)
    for (const one of place.writes) if (!strand.sees(one)) this._suspect(place, one, read)
    if ((flags & GUARD) !== 0 && write !== null && write.strand !== strand && write.point !== null && this._level !== 'go')
      strand.join(write.point)
  }

  // eslint-disable-next-line max-params -- called at each access: a record would be allocated
  private _stamp(place: Place, strand: Strand, where: Where, flags: number, frame: Frame): Stamp {
    const stamp: Stamp = {
      place,
      where,
      order: ++this.order,
      version: place.version,
      strand,
      section: strand.section,
      task: frame.task ?? strand.task,
      point: strand.snapshot(),
      held: strand.held,
      stack: this._to.stackOfEach(),
      frame,
      flags,
      isReturned: (flags & RETURNED) !== 0,
      size: null,
      isAnswered: false,
    }
    if (typeof where === 'number') ask(place, stamp) // of a cell there are no tests
    return stamp
  }

  // eslint-disable-next-line max-params -- called at each access: a record would be allocated
  private _nextRead(place: Place, strand: Strand, where: Where, flags: number, task: Strand['task']): Access {
    const { read: last } = place
    if (last !== null && last.strand === strand && !last.isKept) {
      last.reuse(where, flags, task)
      return last
    }
    if (last !== null && !strand.sees(last)) place.reads = [...place.reads.slice(1 - MOST_KEPT), last]
    return (place.read = new Access(strand, 'read', where, flags, task))
  }

  // eslint-disable-next-line max-params -- called at each access: a record would be allocated
  write(place: Place, where: Where, flags: number, value: unknown, goesBy: GoesBy | null): void {
    const strand = this._strands.acting()
    const { write: last, read } = place
    const comparable = typeof value === 'object' || typeof value === 'function' ? NONE : value
    const isUpdate = read !== null && read.strand === strand && read.section === strand.section
    const asked = isUpdate ? flags | UPDATE : flags
    place.version++
    if (place.asked !== null) settle(place.asked, strand)
    if (isUpdate) {
      read.flags |= UPDATE
      read.version = place.version
    }
    if (goesBy === null && last?.isIn(strand) === true && place.reads.length === 0 && (read === null || read.strand === strand)) {
      last.flags = asked | (last.flags & KEPT)
      last.where = where
      last.order = ++this.order
      last.version = place.version
      place.value = comparable
      return
    }
    const task = taskOf(goesBy) ?? strand.task
    const whole = last?.isIn(strand) === true ? asked | (last.flags & (GROWS | SHRINKS)) : asked
    const write = last !== null && last.strand === strand && !last.isKept ? last : new Access(strand, 'write', where, whole, task)
    const changes = this._level === 'go' || comparable === NONE || !Object.is(comparable, place.value)
    if (changes) this._suspectAll(place, write, strand)
    if (write === last) write.reuse(where, whole, task)
    write.order = ++this.order
    write.version = place.version
    write.point = strand.snapshot()
    write.stack = this._to.stackOfEach()
    if (goesBy !== null || place.gaps.length > 0) this._stale.check(place, write, strand, goesBy)
    place.value = comparable
    if ((asked & UPDATE) !== 0 && this._level !== 'go') this._orderUpdates(place, strand, asked)
    this._keep(place, write, strand)
  }

  /** A write of an element that follows. Its index may come of an older read of the members. */
  index(element: Element, where: Where, goesBy: GoesBy): void {
    if (!goesBy.some((how, i) => i % 3 === 2 && how === INDEX)) return
    const strand = this._strands.acting()
    const write = new Access(strand, 'write', where, 0, taskOf(goesBy) ?? strand.task)
    this._stale.checkIndex(element, write, strand, goesBy)
  }

  /** The place gets an empty collection: items that others have added to the old one are lost, unless this section has looked at either. */
  replaces(place: Place, members: Place, where: Where, goesBy: GoesBy): void {
    const strand = this._strands.acting()
    for (const { read } of [place, members]) if (read?.strand === strand && read.section === strand.section) return
    const write = new Access(strand, 'write', where, 0, taskOf(goesBy) ?? strand.task)
    write.version = members.version + 1
    this._stale.check(members, write, strand, goesBy)
  }

  private _suspectAll(place: Place, write: Access, strand: Strand): void {
    const { write: last, read } = place
    if (last !== null && last !== write && !strand.sees(last)) this._suspect(place, last, write)
    for (const one of place.writes) if (!strand.sees(one)) this._suspect(place, one, write)
    if (read !== null && read.strand !== strand && !strand.sees(read)) this._suspect(place, read, write)
    for (const one of place.reads) if (!strand.sees(one)) this._suspect(place, one, write)
  }

  private _orderUpdates(place: Place, strand: Strand, flags: number): void {
    if ((flags & TESTED) !== 0) for (const one of place.updates ?? []) strand.join(one)
    place.updates = merged(place.updates ?? [], strand.snapshot())
  }

  private _keep(place: Place, write: Access, strand: Strand): void {
    const { write: last } = place
    if (last !== null && last !== write && !strand.sees(last)) place.writes = [...place.writes.slice(1 - MOST_KEPT), last]
    if (place.writes.length > 0) place.writes = place.writes.filter((one) => !strand.sees(one))
    if (place.reads.length > 0) place.reads = place.reads.filter((one) => !strand.sees(one))
    place.write = write
  }

  /** The two may be a race: at the end of the section it is known whether they are updates. */
  private _suspect(place: Place, first: Access, second: Access): void {
    first.isKept = second.isKept = true
    second.stack ??= this._stackOfPair(first, second)
    const { strand } = second
    this._strands.live.add(strand)
    ;(strand.pending ??= []).push({ place, first, second })
  }

  /** The stack of the second access, for the first few pairs of two sites: most are harmless, and a stack costs much. */
  private _stackOfPair({ where: first }: Access, { where: second }: Access): Stack {
    if (typeof first !== 'number' || typeof second !== 'number') return null
    const pair = first * MOST_SITES + second
    const taken = this._pairs.get(pair) ?? 0
    if (taken >= MOST_STACKS) return null
    this._pairs.set(pair, taken + 1)
    return this._to.stack()
  }

  /** The section of the strand is over. */
  judge(strand: Strand): void {
    const { pending } = strand
    strand.pending = null
    this._strands.live.delete(strand)
    for (const { place, first, second } of pending ?? []) {
      if (!this.concerns(first, second) || this._isHarmless(first, second)) continue
      this._to.report({
        rule: 'order',
        place,
        first,
        second,
        read: null,
        wait: null,
        isSeen: true,
        text: `unordered access to ${place.name}`,
      })
    }
  }

  judgeAll(): void {
    for (const strand of [...this._strands.live]) this.judge(strand)
  }

  /** Whether the rules of order and misuse are for these two at this level. */
  concerns(first: Access, second: Access): boolean {
    if (this._level === 'stale') return false
    return this._level !== 'order' || (first.task.isGoroutine && second.task.isGoroutine)
  }

  private _isHarmless(first: Access, second: Access): boolean {
    if (this._level === 'go') return false
    return (first.flags & second.flags & UPDATE) !== 0 || isGuard(first) || isGuard(second)
  }
}

function ask(place: Place, stamp: Stamp): void {
  const asked = (place.asked ??= [])
  const [first] = asked
  if (first !== undefined && (first.strand !== stamp.strand || first.section !== stamp.section)) asked.length = 0
  if (asked.length < MOST_ASKED) asked.push(stamp)
}

/** A write settles the tests before it in its section: later writes do not go by them. */
function settle(asked: Stamp[], strand: Strand): void {
  for (const stamp of asked) if (stamp.strand === strand && stamp.section === strand.section) stamp.isAnswered = true
  asked.length = 0
}

/** Flags that a later write of the same section keeps. */
const KEPT = TESTED | GROWS | SHRINKS
/** Marked reads of a section that a place knows. */
const MOST_ASKED = 32
const MOST_SITES = 2 ** 24
/** Stacks that are taken for two sites. */
const MOST_STACKS = 4

/** An async function writes by a frame of its own. */
function taskOf(goesBy: GoesBy | null): Strand['task'] | null {
  const frame = goesBy?.[0]
  return frame instanceof Frame ? frame.task : null
}

function isGuard({ did, flags }: Access): boolean {
  return did === 'read' && (flags & GUARD) !== 0
}

/** The loop went on to its next item in the section that started this strand: its closure sees the later item. */
function isLoopOf(write: Access, strand: Strand): boolean {
  if ((write.flags & LOOP) === 0) return false
  return write.strand === strand.startedBy && write.section === strand.startSection && write.order > strand.startOrder
}
