/**
 * Misuses of channels and wait groups, as races of made-up places (as in Go's runtime): a close beside a send that is not
 * ordered with it; an `add` from zero beside a `wait`; and a `done` that no `add` comes before. A schedule in which they
 * meet panics; this rule needs no such schedule.
 */
import { covers, type Snapshot } from './clocks.js'
import { Access, MOST_KEPT, type Place, type Places } from './places.js'
import type { Race } from './report.js'
import type { Strand } from './strand.js'

/** The accesses of a made-up place: close and wait write, send and add read. */
interface MadeUp {
  readonly place: Place
  writes: readonly Access[]
  reads: readonly Access[]
}

export class Misuse {
  private readonly _closes = new WeakMap<object, MadeUp>()
  private readonly _waits = new WeakMap<object, MadeUp>()
  /** Channels whose close may meet a send. */
  private readonly _left = new WeakSet<object>()
  /** The earliest `add` of each chain. */
  private readonly _adds = new WeakMap<object, readonly Snapshot[]>()

  constructor(
    private readonly _places: Places,
    private readonly _report: (race: Race) => void,
    private readonly _where: (did: string) => Access['where'],
    /** Whether the rule is for both accesses. */
    private readonly _concerns: (first: Access, second: Access) => boolean,
  ) {}

  leaves(channel: object): void {
    this._left.add(channel)
  }

  closes(channel: object, strand: Strand): void {
    if (this._left.has(channel)) return
    const it = this._of(this._closes, channel, 'channel')
    const close = this._access(strand, 'close')
    this._compare(it, [...it.writes, ...it.reads], close)
    it.writes = kept(it.writes, close)
  }

  sends(channel: object, strand: Strand): void {
    const it = this._of(this._closes, channel, 'channel')
    if (it.reads.at(-1)?.isIn(strand) === true) return
    const send = this._access(strand, 'send')
    this._compare(it, it.writes, send)
    it.reads = kept(it.reads, send)
  }

  adds(group: object, strand: Strand, isFirst: boolean): void {
    const adds = this._adds.get(group) ?? []
    const point = strand.snapshot()
    if (!adds.some((one) => covers(point, one) && one.chain === point.chain)) this._adds.set(group, [...adds, point])
    if (!isFirst) return
    const it = this._of(this._waits, group, 'wait group')
    const add = this._access(strand, 'add from zero')
    this._compare(it, it.writes, add)
    it.reads = kept(it.reads, add)
  }

  waits(group: object, strand: Strand): void {
    const it = this._of(this._waits, group, 'wait group')
    const wait = this._access(strand, 'wait')
    this._compare(it, it.reads, wait)
    it.writes = kept(it.writes, wait)
  }

  isDone(group: object, strand: Strand): void {
    const adds = this._adds.get(group)
    if (adds === undefined || adds.some((one) => strand.sees(one))) return
    const done = this._access(strand, 'done')
    if (!this._concerns(done, done)) return
    const { place } = this._of(this._waits, group, 'wait group')
    this._report({
      rule: 'misuse',
      place,
      first: null,
      second: done,
      read: null,
      wait: null,
      isSeen: true,
      text: 'no add comes before this done: the counter can become negative',
    })
  }

  private _compare(it: MadeUp, others: readonly Access[], second: Access): void {
    const first = others.find((one) => !second.strand.sees(one) && this._concerns(one, second))
    if (first === undefined) return
    const text = `${second.did} and ${first.did} on one ${it.place.name}, and nothing orders the two`
    this._report({ rule: 'misuse', place: it.place, first, second, read: null, wait: null, isSeen: true, text })
  }

  private _of(all: WeakMap<object, MadeUp>, thing: object, name: string): MadeUp {
    let it = all.get(thing)
    if (it === undefined) all.set(thing, (it = { place: this._places.make(name, thing), writes: [], reads: [] }))
    return it
  }

  private _access(strand: Strand, did: string): Access {
    const access = new Access(strand, did, this._where(did), 0, strand.task)
    access.isKept = true
    return access
  }
}

/** The list with this access, without those that it has seen. */
function kept(list: readonly Access[], access: Access): readonly Access[] {
  return [...list.filter((one) => !access.strand.sees(one)).slice(1 - MOST_KEPT), access]
}
