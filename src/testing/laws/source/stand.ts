/** A source under its laws, the items that it reads, and who takes them. */
import type { Observable } from 'rxjs'
import type { Context } from '../../../runtime/index.js'
import type { LawOptions } from '../support/law.js'
import { Parking } from '../support/parking.js'
import { numbers } from '../support/verdicts.js'

export type MakeFailing = (items: Iterable<number>, cause: Error) => Observable<number>

export interface SourceStand {
  readonly options: LawOptions
  readonly bound: number
  readonly isCold: boolean
  readonly many: number
  readonly usesPromises: boolean
  made(this: void, items: Iterable<number>, ctx: Context): Observable<number>
}

export const MOST_ITEMS = 7

/** ms after which all has happened that could. */
export const LATER = 60_000

/** Items, and how far they were read. */
export class Reading implements Iterable<number> {
  read = 0
  /** Iterators that are neither at their end nor were given back. */
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

/** Waits for the end of a subscriber who takes all that is still to come. */
export function* takeRest(source: Observable<number>): Generator<never, number[]> {
  const got: number[] = []
  const over = new Parking('the end of the source')
  source.subscribe({ next: (item) => got.push(item), complete: () => over.open() })
  yield* over
  return got
}
