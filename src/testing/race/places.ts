/**
 * Places: what is read and written. A cell, a property of an object, an entry of a collection. Of each place the engine
 * keeps the last write, the last read, and a few more that are not ordered with it (FastTrack, PLDI 2009).
 */
import type { Snapshot } from './clocks.js'
import type { Stamp } from './frame.js'
import { sites } from './sites.js'
import type { Strand, TaskInfo, Used } from './strand.js'

/** Where an access stands: the number of a site of instrumented code, or a stack; null where none is kept. */
export type Where = number | Stack

/** Holds a stack, whose text is made when it is read; null where none is kept. */
export type Stack = { readonly stack?: string } | null

/** The read is a test whose other outcome the program goes on with: `if (closed) return`, `a ?? b`. */
export const GUARD = 1
/** The section reads and writes the place: JavaScript's atomic add, append, `Set.add`. */
export const UPDATE = 2
/** The result of the update is tested: `--n === 0`. */
export const TESTED = 4
/** The write of a loop's own variable. */
export const LOOP = 8
/** The result of the function comes of the read. */
export const RETURNED = 16
/** The write of the members of a collection adds to them: `push`, a new key. */
export const GROWS = 32
/** It takes from them: `shift`, `splice`, `delete`. */
export const SHRINKS = 64
/** It takes all to the end, and throws that away. */
export const DROPPED = 128
/** It adds or removes a key, whichever others there are: keys and values that come of an iteration do not make it stale. */
export const KEYED = 256
/** The read of the members is that of an iteration, and not of their number. */
export const ITEMS = 512
/** The read of the members is the result of `pop` or `shift`: what was taken is a member no more, and is the taker's own. */
export const TAKEN = 1024
/** The write adds members between others: `unshift`, `splice` with members. */
export const INSERTS = 2048

/** No value, or a value that is not compared. */
export const NONE: unique symbol = Symbol('none')

export class Access {
  chain: number
  clock: number
  section: number
  version = 0
  order = 0
  /** A report or a gap has it: it is not used again. */
  isKept = false
  point: Snapshot | null = null
  held: readonly Used[]
  /** The stack of an access at a site. */
  stack: Stack = null

  // eslint-disable-next-line max-params -- called at each access: a record would be allocated
  constructor(
    readonly strand: Strand,
    readonly did: string,
    public where: Where,
    public flags: number,
    public task: TaskInfo,
  ) {
    this.chain = strand.chain
    this.clock = strand.clock
    this.section = strand.section
    this.held = strand.held
  }

  /** Stands for a later access of the same strand. */
  reuse(where: Where, flags: number, task: TaskInfo): void {
    const { strand } = this
    this.chain = strand.chain
    this.clock = strand.clock
    this.section = strand.section
    this.held = strand.held
    this.where = where
    this.flags = flags
    this.task = task
    this.point = null
    this.stack = null
  }

  /** An access of this strand in its section under way. */
  isIn(strand: Strand): boolean {
    return this.strand === strand && this.section === strand.section && this.clock === strand.clock && this.chain === strand.chain
  }
}

/** A read, and the write of a later section that goes by it. */
export interface Gap {
  readonly read: Stamp
  /** The last wait between the two. */
  readonly wait: Where
  readonly write: Access
  /** How the write goes by the read: `DATA` or `CONTROL`. */
  readonly how: number
}

/** One list for all places: a list is replaced and never changed. */
const none: readonly never[] = []

export class Place {
  /** The number of writes. */
  version = 0
  write: Access | null = null
  read: Access | null = null
  /** Earlier accesses that are not ordered with the last. */
  writes: readonly Access[] = none
  reads: readonly Access[] = none
  gaps: readonly Gap[] = none
  /** The marked reads of one section, which a write in it settles. */
  asked: Stamp[] | null = null
  /** The updates so far, which order an update whose result is tested. */
  updates: readonly Snapshot[] | null = null
  /** The value written last, if it is a primitive. */
  value: unknown = NONE

  constructor(
    readonly id: number,
    /** `account.balance` */
    readonly name: string,
    /** The object or variable that the place belongs to, or a weak reference to it. */
    private readonly _owner: object | null,
    /** The property of the owner. */
    readonly key: unknown,
  ) {}

  /** The owner, whose races the program may accept; null where it is gone. */
  get owner(): object | null {
    return this._owner instanceof WeakRef ? ((this._owner as WeakRef<object>).deref() ?? null) : this._owner // made by `ownerOf`
  }
}

/** Earlier accesses that a place keeps. */
export const MOST_KEPT = 4

/** A collection that holds its keys weakly: it has entries alone. */
export function isWeak(object: object): object is WeakMap<object, unknown> | WeakSet<object> {
  return object instanceof WeakMap || object instanceof WeakSet
}

/** The places of objects. They go with their objects, and with the keys that an object holds weakly. */
export class Places {
  private readonly _byObject = new WeakMap<object, PlacesOfObject>()
  /** Of collections that hold their keys weakly; null before the first. */
  private _byKey: WeakMap<object, WeakMap<object, Place>> | null = null
  private _nextId = 1
  private _lastObject: object | null = null
  private _lastPlaces: PlacesOfObject | null = null

  of(object: object, key: unknown, name: (() => string) | number): Place {
    if (typeof key === 'object' && key !== null && isWeak(object)) return this._ofWeak(object, key, name)
    let places = object === this._lastObject ? this._lastPlaces : (this._byObject.get(object) ?? null)
    if (places === null) {
      places = { owner: ownerOf(object, name), byKey: new Map() }
      this._byObject.set(object, places)
    }
    this._lastObject = object
    this._lastPlaces = places
    let place = places.byKey.get(key)
    if (place === undefined) places.byKey.set(key, (place = this.make(textOf(name, key), places.owner, key)))
    return place
  }

  /** Keeps no object alive: called when a section is over. */
  forget(): void {
    this._lastObject = null
    this._lastPlaces = null
  }

  /** The place goes with its key. */
  private _ofWeak(object: object, key: object, name: (() => string) | number): Place {
    const byKey = (this._byKey ??= new WeakMap<object, WeakMap<object, Place>>())
    let places = byKey.get(object)
    if (places === undefined) byKey.set(object, (places = new WeakMap()))
    let place = places.get(key)
    if (place === undefined) places.set(key, (place = this.make(textOf(name, null), ownerOf(object, name), null)))
    return place
  }

  make(name: string, owner: object | null, key: unknown = null): Place {
    return new Place(this._nextId++, name, owner, typeof key === 'object' || typeof key === 'function' ? null : key)
  }
}

interface PlacesOfObject {
  readonly owner: object
  readonly byKey: Map<unknown, Place>
}

/** Frames of instrumented code keep their reads for long. Those of cells do not, and a run of `explore` makes each cell anew. */
function ownerOf(object: object, name: (() => string) | number): object {
  return typeof name === 'number' ? new WeakRef(object) : object
}

/** A site that reads all properties, `...account`, names the object. */
function textOf(name: (() => string) | number, key: unknown): string {
  if (typeof name !== 'number') return name()
  const text = sites[name].name
  if (!text.startsWith('...') || typeof key !== 'string') return text
  return text === '...' ? key : `${text.slice('...'.length)}.${key}`
}
