/** An item whose work failed, as `catchTo` sends it on. */
export interface DeadLetter<T = unknown> {
  readonly value: T
  /** What its work threw. */
  readonly cause: unknown
  /** The stage it failed in. */
  readonly stage: string
  /** How many items had come to that stage before it. */
  readonly position: number
}
