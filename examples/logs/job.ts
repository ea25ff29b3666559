import type { Clients, Networks } from './services.js'
import type { Tables } from './tables.js'

/** What either program is given. */
export interface Job {
  readonly batches: AsyncIterableIterator<readonly string[]>
  readonly workers: number
  readonly networks: Networks
  readonly clients: Clients
  readonly tables: Tables
}
