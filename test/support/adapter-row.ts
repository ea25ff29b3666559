/** An adapter as the tables of adapters list it: the exports that it covers, and its laws. */
import { withCancel, type Context } from 'millrace'
import { toReceiver } from 'millrace/operators'
import { laws, type AdapterLawOptions, type Law, type OpenAdapter } from 'millrace/testing'
import type { Observable } from 'rxjs'
import { describe, it } from 'vitest'

export interface AdapterRow {
  /** Exports that the items pass through. */
  readonly covers: readonly string[]
  readonly laws: readonly Law[]
}

export type AdapterTable = Readonly<Record<string, AdapterRow>>

export function row<T>(covers: readonly string[], open: OpenAdapter<T>, options: AdapterLawOptions<T>): AdapterRow {
  return { covers, laws: laws.adapter<T>(open, { longest: 60_000, ...options }) } // on a busy machine
}

/** The items of a pipeline, which ends when the reader leaves. */
export async function* read<T>(pipeline: Observable<T>, outer: Context): AsyncGenerator<T> {
  const ctx = withCancel(outer)
  try {
    yield* { [Symbol.asyncIterator]: () => toReceiver(pipeline, { capacity: 0, ctx })[Symbol.asyncIterator]() }
  } finally {
    ctx.cancel()
  }
}

export function checkAll(table: AdapterTable): void {
  for (const [name, row] of Object.entries(table))
    describe(name, () => {
      it.each(row.laws)('$name: $meaning', (law) => law.check())
    })
}
