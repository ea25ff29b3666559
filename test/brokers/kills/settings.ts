/** What a worker of the kill matrix is told. */
export interface WorkerSettings {
  readonly engine: 'nats' | 'postgres' | 'redis' | 'kafka'
  readonly host: string
  readonly port: number
  readonly use: 'log' | 'queue'
  readonly partitions: number
  /** The most messages of a partition, or of the queue, that are delivered and not settled. */
  readonly window: number
  /** ms. */
  readonly lease: number
  /** The messages of `out` have ids. */
  readonly hasIds: boolean
  /** The work on a message takes 0 to `longest` ms. */
  readonly longest: number
}

/** A line of a worker: the first message of an ownership of a partition has come. */
export const TAKES_OVER = 'takes over'
