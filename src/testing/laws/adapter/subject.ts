/** An adapter as the subject of laws: items go in at one end and come out at the other, in real time. */
import { checkCount, checkFlag, checkFunction, checkRecord } from '../../../runtime/internal.js'
import type { Context } from '../../../runtime/index.js'

/**
 * Opens the adapter: everything that `source` yields goes through it and comes out of the result. The end of `ctx` ends
 * the adapter, and so does a loop that leaves the result.
 */
export type OpenAdapter<T> = (source: AsyncIterable<T>, ctx: Context) => AsyncIterable<T>

/** Options of `laws.adapter`. */
export interface AdapterLawOptions<T = number> {
  /** The most items that the adapter has read and its reader has not taken. */
  readonly bound: number
  /** Returns item `n`; default: the number, or 16 kB with `bytes`. */
  readonly item?: (n: number) => T
  /** Items are Uint8Arrays, which the adapter may join and cut. Default false. */
  readonly bytes?: boolean
  /** Descriptors, sockets and listeners that are open: counted before and after each run. */
  readonly resources?: () => number
  /** Items of a run; default 100. */
  readonly many?: number
}

export interface AdapterSubject<T = unknown> {
  readonly open: OpenAdapter<T>
  readonly bound: number
  readonly isBytes: boolean
  readonly many: number
  readonly item: (n: number) => T
  readonly resources: () => number
}

/** Bytes of an item of a suite with `bytes`. */
export const CHUNK = 16_384

export function adapterSubject<T>(open: OpenAdapter<T>, options: AdapterLawOptions<T>): AdapterSubject<T> {
  checkFunction('laws.adapter(open)', open)
  checkRecord('laws.adapter(open, options)', 'an object', options, ['bound', 'bytes', 'item', 'many', 'resources'])
  const { bound, bytes: isBytes = false, many = 100, resources = () => 0 } = options
  checkCount('laws.adapter(open, { bound })', 0, bound)
  checkCount('laws.adapter(open, { many })', 1, many)
  checkFlag('laws.adapter(open, { bytes })', isBytes)
  checkFunction('laws.adapter(open, { resources })', resources)
  const plain = (n: number): unknown => (isBytes ? new Uint8Array(CHUNK).fill(n) : n)
  const { item = plain as (n: number) => T } = options // the type of the items says which
  checkFunction('laws.adapter(open, { item })', item)
  return { open, bound, isBytes, many, item, resources }
}

/** The items of a run, which count how far they are read. */
export class WorldSource<T> implements AsyncIterable<T> {
  read = 0
  /** Iterators that have neither ended nor been returned. */
  open = 0

  constructor(private readonly _items: () => AsyncIterable<T> | Iterable<T>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    this.open++
    try {
      for await (const item of this._items()) {
        this.read++
        yield item
      }
    } finally {
      this.open--
    }
  }
}
