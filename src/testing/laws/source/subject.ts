/** A source as the subject of laws, the items that it reads, and a subscriber that takes them. */
import type { Observable } from 'rxjs'
import type { Context } from '../../../runtime/index.js'
import type { LawOptions } from '../law.js'
import { checkedSource, checkLaws } from '../support/arguments.js'
import { numbers } from '../support/assertions.js'
import { AsyncCompanion } from '../support/at-rest.js'
import { Gate } from '../support/gate.js'
import { WatchedContext } from '../support/watched-context.js'

/** Options of `laws.source`. */
export interface SourceLawOptions extends LawOptions {
  /** The most items that the source has taken and not emitted; default 1, the item about to be emitted. */
  readonly bound?: number
  /** Whether items come in order; a function: whether they do in each lane. Default true. */
  readonly ordered?: boolean | ((item: number) => unknown)
  /**
   * Whether each subscriber gets all items from the first on; otherwise the subscribers share the items. Default true.
   */
  readonly cold?: boolean
  /** Whether the source continues by promises: a run then waits for turns of the event loop. Default false. */
  readonly usesPromises?: boolean
  /** A source that emits the items and then fails with `cause`. Without `failing`, the law of errors is left out. */
  readonly failing?: (items: Iterable<number>, cause: Error) => Observable<number>
}

/**
 * `items` counts the items that were read; `ctx` ends when the run is over, for a source that must be stopped from
 * outside.
 */
export type MakeSource = (items: Iterable<number>, ctx: Context) => Observable<number>

export interface SourceSubject {
  readonly bound: number
  readonly isCold: boolean
  readonly ordered: boolean | ((item: number) => unknown)
  /** Items of a long run. */
  readonly many: number
  readonly usesPromises: boolean
  readonly failing: SourceLawOptions['failing'] | null
  make(this: void, items: Iterable<number>, ctx: Context): Observable<number>
}

const MANY = 3_000

export function sourceSubject(make: MakeSource, options: SourceLawOptions): SourceSubject {
  checkLaws('source', make, options)
  const { bound = 1, ordered = true, cold: isCold = true, failing = null, many = MANY, usesPromises = false } = options
  return {
    bound,
    isCold,
    ordered,
    many,
    usesPromises,
    failing: failing === null ? null : (items, cause) => checkedSource(failing(items, cause)),
    make: (items, ctx) => checkedSource(make(items, ctx)),
  }
}

export const MOST_ITEMS = 7

/** Items that count how far they are read. */
export class CountedItems implements Iterable<number> {
  read = 0
  /** Iterators that have neither ended nor been returned. */
  open = 0
  readonly items: readonly number[]

  constructor(n: number) {
    this.items = numbers(n)
  }

  *[Symbol.iterator](): Generator<number, void> {
    this.open++
    try {
      for (const item of this.items) {
        this.read++
        yield item
      }
    } finally {
      this.open--
    }
  }
}

/** A source under test with its surroundings, from the start of a run to its end. */
export class TestSource {
  readonly items: CountedItems
  readonly source: Observable<number>
  private readonly _companion: AsyncCompanion
  private readonly _over = new WatchedContext()

  constructor({ make, usesPromises }: SourceSubject, n: number) {
    this._companion = new AsyncCompanion(usesPromises)
    this.items = new CountedItems(n)
    this.source = make(this.items, this._over)
  }

  /** Asserts that nothing is left but the law. */
  *atRest(): Generator<never, void> {
    yield* this._companion.atRest()
  }

  end(): void {
    this._over.end(undefined)
    this._companion.end()
  }

  /** Ends the source from outside, and asserts that nothing is left. */
  *endAtRest(): Generator<never, void> {
    this._over.end(undefined)
    yield* this._companion.atRest()
    this._companion.end()
  }
}

/** Subscribes, waits for the end, and returns all items. */
export function* takeRest(source: Observable<number>): Generator<never, number[]> {
  const got: number[] = []
  const over = new Gate('the end of the source')
  source.subscribe({ next: (item) => got.push(item), complete: () => over.open() })
  yield* over
  return got
}
