/** The rows of the file, and the orders that are made of them. */
import { z } from 'zod'

/** Fields of NDJSON have types, those of CSV are text. */
const order = z.object({
  id: z.coerce.number().int().positive(),
  customer: z.coerce.number().int().nonnegative(),
  cents: z.coerce.number().int().nonnegative(),
  at: z.iso.datetime(),
})

const json = z.string().transform((text, ctx): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    ctx.addIssue('no JSON')
    return z.NEVER
  }
})

/** A row as it is read: text of NDJSON, or the record of a CSV. */
export interface Row {
  /** The number of the row in the file, from 1 up. */
  readonly line: number
  readonly row: unknown
}

/** A Standard Schema of a row; its output has an order. */
export const orderRow = z.object({ line: z.number(), row: z.union([json.pipe(order), order]) })

export type OrderRow = z.output<typeof orderRow>

/** An order with the discount of its customer. */
export interface EnrichedRow extends OrderRow {
  readonly percent: number
}
