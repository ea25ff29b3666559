/**
 * The order port of a run: from the events of the primitives to the clocks of strands.
 *
 * Channels, as in Go's memory model: a send comes before its receive; the receive of an unbuffered channel before the end of
 * the send; with capacity C, the k-th receive before the end of the (k+C)-th send; a close before a receive that finds it.
 */
import type { Observed } from '../../runtime/index.js'
import type { Order } from '../../runtime/internal.js'
import type { Accesses } from './accesses.js'
import { merged, type Snapshot } from './clocks.js'
import type { Misuse } from './misuse.js'
import { Strand } from './strand.js'
import { rootOf, type Strands } from './strands.js'
import { Thing } from './thing.js'

type Release = Parameters<Order['release']>[1]
type Acquire = Parameters<Order['acquire']>[1]

interface Buffered {
  readonly capacity: number
}

export class Edges implements Order {
  private readonly _things = new WeakMap<object, Thing>()

  constructor(
    private readonly _strands: Strands,
    private readonly _misuse: Misuse,
    private readonly _accesses: Accesses,
    /** Level `go`: a release counts from its point and not from the end of its section. */
    private readonly _byPoint: boolean,
  ) {}

  spawn(goroutine: Observed): void {
    const by = this._strands.acting()
    this._strands.spawn(goroutine, by, this._accesses.order)
    this._released(by)
  }

  border(): void {
    this._strands.border()
  }

  suspends(goroutine: Observed): void {
    this._strands.suspends(goroutine)
  }

  parks(waiter: object): void {
    this._strands.parks(waiter)
  }

  wake(waiter: object): void {
    this._strands.wake(waiter)
  }

  cancel(goroutine: Observed): void {
    const by = this._strands.acting()
    this._strands.of(goroutine)?.join(by.snapshot())
    this._released(by)
  }

  end(goroutine: Observed): void {
    const strands = this._strands
    const strand = strands.of(goroutine)
    if (strand === null) return
    strands.leaves(goroutine, strand)
    this._release(this._thing(goroutine), 'end', strand)
    if (strand.section > 0) strands.clocks.free(strand.chain)
  }

  within(whose: object, f: () => void): void {
    this._strands.within(whose, f)
  }

  mark(): object {
    return this._strands.mark()
  }

  put(channel: object, by: object | null): void {
    const thing = this._thing(channel)
    const room = this._roomFor(channel, thing)
    if (by !== null) {
      if (room !== null) this._strands.joinTo(by, room)
      thing.sent.push(this._strands.pointOf(by))
      return
    }
    const strand = this._strands.acting()
    strand.uses(thing.name)
    if (room !== null) strand.join(room)
    thing.sent.push(strand.snapshot())
    this._released(strand)
  }

  took(channel: object): void {
    const thing = this._thing(channel)
    const strand = this._strands.acting()
    strand.uses(thing.name)
    const sent = thing.sent.shift() ?? null
    if (sent !== null) strand.join(sent)
    if (capacityOf(channel) > 0) thing.received.push(strand.snapshot())
  }

  met(channel: object, waiter: object, isSender: boolean): void {
    const strands = this._strands
    const thing = this._thing(channel)
    const strand = strands.acting()
    strand.uses(thing.name)
    const other = strands.waiting(waiter)
    if (other instanceof Strand) other.uses(thing.name)
    const theirs = other?.snapshot() ?? strands.host().snapshot()
    if (capacityOf(channel) > 0) {
      const room = this._roomFor(channel, thing)
      if (room !== null) strand.join(room)
      thing.received.push(theirs)
    }
    const mine = strand.snapshot()
    if (isSender || capacityOf(channel) === 0) strand.join(theirs)
    other?.join(mine)
    this._released(strand)
  }

  lost(channel: object): void {
    const thing = this._thing(channel)
    thing.sent.shift()
    thing.received.push(null)
  }

  /** Its sender is not known any more: the value comes after all that has been. */
  returned(channel: object, index: number, receiver: object | null): void {
    const point = this._strands.host().snapshot()
    if (receiver !== null) return this._strands.joinTo(receiver, point)
    const thing = this._thing(channel)
    thing.sent.splice(index, 0, point)
    thing.received.pop()
  }

  /** The receive that made room for the next send; null for the first sends, which need none. */
  private _roomFor(channel: object, thing: Thing): Snapshot | null {
    return thing.sends++ < capacityOf(channel) ? null : (thing.received.shift() ?? null)
  }

  release(object: object, how: Release): void {
    const thing = this._thing(object)
    const strand = this._strands.acting()
    if (how === 'close') this._misuse.closes(object, thing, strand)
    else if (how === 'leave') thing.isLeft = true
    else if (how === 'add') this._misuse.adds(thing, strand)
    else if (how === 'first add') this._misuse.addsFirst(object, thing, strand)
    else if (how === 'done') this._misuse.isDone(object, thing, strand)
    this._release(thing, how, strand)
    this._released(strand)
  }

  private _release(thing: Thing, how: Release, strand: Strand): void {
    const point = strand.snapshot()
    strand.uses(thing.name)
    if (how === 'unlock' || how === 'rUnlock' || how === 'permit') letGo(thing, strand)
    if (how === 'unlock') thing.released = [point]
    else if (how === 'rUnlock') thing.readers = merged(thing.readers, point)
    else thing.released = merged(thing.released, point)
  }

  acquire(object: object, how: Acquire, by: object | null = null): void {
    const strands = this._strands
    if (how === 'quiescence') return strands.joinTo(by as object, strands.host().snapshot()) // a waiter waits for it
    const thing = this._thing(object)
    if (how === 'send') return this._misuse.sends(object, thing, strands.acting())
    if (how === 'begin wait' || how === 'wait') this._misuse.waits(object, thing, strands.acting())
    if (how === 'begin wait') return
    const points = how === 'lock' ? [...thing.released, ...thing.readers] : thing.released
    if (how === 'lock') thing.readers = []
    const strand = by === null ? strands.current() : strands.of(rootOf(by))
    if (strand === null)
      for (const point of points) strands.joinTo(by as object, point) // a strand runs
    else {
      for (const point of points) strand.join(point)
      strand.uses(thing.name)
    }
    if (strand !== null && (how === 'lock' || how === 'rLock' || how === 'permit')) {
      strand.held = [...strand.held, thing.name]
      thing.holders.push(strand)
    }
  }

  entry(object: object, key: unknown, writes: boolean): void {
    const thing = this._thing(object)
    const entries = (thing.entries ??= new Map<unknown, readonly Snapshot[]>())
    const strand = this._strands.acting()
    strand.uses(thing.name)
    for (const point of entries.get(key) ?? []) strand.join(point)
    if (!writes) return
    entries.set(key, [strand.snapshot()])
    this._released(strand)
  }

  private _released(strand: Strand): void {
    if (this._byPoint) strand.tick()
  }

  private _thing(object: object): Thing {
    let thing = this._things.get(object)
    if (thing === undefined) this._things.set(object, (thing = new Thing(object)))
    return thing
  }
}

/** A lock may be given back by another goroutine than its holder. */
function letGo(thing: Thing, strand: Strand): void {
  const index = Math.max(0, thing.holders.indexOf(strand))
  const [holder] = thing.holders.splice(index, 1)
  if (holder === undefined) return
  const at = holder.held.indexOf(thing.name)
  if (at >= 0) holder.held = holder.held.toSpliced(at, 1)
}

function capacityOf(channel: object): number {
  return (channel as Buffered).capacity // the port reports channels only
}
