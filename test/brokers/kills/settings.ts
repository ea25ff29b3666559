/** What a worker of the kill matrix is told. */
export interface WorkerSettings {
  readonly engine: 'nats' | 'postgres' | 'redis' | 'redis cluster' | 'kafka'
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
  /** The messages that a worker of the matrix works on at a time. */
  readonly atOnce: number
  /** SIGQUIT prints the goroutines of the worker, for a run that is late. */
  readonly dumps: boolean
  /** Default: none. */
  readonly fault?: Fault
}

/** What a worker does wrong, so that a row is seen to fail: see `faults.test.ts`. */
export type Fault =
  /** Messages are settled before their effect. */
  | 'settles-first'
  /** Messages are settled, whether the server has stored their effect or not. */
  | 'drops-refusals'
  /** Messages are settled, also where their effect has not reached the server within 600 ms. */
  | 'drops-late'
  /** The requests of an owner have an effect also after another process has taken the partition over. */
  | 'ignores-takeovers'
  /** SIGTERM ends the process at once. */
  | 'ends-at-once'

/** A line of a worker: the first message of an ownership of a partition has come. */
export const TAKES_OVER = 'takes over'
/** A line of a worker: it has begun work on 25 further messages. */
export const WORKS = 'works'
