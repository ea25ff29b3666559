/** The task that each of the three programs is given. */
import type { Store } from './store.js'

export interface Job {
  /** A gzipped file, `.ndjson.gz` or `.csv.gz`. */
  readonly path: string
  /** The origin of the host that knows the discounts. */
  readonly origin: string
  /** Requests to the host: at once, and a second. */
  readonly workers: number
  readonly rate: number
  /** Orders of a request, and requests whose orders are saved together. */
  readonly perRequest: number
  readonly perBatch: number
  readonly store: Store
  /** Called after each batch. `left`: the estimated ms to the end, where that is known. */
  readonly report: (left: number | null) => void
  /** Batches of the file, where that is known. */
  readonly batches: number | undefined
}
