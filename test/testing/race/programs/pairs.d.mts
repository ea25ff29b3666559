export interface Pair {
  readonly name: string
  readonly racy: () => Promise<unknown>
  readonly fixed: () => Promise<unknown>
  /** Reported at level `all` only. */
  readonly onlyAll?: true
}
export const pairs: Pair[]
