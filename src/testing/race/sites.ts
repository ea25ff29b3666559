/** The sites of instrumented code: reads and writes by number. One table in the process, for all copies of the package. */
import { shared } from '../../runtime/internal.js'

/** A read or a write in the source. */
export interface Site {
  readonly file: string
  readonly line: number
  readonly column: number
  /** The function that it stands in. */
  readonly fn: string
  /** The place in words: `account.balance`. */
  readonly name: string
  /** The line of code. */
  readonly code?: string
}

export const sites = shared<Site[]>('millrace.race-sites.v1', () => [])

/** Adds the sites of a module; returns the number of the first. */
export function addSites(table: readonly Site[]): number {
  const first = sites.length
  for (const site of table) sites.push(site)
  return first
}
