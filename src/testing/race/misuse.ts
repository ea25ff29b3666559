/**
 * Misuses of channels and wait groups, as races of made-up places (as in Go's runtime): a close beside a send that is not
 * ordered with it; an `add` from zero beside a `wait`; and a `done` that no `add` comes before. A schedule in which they
 * meet panics; this rule needs no such schedule.
 */
import type { Accesses, Reporting } from './accesses.js'
import { covers } from './clocks.js'
import { Access, MOST_KEPT, type Place, type Places } from './places.js'
import type { Strand } from './strand.js'
import type { Thing } from './thing.js'

/** The accesses of a made-up place: close and wait write, send and add read. */
export interface MadeUp {
  readonly place: Place
  writes: readonly Access[]
  reads: readonly Access[]
}

export class Misuse {
  constructor(
    private readonly _places: Places,
    private readonly _accesses: Accesses,
    private readonly _to: Reporting,
  ) {}

  closes(channel: object, thing: Thing, strand: Strand): void {
    if (thing.isLeft) return
    const it = this._of(channel, thing, 'channel')
    const close = this._access(strand, 'close')
    this._compare(it, [...it.writes, ...it.reads], close)
    it.writes = kept(it.writes, close)
  }

  sends(channel: object, thing: Thing, strand: Strand): void {
    const it = this._of(channel, thing, 'channel')
    const last = it.reads.at(-1)
    if (last?.isIn(strand) === true) return
    const send = last?.strand === strand ? this._again(last) : this._access(strand, 'send')
    this._compare(it, it.writes, send)
    if (send !== last || it.reads.length > 1) it.reads = kept(it.reads, send)
  }

  adds(thing: Thing, strand: Strand): void {
    const adds = thing.adds ?? []
    const point = strand.snapshot()
    if (!adds.some((one) => covers(point, one) && one.chain === point.chain)) thing.adds = [...adds, point]
  }

  addsFirst(group: object, thing: Thing, strand: Strand): void {
    this.adds(thing, strand)
    const it = this._of(group, thing, 'wait group')
    const add = this._access(strand, 'add from zero')
    this._compare(it, it.writes, add)
    it.reads = kept(it.reads, add)
  }

  waits(group: object, thing: Thing, strand: Strand): void {
    const it = this._of(group, thing, 'wait group')
    const wait = this._access(strand, 'wait')
    this._compare(it, it.reads, wait)
    it.writes = kept(it.writes, wait)
  }

  isDone(group: object, thing: Thing, strand: Strand): void {
    const { adds } = thing
    if (adds === null || adds.some((one) => strand.sees(one))) return
    const done = this._access(strand, 'done')
    if (!this._accesses.concerns(done, done)) return
    const { place } = this._of(group, thing, 'wait group')
    this._to.report({
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
    if (others.length === 0) return // the most common
    const first = others.find((one) => !second.strand.sees(one) && this._accesses.concerns(one, second))
    if (first === undefined) return
    first.isKept = second.isKept = true
    const text = `${second.did} and ${first.did} on one ${it.place.name}, and nothing orders the two`
    this._to.report({ rule: 'misuse', place: it.place, first, second, read: null, wait: null, isSeen: true, text })
  }

  private _of(object: object, thing: Thing, name: string): MadeUp {
    return (thing.madeUp ??= { place: this._places.make(name, object), writes: [], reads: [] })
  }

  private _access(strand: Strand, did: string): Access {
    return new Access(strand, did, this._to.whereOf(did), 0, strand.task)
  }

  /** The next access of the strand that made the last one of its list; the list keeps one of a strand. */
  private _again(last: Access): Access {
    const { strand, did } = last
    if (last.isKept) return this._access(strand, did)
    last.reuse(this._to.whereOf(did), 0, strand.task)
    return last
  }
}

/** The list with this access, without those that it has seen. */
function kept(list: readonly Access[], access: Access): readonly Access[] {
  return [...list.filter((one) => !access.strand.sees(one)).slice(1 - MOST_KEPT), access]
}
