/** A function in each of the three ways a goroutine may be written; all of them do the same. */
import type { Body } from 'millrace'

export interface Kind {
  readonly kind: 'generator' | 'async' | 'plain'
  /** A body that does what `f` does: its result, or its throw. */
  readonly of: <A extends readonly unknown[], R>(f: (...args: A) => R) => Body<A, R>
}

export const kinds: readonly Kind[] = [
  {
    kind: 'generator',
    of: (f) =>
      function* (...args) {
        return f(...args)
      },
  },
  {
    kind: 'async',
    of:
      (f) =>
      async (...args) =>
        f(...args),
  },
  { kind: 'plain', of: (f) => f },
]
