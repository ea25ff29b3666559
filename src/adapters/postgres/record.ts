/** A row of `message`, as drivers read it. */
import type { Row } from './client.js'

/** The columns of a message; numbers of 64 bits come as such. */
export const columns = (alias: string): string =>
  `${alias}."offset"::float8 as "offset", ${alias}.key, ${alias}.value, ${alias}.headers, ${alias}.attempt, extract(epoch from ${alias}.stored_at)::float8 * 1000 as time`

export interface MessageRow {
  readonly offset: number
  readonly key: string | null
  readonly value: unknown
  readonly headers: ReadonlyMap<string, string>
  readonly attempt: number
  readonly time: number
}

type Columns = Omit<MessageRow, 'headers'> & { readonly headers: Readonly<Record<string, string>> }

export function messageOf(row: Row): MessageRow {
  const { offset, key, value, headers, attempt, time } = row as unknown as Columns // of `columns`
  return { offset, key, value, headers: new Map(Object.entries(headers)), attempt, time }
}
