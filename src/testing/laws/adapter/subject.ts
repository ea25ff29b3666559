/** An adapter as the subject of laws: items go in at one end and come out at the other, in real time. */
import { checkCount, checkFlag, checkFunction, checkRecord, mistyped } from '../../../runtime/internal.js'
import type { Context } from '../../../runtime/index.js'
import { pause } from './real-time.js'

/**
 * Opens the adapter: everything that `source` yields goes through it and comes out of the result. The end of `ctx` ends
 * the adapter, and so does a loop that leaves the result.
 */
export type OpenAdapter<T> = (source: AsyncIterable<T>, ctx: Context) => AsyncIterable<T>

/** Destroys an adapter with the error, or returns a test of the error that comes out instead. */
export type DestroyAdapter = (error: Error) => ((seen: unknown) => boolean) | undefined

/** Options of `laws.adapter`. */
export interface AdapterLawOptions<T = number> {
  /** The most items that the adapter has read and its reader has not taken. Infinity: its source does not wait, as an emitter. */
  readonly bound: number
  /** Returns item `n`; default: the number, or 16 kB with `bytes`. */
  readonly item?: (n: number) => T
  /** Items are Uint8Arrays, which the adapter may join, cut, and decode as text in UTF-8. Default false. */
  readonly bytes?: boolean
  /** Items may be any value but undefined and null. Default false. */
  readonly objects?: boolean
  /**
   * Destroys the last adapter that was opened, from outside and in the middle: its stream, socket or process. Returns a test of the
   * error that comes out, where it is not the error that was passed: a socket that is reset has one of its own.
   */
  readonly destroy?: DestroyAdapter
  /** Descriptors, sockets and listeners that are open: counted before and after each run. */
  readonly resources?: () => number
  /** The longest time of a run, and until its resources are freed, in ms; default 5,000. */
  readonly longest?: number
  /** Items of a run; default 100. */
  readonly many?: number
  /** Laws that the border cannot keep, by name, each with the reason: no law of them is returned. */
  readonly except?: Readonly<Record<string, string>>
}

export interface AdapterSubject<T = unknown> {
  /** The name of `open`, for messages. */
  readonly name: string
  readonly open: OpenAdapter<T>
  readonly bound: number
  readonly isBytes: boolean
  readonly takesObjects: boolean
  readonly many: number
  readonly longest: number
  readonly item: (n: number) => T
  readonly destroy: DestroyAdapter | undefined
  readonly resources: () => number
  /** The sources of the run under way. */
  readonly sources: WorldSource<unknown>[]
}

/** A law of adapters. */
export interface AdapterRecord {
  readonly name: string
  readonly meaning: string
  /** Default: every adapter. */
  readonly appliesTo?: (subject: AdapterSubject) => boolean
  readonly program: (subject: AdapterSubject) => Promise<void>
}

/** Bytes of an item of a suite with `bytes`. */
export const CHUNK = 16_384

const OPTIONS = ['bound', 'bytes', 'destroy', 'except', 'item', 'longest', 'many', 'objects', 'resources']

export function adapterSubject<T>(open: OpenAdapter<T>, options: AdapterLawOptions<T>): AdapterSubject<T> {
  checkFunction('laws.adapter(open)', open)
  checkRecord('laws.adapter(open, options)', 'an object', options, OPTIONS)
  const { bound, bytes: isBytes = false, objects: takesObjects = false, many = 100, longest = 5_000 } = options
  const { resources = () => 0, destroy } = options
  if (bound !== Infinity) checkCount('laws.adapter(open, { bound })', 0, bound)
  checkCount('laws.adapter(open, { many })', 1, many)
  checkCount('laws.adapter(open, { longest })', 1, longest)
  checkFlag('laws.adapter(open, { bytes })', isBytes)
  checkFlag('laws.adapter(open, { objects })', takesObjects)
  checkFunction('laws.adapter(open, { resources })', resources)
  if (destroy !== undefined) checkFunction('laws.adapter(open, { destroy })', destroy)
  const plain = (n: number): unknown => (isBytes ? new Uint8Array(CHUNK).fill(n) : n)
  const { item = plain as (n: number) => T } = options // the type of the items says which
  checkFunction('laws.adapter(open, { item })', item)
  return {
    name: open.name === '' ? 'the adapter' : open.name,
    bound,
    isBytes,
    takesObjects,
    many,
    longest,
    item,
    destroy,
    sources: [],
    open: (source, ctx) =>
      checked(open(source, ctx), (it) => typeof it?.[Symbol.asyncIterator] === 'function', 'open returns', 'an async iterable'),
    resources: () => checked(resources(), (n) => typeof n === 'number' && n >= 0, 'resources returns', 'a number from 0 up'),
  }
}

/** A function of the user may return anything. */
function checked<V>(value: V, isExpected: (value: V) => boolean, what: string, expected: string): V {
  if (!isExpected(value)) throw mistyped(`laws.adapter(open): ${what}`, expected, value)
  return value
}

/** Items, or reads, after which the host may go on. */
export const TURN = 256
/** Items of an endless source beyond those that a right adapter reads. */
const SPARE = 4096

/** The items of a run, which count how far they are read. */
export class WorldSource<T> implements AsyncIterable<T> {
  read = 0
  /** Iterators that have neither ended nor been returned. */
  open = 0
  private _isOver = false

  constructor(
    { many, bound, sources }: AdapterSubject,
    private readonly _items: () => AsyncIterable<T> | Iterable<T>,
    /** The source ends after these items: an adapter that has read them reads without end. */
    readonly most = many + (bound === Infinity ? 0 : 2 * bound) + SPARE,
  ) {
    sources.push(this)
  }

  /** The run is over: whatever still reads the source sees its end. */
  stop(): void {
    this._isOver = true
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    this.open++
    try {
      for await (const item of this._items()) {
        if (this._isOver || ++this.read > this.most) return
        if (this.read % TURN === 0) await pause()
        yield item
      }
    } finally {
      this.open--
    }
  }
}

/** The items of a run, `n` of them, and then `end`. */
export function worldOf(subject: AdapterSubject, n: number, end?: () => Promise<void>): WorldSource<unknown> {
  const items = async function* (): AsyncGenerator<unknown, void> {
    for (let i = 0; i < n; i++) yield subject.item(i)
    await end?.()
  }
  return new WorldSource(subject, items, n === Infinity ? undefined : Infinity)
}

/** The first `n` items. */
export function itemsOf({ item }: AdapterSubject, n: number): unknown[] {
  return Array.from({ length: n }, (_, i) => item(i))
}
